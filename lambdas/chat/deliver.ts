import { type Delivered, EVENT_VERSION } from './channel-event.ts';
import { type GivenBack, work } from './channel-worker.ts';
import type { WorkerParts } from './chat.ts';
import { Unavailable } from './errors.ts';
import { firstIndex } from './first-index.ts';
import type { Lease } from './ports.ts';
import { OLDEST, type Seq } from './seq.ts';
import { newestSuspect } from './trial.ts';

type ByChannel = ReadonlyMap<string, readonly Delivered[]>;

/** What is newer than this code knows waits so long, in seconds, for the code that does. */
const NEWER_S = 30;
const LONGEST_WAIT_S = 30;
/** What an orderly worker gives back is visible again so long before it could be taken for a dead one's, in ms. */
const MARGIN_MS = 2_000;

/**
 * Handles a batch of events, of one or more channels: each channel's in order, the channels side by side.
 *
 * Answers the events that are not done: a channel's from the first unfinished one on, and no other channel's.
 * Each was made visible again for the time at which it should come back.
 */
export async function deliver(chat: WorkerParts, batch: readonly Delivered[], lease: Lease): Promise<Delivered[]> {
  const startedAt = chat.world.now();
  const back: GivenBack[] = [];
  try {
    const channels = await held(batch, lease, back);
    const suspects = await suspectsOf(chat, channels, lease);
    const suspected = channels.keys().find((channel) => suspects.has(channel));
    const company = suspected === undefined ? [] : batch.filter(({ event }) => event.channel !== suspected);
    if (company.length > 0) {
      // untouched and visible at once, before anything is risked (also where this fails): a killer never has company twice
      await lease.giveBack(company, 0);
      back.splice(0, back.length, ...back.filter(({ items }) => items[0]?.event.channel === suspected));
    }
    const mine = [...channels].filter(([channel]) => suspected === undefined || channel === suspected);
    const results = mine.map(([channel, items]) => work(chat, channel, items, suspects.get(channel) ?? OLDEST, lease));
    // all of them: nothing may be under way any more when the batch is given back
    await Promise.allSettled(results);
    back.push(...(await Promise.all(results)));
    // last of all: as soon as its events are visible, a channel can start elsewhere
    for (const given of back) await giveBack(chat, lease, given, startedAt);
    return [...company, ...back.flatMap(({ items }) => items)];
  } catch (error) {
    const level = error instanceof Unavailable ? 'warn' : 'error';
    chat.logger[level]('a batch was given back whole', { events: batch.length, error });
    await giveBack(chat, lease, { items: batch }, startedAt);
    return [...batch];
  }
}

/** The events that this worker may handle, by channel; the others, and what stands behind them, go to `back`. */
async function held(batch: readonly Delivered[], lease: Lease, back: GivenBack[]): Promise<ByChannel> {
  const isHeld = new Map((await lease.hold(batch)).map((ok, i) => [batch[i], ok]));
  const channels = new Map<string, readonly Delivered[]>();
  for (const [channel, items] of Map.groupBy(batch, ({ event }) => event.channel)) {
    const lost = firstIndex(items, (item) => isHeld.get(item) !== true);
    const newer = firstIndex(items, ({ event }) => event.v > EVENT_VERSION);
    const end = Math.min(lost, newer);
    if (end > 0) channels.set(channel, items.slice(0, end));
    if (end < items.length) back.push({ items: items.slice(end), ...(newer < lost && { seconds: NEWER_S }) });
  }
  return channels;
}

/** Channels with events that must be handled by themselves, each with the newest of them. */
async function suspectsOf(
  { log, world }: WorkerParts,
  channels: ByChannel,
  lease: Lease,
): Promise<ReadonlyMap<string, Seq>> {
  const found = new Map<string, Seq>();
  const repeated = [...channels].filter(([, items]) => items.some(({ receives }) => receives > 1));
  const heads = await Promise.all(repeated.map(([channel]) => log.peek(channel)));
  repeated.forEach(([channel, items], i) => {
    const head = heads[i];
    const suspect = head && newestSuspect(head, items, world.now(), lease);
    if (suspect !== undefined) found.set(channel, suspect);
  });
  return found;
}

/** What cannot be given back comes back by itself, when its visibility timeout is over. */
async function giveBack(chat: WorkerParts, lease: Lease, given: GivenBack, startedAt: number): Promise<void> {
  const [first] = given.items;
  if (first === undefined) return;
  const wanted = given.seconds ?? Math.min(Math.max(first.receives, 1), LONGEST_WAIT_S);
  const longest = Math.floor((lease.deathAfterMs - MARGIN_MS - (chat.world.now() - startedAt)) / 1000);
  try {
    await lease.giveBack(given.items, Math.min(wanted, Math.max(longest, 0)));
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    chat.logger.warn('events could not be made visible', { events: given.items.length, error });
  }
}
