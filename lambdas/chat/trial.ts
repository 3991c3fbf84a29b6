import type { Delivered } from './channel-event.ts';
import type { ChannelState } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { cutReader } from './departure.ts';
import type { Head, Lease, Trial } from './ports.ts';
import { later, type Seq } from './seq.ts';
import { sideBySide } from './side-by-side.ts';

/** A suspect that has failed so often by itself is parked. */
const FAILURES = 2;
/** So often, where the suspect before it was parked: the fault may be the code's, and one parked event is enough. */
const FAILURES_AFTER_PARKED = 10;
/** How long such a suspect rests between its failures, in seconds. */
export const RETRY_AFTER_PARKED_S = 30;
const CUTS_AT_ONCE = 32;

/** Whether the worker that had this event in hand died: it was claimed, and is back only after the visibility timeout. */
const died = (head: Head, { seq, receives }: Delivered, now: number, { deathAfterMs }: Lease): boolean =>
  receives > 1 && seq <= head.claimed && now - head.claimedAt >= deathAfterMs;

/**
 * The event up to which a channel's events must be handled by themselves; undefined where these are none of them.
 *
 * Of a death, every event that was claimed until then is suspected, also what this batch does not hold: by the next
 * claim nothing would tell any more that a dead worker had it.
 */
export function newestSuspect(head: Head, items: readonly Delivered[], now: number, lease: Lease): Seq | undefined {
  const newest = items.some((item) => died(head, item, now, lease)) ? later(head.suspect, head.claimed) : head.suspect;
  return items.some(({ seq }) => seq <= newest) ? newest : undefined;
}

/** Writes to the head that this event is handled by itself now, and that it has failed once more if it killed. */
export async function beginTrial(
  { log, world }: Pick<Chat, 'log' | 'world'>,
  state: ChannelState,
  head: Head,
  item: Delivered,
): Promise<void> {
  const before = state.trial;
  const after = before.seq === item.seq ? before.after : isParked(before);
  const failures = before.seq === item.seq ? before.failures + (died(head, item, world.now(), state.lease) ? 1 : 0) : 0;
  state.trial = { seq: item.seq, failures, after };
  await log.trial(state.name, state.turn, state.trial);
}

/** Writes to the head that the event on trial has failed once more. */
export async function countFailure({ log }: Pick<Chat, 'log'>, state: ChannelState): Promise<void> {
  state.trial = { ...state.trial, failures: state.trial.failures + 1 };
  await log.trial(state.name, state.turn, state.trial);
}

/** Whether the event of this trial has failed too often. */
export const isParked = ({ failures, after }: Trial): boolean => failures >= (after ? FAILURES_AFTER_PARKED : FAILURES);

/**
 * Parks an event, so that its followers go on, and tells those who counted on it:
 * where its message is in the log already, every reader is cut and recovers it from there; else its own connection is.
 */
export async function park(
  chat: Pick<Chat, 'parking' | 'later' | 'subscriptions' | 'metrics' | 'logger'>,
  state: ChannelState,
  item: Delivered,
): Promise<void> {
  const { event, seq } = item;
  await chat.parking.park(item, `failed ${state.trial.failures} times by itself`);
  chat.metrics.count('EventParked');
  chat.logger.error('an event was parked', { channel: state.name, type: event.type, seq });
  if (event.type === 'publish' && seq <= state.last) {
    const readers = (await state.readers.all()).filter((reader) => !reader.cut);
    await sideBySide(readers, CUTS_AT_ONCE, ({ connection }) => cutReader(chat, state, connection));
  } else if (event.type !== 'leave' && event.type !== 'removeHistory' && event.connection !== undefined) {
    await cutReader(chat, state, event.connection);
  }
}
