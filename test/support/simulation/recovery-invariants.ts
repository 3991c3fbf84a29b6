import type { Client } from './client.ts';
import type { Broken } from './invariants.ts';
import type { Simulation } from './simulation.ts';

/** A reader that has asked for what it missed has it all, from where it stood on, or is told so and nothing else. */
export function checkRecovery(
  simulation: Simulation,
  channel: string,
  connection: string,
  client: Client,
  broken: Broken,
): void {
  for (const frame of client.frames) {
    for (const told of frame) {
      if (told.type !== 'subscribed' || told.channel !== channel) continue;
      const since = simulation.requests.get(String(told.id))?.since;
      if ((since === undefined) !== (told.recovered === undefined)) {
        broken(`${connection}: was told of what it missed, without asking, or has asked and was not told`);
      }
      if (since === undefined) continue;
      if (told.recovered && told.offset !== since.offset) {
        broken(`${connection}: asked since ${since.offset}, and was answered from ${told.offset} on`);
      }
      if (told.recovered === false && frame.length > 1) broken(`${connection}: has not recovered, and was sent a part`);
      const asked = simulation.events.find(({ event }) => event.type === 'subscribe' && event.id === told.id);
      const removed = removedWhen(simulation, channel, asked?.seq);
      if (told.recovered && since.offset < removed) broken(`${connection}: recovered what had been removed`);
    }
  }
}

/** A removal takes out what was published before it, and nothing that came after it. */
export function checkRemoval(simulation: Simulation, channel: string, broken: Broken): void {
  const { removed } = simulation.headOf(channel);
  const due = removedWhen(simulation, channel);
  if (removed !== due) broken(`${channel}: ${removed} messages are removed, and it should be ${due}`);
}

/** How many messages had been removed when an event had its turn, or in the end. */
function removedWhen(simulation: Simulation, channel: string, seq = '~'): number {
  const { events, parked, log } = simulation;
  const isDone = (item: (typeof events)[number]) => !parked.some((one) => one.seq === item.seq);
  const removal = events.findLast(
    (item) => item.event.type === 'removeHistory' && item.event.channel === channel && item.seq < seq && isDone(item),
  );
  if (!removal) return 0;
  const rows = [...(log.logs.get(`${channel} ${simulation.headOf(channel).epoch}`)?.values() ?? [])];
  return Math.max(0, ...rows.filter((row) => row.seq < removal.seq).map(({ offset }) => offset));
}
