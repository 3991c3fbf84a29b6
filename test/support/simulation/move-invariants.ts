import { optionsOf } from '../../../lambdas/chat/channel.ts';
import type { Broken } from './invariants.ts';
import type { Simulation } from './simulation.ts';

/**
 * Who reads a channel knows who else does, as far as they came and went while it was there: what it was told last of
 * somebody is a join where he is there, and a leave where he is not.
 */
export function checkMoves(simulation: Simulation, channel: string, broken: Broken): void {
  if (!optionsOf(simulation.namespaces, channel).joinLeave) return;
  const rows = simulation.subscriptions.rows.get(channel) ?? new Map();
  const cameAt = (connection: string) =>
    simulation.events.findLast(({ event }) => event.type === 'subscribe' && event.connection === connection)?.seq ?? '';
  const leftAt = (connection: string) =>
    simulation.events.find(
      ({ event }) => (event.type === 'unsubscribe' || event.type === 'leave') && event.connection === connection,
    )?.seq ?? '';
  for (const [connection, client] of simulation.clients) {
    const row = rows.get(connection);
    if (!client.open || !row || row.cut) continue;
    for (const other of simulation.clients.keys()) {
      if (other === connection) continue;
      const told = client.told.filter(({ type, user }) => (type === 'join' || type === 'leave') && user === other);
      const last = told.at(-1)?.type;
      const isHere = rows.has(other);
      if (isHere && last === 'leave') broken(`${connection}: was told that ${other} has left, who is there`);
      if (!isHere && last === 'join') broken(`${connection}: was not told that ${other} has left`);
      const wasHere = simulation.thereFromTheStart.has(`${channel} ${other}`);
      if (!isHere && last === undefined && wasHere && leftAt(other) > cameAt(connection)) {
        broken(`${connection}: was not told that ${other} has left`);
      }
      if (isHere && last === undefined && cameAt(other) > cameAt(connection)) {
        broken(`${connection}: was not told that ${other} has come`);
      }
    }
  }
}
