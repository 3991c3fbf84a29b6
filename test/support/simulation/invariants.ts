import { optionsOf } from '../../../lambdas/chat/channel.ts';
import { hasHistory } from '../../../lambdas/chat/namespace.ts';
import type { Publication } from '../../../lambdas/chat/ports.ts';
import type { Client } from './client.ts';
import { checkMoves } from './move-invariants.ts';
import { checkRecovery, checkRemoval } from './recovery-invariants.ts';
import type { Simulation } from './simulation.ts';

/** Throws, with what happened, where a run has left something that the invariants of docs/architecture.md forbid. */
export function checkInvariants(simulation: Simulation): void {
  const broken = (why: string): never => {
    throw new Error(`${why}\n${simulation.trace.slice(-60).join('\n')}`);
  };
  const { events, poison, parked } = simulation;
  if (simulation.refusals.length > 0) broken(`a function failed: ${simulation.refusals}`);
  if (simulation.removedAndSent.length > 0) broken(`what had been removed was sent: ${simulation.removedAndSent}`);
  if (simulation.channelQueue.counts().visible + simulation.channelQueue.counts().inFlight > 0)
    broken('events wait for ever');

  const isPoisoned = ({ event }: (typeof events)[number]) =>
    poison.has(
      'id' in event && event.type === 'publish' ? event.id : 'connection' in event ? String(event.connection) : '',
    );
  const isParked = ({ seq, event }: (typeof events)[number]) =>
    parked.some((item) => item.seq === seq && item.event.channel === event.channel);
  const innocent = events.filter((item) => isParked(item) && !isPoisoned(item));
  const bugged = simulation.throws > 0 && innocent.length === 1;
  if (innocent.some(({ deaths }) => deaths < 2) && !bugged)
    broken(`innocent events were parked: ${JSON.stringify(innocent)}`);
  const poisonedChannels = new Set(events.filter(isPoisoned).map(({ event }) => event.channel));
  for (const { event, deaths } of events) {
    if (!poisonedChannels.has(event.channel) && deaths > 1 + simulation.deaths) {
      broken(`${event.type} of ${event.channel} was held up ${deaths} times by what is wrong with another channel`);
    }
  }

  const channels = new Set([...events.map(({ event }) => event.channel), ...simulation.log.heads.keys()]);
  for (const channel of channels) {
    if (!hasHistory(optionsOf(simulation.namespaces, channel))) {
      for (const [connection, client] of simulation.clients)
        checkOrder(simulation, channel, connection, client, broken);
      continue;
    }
    checkLog(simulation, channel, isParked, broken);
    checkRemoval(simulation, channel, broken);
    checkMoves(simulation, channel, broken);
    for (const [connection, client] of simulation.clients) {
      checkReader(simulation, channel, connection, client, broken);
      checkRecovery(simulation, channel, connection, client, broken);
    }
  }
  for (const id of simulation.connections.records.keys()) {
    if (!simulation.clients.get(id)?.open) broken(`${id} is gone, and its record stays`);
  }
}

/** Throws what was found. */
export type Broken = (why: string) => never;

function checkLog(
  simulation: Simulation,
  channel: string,
  isParked: (item: Simulation['events'][number]) => boolean,
  broken: Broken,
): void {
  const head = simulation.headOf(channel);
  const log = simulation.log.logs.get(`${channel} ${head.epoch}`);
  const rows = Array.from({ length: head.offset }, (_, i) => log?.get(i + 1));
  if (rows.includes(undefined)) broken(`${channel}: a hole in the log at ${rows.indexOf(undefined) + 1}`);
  const seqs = rows.map((row) => String(row?.seq));
  if (seqs.some((seq, i) => i > 0 && seq <= String(seqs[i - 1]))) {
    broken(`${channel}: the log is not in the order of acceptance, or holds a message twice: ${seqs}`);
  }
  for (const item of simulation.events) {
    const isKept = item.event.channel === channel && item.event.type === 'publish' && item.event.ephemeral !== true;
    if (isKept && !seqs.includes(item.seq) && !isParked(item)) {
      broken(`${channel}: an accepted message is not in the log: ${JSON.stringify(item.event)}`);
    }
  }
}

