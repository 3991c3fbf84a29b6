import { optionsOf } from './channel.ts';
import type { Delivered, PublishEvent } from './channel-event.ts';
import { historyOf } from './channel-history.ts';
import { readersOf } from './channel-readers.ts';
import type { ChannelState } from './channel-state.ts';
import type { WorkerParts } from './chat.ts';
import { isOrderly, Unavailable } from './errors.ts';
import { firstIndex } from './first-index.ts';
import { changeMemberships, type Membership } from './membership.ts';
import type { Head, Lease } from './ports.ts';
import { publishRun } from './publications.ts';
import { later, OLDEST, type Seq } from './seq.ts';
import { beginTrial, countFailure, isParked, park, RETRY_AFTER_PARKED_S } from './trial.ts';

/** What a worker gives back: the channel's events from the first unfinished one on. */
export interface GivenBack {
  readonly items: readonly Delivered[];
  /** How long they stay hidden; undefined: as long as their receive count says. */
  readonly seconds?: number;
}

/** A channel's position is remembered for so long after its last use, where the namespace does not say. */
const HEAD_LIFE_S = 30 * 24 * 3600;

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
  const needsAll = items.some(
    ({ event: { type } }) => type === 'publish' || (options.joinLeave && type !== 'more' && type !== 'removeHistory'),
  );
  const readers = readersOf(chat.subscriptions, channel, needsAll);
  const claimed = newestOf(items);
  const ttl = options.historyMetaTtl ?? HEAD_LIFE_S;
  const head = await chat.log.claim(channel, { claimed, suspect, now: chat.world.now(), ttl });
  const { turn, epoch, offset, removed, last, trial } = head;
  const history = historyOf(chat.log, channel, () => state);
  const state: ChannelState = {
    name: channel,
    options,
    readers,
    history,
    lease,
    turn,
    epoch,
    offset,
    removed,
    last,
    trial,
  };
  return { state, head };
}

/**
 * Handles what stands first in `todo` together with what can be done with it, and takes it off: publications as one
 * append, who comes and goes side by side.
 *
 * Throws at a failure. A bug first makes a suspect of each event in hand: they come back, to be handled one by one.
 */
async function handleRun(chat: WorkerParts, state: ChannelState, todo: Delivered[], suspect: Seq): Promise<void> {
  const run = firstRun(
    todo.slice(
      0,
      firstIndex(todo, ({ seq }) => seq <= suspect),
    ),
  );
  const newest = newestOf(todo);
  try {
    await handle(chat, state, run);
    todo.splice(0, run.length);
  } catch (error) {
    if (!isOrderly(error)) {
      chat.logger.error('events failed', { channel: state.name, events: run.length, error });
      await chat.log.suspect(state.name, state.turn, newest);
    }
    throw error;
  }
}

/** The events that can be handled together: all of one kind, and of each connection one, since its order counts. */
function firstRun(items: readonly Delivered[]): readonly Delivered[] {
  const kind = items[0] && kindOf(items[0]);
  const connections = new Set<string>();
  const end = firstIndex(items, (item) => {
    if (kindOf(item) !== kind) return true;
    if (!isMembership(item)) return kind === 'removeHistory' && item !== items[0];
    const isSecond = connections.has(item.event.connection);
    connections.add(item.event.connection);
    return isSecond;
  });
  return items.slice(0, end);
}

async function handle(chat: WorkerParts, state: ChannelState, run: readonly Delivered[]): Promise<void> {
  if (run.every(isPublish)) return publishRun(chat, state, run);
  if (run.every(isMembership)) return changeMemberships(chat, state, run);
  // of a repeat, what came after it is in the log already, and must not be taken out with the rest
  if (run.some(({ seq }) => seq <= state.last)) return;
  await chat.log.removeHistory(state.name, state.turn, state.offset);
  state.removed = state.offset;
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
    await handle(chat, state, [item]);
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
const isMembership = (item: Delivered): item is Membership => kindOf(item) === 'membership';

type Kind = 'publish' | 'removeHistory' | 'membership';

const kindOf = ({ event: { type } }: Delivered): Kind =>
  type === 'publish' || type === 'removeHistory' ? type : 'membership';
