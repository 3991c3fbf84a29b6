import type { Delivered, PublishEvent } from './channel-event.ts';
import { type ChannelState, positionOf } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { cutReader } from './departure.ts';
import { type OutgoingPush, postRun } from './fan-out.ts';
import { hasHistory } from './namespace.ts';
import type { LogRow, Position, Publication } from './ports.ts';
import type { Seq } from './seq.ts';
import { sideBySide } from './side-by-side.ts';

type Publish = Delivered<PublishEvent>;

const CUTS_AT_ONCE = 32;

/**
 * Handles a run of publications: rows at the next offsets, then the head, only then the posts.
 *
 * An event at or below the head's `last` is done with the log: it is posted again, never appended again.
 */
export async function publishRun(
  chat: Pick<
    Chat,
    'log' | 'connections' | 'queue' | 'later' | 'subscriptions' | 'posts' | 'formats' | 'world' | 'metrics'
  >,
  state: ChannelState,
  run: readonly Publish[],
): Promise<void> {
  const placed = new Map([...(await placesOfRepeats(chat, state, run)), ...(await append(chat, state, run))]);
  const pushes = run.map(({ event, seq }): OutgoingPush => {
    // what has no place, or has lost it with its row, is posted without one
    const publication = placed.get(seq) ?? publicationOf(event);
    return { seq, mayBeLost: event.ephemeral === true, textIn: (format) => format.message(state.name, publication) };
  });
  const readers = (await state.readers.all()).filter((reader) => !reader.cut);
  const stale = readers.filter((reader) => reader.from.epoch !== state.epoch);
  await sideBySide(stale, CUTS_AT_ONCE, ({ connection }) => cutReader(chat, state, connection));
  // who is catching up finds the messages in the log
  const current = readers.filter((reader) => reader.from.epoch === state.epoch && reader.at === undefined);
  await postRun(chat, state, pushes, current);
}

/** Appends what is new and kept. Answers the publications by their events. */
async function append(
  { log, world }: Pick<Chat, 'log' | 'world'>,
  state: ChannelState,
  run: readonly Publish[],
): Promise<Map<Seq, Publication>> {
  const fresh = run.filter(({ seq }) => seq > state.last);
  if (!hasHistory(state.options)) {
    // who comes back with an offset of before must not be told that nothing is missing
    if (state.offset > 0 && fresh.some(({ event }) => !event.ephemeral)) {
      state.epoch = await log.renew(state.name, state.turn);
      state.offset = 0;
      state.removed = 0;
    }
    return new Map();
  }
  const rows = fresh
    .filter(({ event }) => isKept(state, event))
    .map(({ event, seq }, i): LogRow => {
      const offset = state.offset + 1 + i;
      return { offset, seq, publication: publicationOf(event, { epoch: state.epoch, offset }) };
    });
  const newest = rows.at(-1);
  if (newest === undefined) return new Map();
  const expiresAt = Math.ceil(world.now() / 1000) + (state.options.historyTtl ?? 0);
  await log.append(state.name, state.epoch, state.turn, rows, expiresAt);
  await log.advance(state.name, state.turn, { offset: newest.offset, last: newest.seq });
  state.offset = newest.offset;
  state.last = newest.seq;
  return new Map(rows.map(({ seq, publication }) => [seq, publication]));
}

/** Where the log holds what an earlier worker has appended. What has expired since then is not found. */
async function placesOfRepeats(
  { log }: Pick<Chat, 'log'>,
  state: ChannelState,
  run: readonly Publish[],
): Promise<ReadonlyMap<Seq, Publication>> {
  const oldest = run.find(({ event, seq }) => seq <= state.last && isKept(state, event));
  return oldest ? log.rows(state.name, positionOf(state), oldest.seq) : new Map();
}

const isKept = (state: ChannelState, event: PublishEvent): boolean =>
  hasHistory(state.options) && event.ephemeral !== true;

/** What readers are shown of an event; without a place it has no history. */
export function publicationOf(event: PublishEvent, place?: Position): Publication {
  const { id, user, connection, info, data, tags, key, time } = event;
  return {
    id,
    data,
    time,
    ...(user !== undefined && { user }),
    ...(connection !== undefined && { connection }),
    ...(info !== undefined && { info }),
    ...(tags !== undefined && { tags }),
    ...(key !== undefined && { key }),
    ...place,
  };
}