/** Without history there is no offset to go by: every message after `subscribed`, in the order of acceptance. */
function checkOrder(simulation: Simulation, channel: string, connection: string, client: Client, broken: Broken): void {
  const row = simulation.subscriptions.rows.get(channel)?.get(connection);
  const seqOfMessage = (id: string | undefined) =>
    String(simulation.events.find(({ event }) => event.type === 'publish' && event.id === id)?.seq);
  const told = client.told.filter((document) => document.channel === channel);
  const start = told.findIndex(({ type }) => type === 'subscribed');
  const shown = told.filter(({ type }) => type === 'message').map(({ id }) => seqOfMessage(id));
  if (shown.length > 0 && (start < 0 || told.findIndex(({ type }) => type === 'message') < start)) {
    broken(`${connection}: a message before subscribed`);
  }
  if (told.some(({ offset, epoch }) => offset !== undefined || epoch !== undefined)) {
    broken(`${connection}: was told of a position where there is none`);
  }
  const first = shown.filter((seq, i) => shown.indexOf(seq) === i);
  if (!simulation.repeats.has(channel) && first.length < shown.length)
    broken(`${connection}: was sent a message twice`);
  if (first.some((seq, i) => i > 0 && seq < String(first[i - 1]))) broken(`${connection}: not in order: ${shown}`);
  if (!client.open || !row || row.cut) return;
  const due = simulation.events.filter(
    ({ event, seq }) => event.channel === channel && event.type === 'publish' && seq > row.seq,
  );
  const missed = due.filter(({ seq }) => !shown.includes(seq));
  if (missed.length > 0) broken(`${connection}: is a reader, and was not sent ${JSON.stringify(missed)}`);
}

/** Replays what the client was told, as a careful client reads it (docs/protocol.md). */
function checkReader(
  simulation: Simulation,
  channel: string,
  connection: string,
  client: Client,
  broken: Broken,
): void {
  const head = simulation.headOf(channel);
  const log = simulation.log.logs.get(`${channel} ${head.epoch}`);
  const row = simulation.subscriptions.rows.get(channel)?.get(connection);
  const repeated = simulation.repeats.has(channel);
  let at: number | undefined;
  let epoch: string | undefined;
  let request: string | undefined;
  /** What it was shown since it asked. */
  let shown = new Set<number>();
  const over = new Set<string | undefined>();
  for (const told of client.told.filter((t) => t.channel === channel)) {
    if (told.type === 'subscribed') {
      if (over.has(told.id)) continue;
      if (at !== undefined && told.id === request) {
        if (Number(told.offset) > at) broken(`${connection}: told again, of ${told.offset}, beyond what it has, ${at}`);
        continue;
      }
      at = Number(told.offset);
      shown = new Set([...shown].filter((offset) => offset <= Number(told.offset)));
      epoch = told.epoch;
      request = told.id;
    } else if (told.type === 'unsubscribed') {
      // (a client ignores a second answer to one request, and one to a request that it has since gone beyond)
      if (told.code === undefined && simulation.isBefore(told.id, request)) continue;
      over.add(request).add(told.id);
      at = undefined;
    } else if (told.type === 'message') {
      const offset = Number(told.offset);
      if (at === undefined) throw broken(`${connection}: ${told.id} before subscribed or after unsubscribed`);
      // (an SDK's messages do not say it)
      const itsEpoch = told.epoch ?? epoch;
      const kept: Publication | undefined = itsEpoch === head.epoch ? log?.get(offset)?.publication : undefined;
      if (itsEpoch === head.epoch && kept?.id !== told.id)
        broken(`${connection}: was shown at ${offset} what the log does not hold there`);
      if (itsEpoch === epoch && offset > at + 1) broken(`${connection}: a hole between ${at} and ${offset}`);
      if (itsEpoch !== epoch) broken(`${connection}: a message of another epoch than its position`);
      if (shown.has(offset) && !repeated) broken(`${connection}: was sent ${offset} twice, and no event came back`);
      if (offset <= at && !shown.has(offset))
        broken(`${connection}: was sent ${offset}, which its subscribed at ${at} covers`);
      shown.add(offset);
      at = Math.max(at, offset);
    }
  }
  if (!client.open) {
    const leaveParked = simulation.parked.some(
      ({ event }) => event.type === 'leave' && event.connection === connection,
    );
    if (row && !leaveParked) broken(`${connection} is gone, and its subscription to ${channel} stays`);
    return;
  }
  if (client.established && !simulation.connections.records.has(connection)) {
    broken(`${connection} is there, and has no record`);
  }
  if (at !== undefined && (epoch !== head.epoch || at < head.offset)) {
    broken(`${connection}: left behind at ${at} of ${head.offset}, and not told`);
  }
  if (at !== undefined && (!row || row.cut))
    broken(`${connection}: believes it is subscribed to ${channel}, and is not`);
  if (at !== undefined && row?.at !== undefined) broken(`${connection}: is catching up for ever`);
  const parkedOwn = simulation.parked.some(
    ({ event }) => event.type !== 'publish' && event.type !== 'removeHistory' && event.connection === connection,
  );
  if (at === undefined && row && !parkedOwn)
    broken(`${connection}: is subscribed to ${channel} and was never told, or has left`);
  const asked = simulation.connections.records.get(connection)?.channels[channel];
  const toldOfFailure = [...simulation.failed].some((name) => name.includes(connection));
  if (at === undefined && !row && client.established && asked?.startsWith('s') && !toldOfFailure) {
    broken(`${connection}: asked for ${channel}, and waits for ever`);
  }
}
