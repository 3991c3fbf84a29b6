import { type Delivered, EVENT_VERSION, type MoreEvent } from './channel-event.ts';
import { isUnbroken } from './channel-history.ts';
import type { ChannelState } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { cutReader, gone } from './departure.ts';
import { Unavailable } from './errors.ts';
import { documentOf, framesOf } from './frames.ts';
import type { Publication, Subscription } from './ports.ts';
import { type Delivery, send } from './posting.ts';
import { HISTORY_LOST, INSUFFICIENT_STATE } from './reasons.ts';

type Parts = Pick<
  Chat,
  'connections' | 'queue' | 'later' | 'subscriptions' | 'posts' | 'formats' | 'world' | 'metrics'
>;

/** A reader that catches up takes so much of its channel's time at once: frames, and ms. */
const FRAMES_AT_ONCE = 8;
const TIME_AT_ONCE_MS = 2_000;

/** Has the channel go on with a reader that is catching up, behind what waits already. */
export async function askForMore(
  { queue }: Pick<Chat, 'queue'>,
  channel: string,
  { connection, token, by }: Pick<MoreEvent, 'connection' | 'token' | 'by'>,
): Promise<void> {
  const event: MoreEvent = { v: EVENT_VERSION, type: 'more', channel, connection, token, ...(by && { by }) };
  const [sent] = await queue.send([{ event }]);
  if (!sent) throw new Unavailable('what a reader has missed could not be asked for');
}

/**
 * Sends a reader the next piece of what it missed. When it has met the head, it is a reader like others from here on.
 * Where its history has run out underneath, it is told to subscribe again.
 */
export async function sendMore(
  chat: Parts,
  state: ChannelState,
  { event, seq }: Pick<Delivered<MoreEvent>, 'event' | 'seq'>,
): Promise<void> {
  const row = await state.readers.find(event.connection);
  if (row?.at === undefined || row.cut || row.token !== event.token) return;
  if (row.from.epoch !== state.epoch) return cutReader(chat, state, row.connection);
  const piece = await state.history.after(row.at);
  if (row.at < state.removed || !isUnbroken(piece, row.at)) return lose(chat, state, row, event);
  const { at, delivery } = await sendPiece(chat, state, row, row.at, piece.publications);
  if (delivery === 'gone') return gone(chat, row.connection, state.name);
  if (delivery !== 'delivered') {
    if (delivery === 'refused') chat.metrics.count('PostRefused');
    return cutReader(chat, state, row.connection);
  }
  const { at: _, ...reader } = row;
  if (at === state.offset) return state.readers.put({ ...reader, seq });
  await state.readers.put({ ...reader, at });
  await askForMore(chat, state.name, event);
}

/** Posts frame after frame, as many as one piece may take. Answers how far it came. */
async function sendPiece(
  chat: Parts,
  state: ChannelState,
  { connection, format }: Subscription,
  from: number,
  publications: readonly Publication[],
): Promise<{ at: number; delivery: Delivery }> {
  const until = chat.world.now() + TIME_AT_ONCE_MS;
  const documents = publications.map((publication) => ({
    ...documentOf(chat.formats[format].message(state.name, publication)),
    publication,
  }));
  let at = from;
  for (const frame of framesOf(documents).slice(0, FRAMES_AT_ONCE)) {
    if (at > from && chat.world.now() >= until) break;
    const delivery = await send(chat, connection, frame.text, state.lease.endsAt);
    if (delivery !== 'delivered') return { at, delivery };
    at += frame.documents.length;
  }
  return { at, delivery: 'delivered' };
}

/**
 * Told first, removed second: a crash between must not leave a client behind that waits for ever. (The row last: without
 * it, a repeat of the event does nothing.) An SDK does not ask again for what its server has asked for: it has to come back.
 */
async function lose(chat: Parts, state: ChannelState, row: Subscription, { by }: MoreEvent): Promise<void> {
  if (by !== undefined) return cutReader(chat, state, row.connection, INSUFFICIENT_STATE);
  const text = chat.formats[row.format].unsubscribed({ channel: state.name, push: HISTORY_LOST });
  const delivery = await send(chat, row.connection, text, state.lease.endsAt);
  if (delivery === 'gone') return gone(chat, row.connection, state.name);
  if (delivery !== 'delivered') return cutReader(chat, state, row.connection);
  await chat.connections.forget(row.connection, state.name, row.token);
  await state.readers.remove(row.connection);
}
