import { optionsOf } from './channel.ts';
import type { ChannelEvent, Delivered, PublishEvent } from './channel-event.ts';
import { readersOf } from './channel-readers.ts';
import type { ChannelState } from './channel-state.ts';
import type { WorkerParts } from './chat.ts';
import { isOrderly, Unavailable } from './errors.ts';
import { changeMembership } from './membership.ts';
import type { Head, Lease } from './ports.ts';
import { publishRun } from './publications.ts';
import { later, OLDEST, type Seq } from './seq.ts';
import { sideBySide } from './side-by-side.ts';
import { beginTrial, countFailure, isParked, park, RETRY_AFTER_PARKED_S } from './trial.ts';

/** What a worker gives back: the channel's events from the first unfinished one on. */
export interface GivenBack {
  readonly items: readonly Delivered[];
  /** How long they stay hidden; undefined: as long as their receive count says. */
  readonly seconds?: number;
}

type Membership = Exclude<ChannelEvent, PublishEvent>;

/** A channel's position is remembered for so long after its last use, where the namespace does not say. */
const HEAD_LIFE_S = 30 * 24 * 3600;
/** Membership events of different connections under way at once. */
const SIDE_BY_SIDE = 32;

/**
 * Handles a channel's events of one batch, in order: the channel's process, for as long as the batch lasts.
 *
 * `suspect`: events up to this one are handled by themselves, each under a trial. Answers what could not be done.
 * Throws only what is no fault of an event: a bug in taking the claim back.
 */
export async function work(
  chat: WorkerParts,
  channel: string,
  items: readonly Delivered[],
  suspect: Seq,
  lease: Lease,
): Promise<GivenBack> {
  const todo = [...items];
  let turn: number | undefined;
  try {
    const { state, head } = await take(chat, channel, items, suspect, lease);
    turn = state.turn;
    for (let first = todo[0]; first !== undefined; first = todo[0]) {
      if (chat.world.now() >= lease.endsAt) throw new Unavailable('the time of this worker is over');
      const alone = first.seq <= suspect;
      if (!alone) {
        await handleRun(chat, state, todo, suspect);
      } else if (first.seq >= state.trial.seq) {
        const failed = await tryAlone(chat, state, head, first);
        if (failed) {
          await letGo(chat, channel, turn);
          return { items: todo, ...(state.trial.after && { seconds: RETRY_AFTER_PARKED_S }) };
        }
        todo.shift();
      } else {
        todo.shift(); // a later event has been on trial: this one was finished, posts and all
      }
    }
    return { items: [] };
  } catch (error) {
    chat.logger.warn('a batch was given back', { channel, events: todo.length, error });
    await letGo(chat, channel, turn);
    return { items: todo };
  }
}

/**
 * Takes the claim back, so that what was given back in an orderly way is never taken for a dead worker's, however late
 * Lambda hands it over again. Where even this is refused, time alone tells.
 */
async function letGo({ log, logger }: WorkerParts, channel: string, turn: number | undefined): Promise<void> {
  if (turn === undefined) return;
  try {
    await log.release(channel, turn);
  } catch (error) {
    if (!isOrderly(error)) throw error;
    logger.warn('a claim was not taken back', { channel, error });
  }
}

/** Claims the channel; what the batch needs of the readers is asked for beside it. */
async function take(chat: WorkerParts, channel: string, items: readonly Delivered[], suspect: Seq, lease: Lease) {
  const options = optionsOf(chat.namespaces, channel);
  const readers = readersOf(chat.subscriptions, channel, items.some(isPublish));
  const claimed = newestOf(items);
  const ttl = options.historyMetaTtl ?? HEAD_LIFE_S;
  const head = await chat.log.claim(channel, { claimed, suspect, now: chat.world.now(), ttl });
  const { turn, epoch, offset, last, trial } = head;
  const state: ChannelState = { name: channel, options, readers, lease, turn, epoch, offset, last, trial };
  return { state, head };
}

/**
 * Handles what stands first in `todo` together with what can be done with it, and takes off what was finished:
 * publications as one append, membership events of different connections side by side.
 *
 * Throws at a failure. A bug first makes a suspect of each event in hand: they come back, to be handled one by one.
 */
async function handleRun(chat: WorkerParts, state: ChannelState, todo: Delivered[], suspect: Seq): Promise<void> {
  const first = todo[0];
  const kind = first && isPublish(first);
  const end = todo.findIndex((item) => isPublish(item) !== kind || item.seq <= suspect);
  const run = end < 0 ? [...todo] : todo.slice(0, end);
  const newest = newestOf(todo);
  try {
    if (kind) {
      await publishRun(chat, state, run.filter(isPublish));
      todo.splice(0, run.length);
    } else {
      await changeMemberships(chat, state, run.filter(isMembership), todo);
    }
  } catch (error) {
    if (!isOrderly(error)) {
      chat.logger.error('events failed', { channel: state.name, events: run.length, error });
      await chat.log.suspect(state.name, state.turn, newest);
    }
    throw error;
  }
}

/** Each connection's events in their order, the connections side by side. Takes what was finished off `todo`. */
async function changeMemberships(
  chat: WorkerParts,
  state: ChannelState,
  run: readonly Delivered<Membership>[],
  todo: Delivered[],
): Promise<void> {
  const byConnection = Map.groupBy(run, ({ event }) => event.connection);
  const unfinished = new Set<Delivered>(run);
  try {
    await sideBySide(byConnection.values(), SIDE_BY_SIDE, async (events) => {
      for (const item of events) {
        await changeMembership(chat, state, item);
        unfinished.delete(item);
      }
    });
  } finally {
    const firstUnfinished = run.findIndex((item) => unfinished.has(item));
    todo.splice(0, firstUnfinished < 0 ? run.length : firstUnfinished);
  }
}

/**
 * Handles one suspect by itself, after the trial was written to the head; parks it where it has failed too often.
 * Answers whether it failed. Throws what is no fault of the event.
 */
async function tryAlone(chat: WorkerParts, state: ChannelState, head: Head, item: Delivered): Promise<boolean> {
  await beginTrial(chat, state, head, item);
  if (isParked(state.trial)) {
    await park(chat, state, item);
    return false;
  }
  try {
    if (isPublish(item)) await publishRun(chat, state, [item]);
    else await changeMembership(chat, state, item as Delivered<Membership>);
    return false;
  } catch (error) {
    if (isOrderly(error)) throw error;
    await countFailure(chat, state);
    chat.logger.error('an event failed by itself', { channel: state.name, failures: state.trial.failures, error });
    return true;
  }
}

const newestOf = (items: readonly Delivered[]): Seq => items.reduce((newest, { seq }) => later(newest, seq), OLDEST);
const isPublish = (item: Delivered): item is Delivered<PublishEvent> => item.event.type === 'publish';
const isMembership = (item: Delivered): item is Delivered<Membership> => item.event.type !== 'publish';
