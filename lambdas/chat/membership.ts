import type { Delivered, LeaveEvent, SubscribeEvent, UnsubscribeEvent } from './channel-event.ts';
import { type ChannelState, positionOf } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { expiryOf, isInHandshake } from './connection-life.ts';
import { gone } from './departure.ts';
import { hasHistory } from './namespace.ts';
import { latestRequest, type Position, type Subscription } from './ports.ts';
import { type Delivery, send } from './posting.ts';

type Parts = Pick<Chat, 'connections' | 'queue' | 'later' | 'posts' | 'formats' | 'world' | 'metrics'>;

/** Handles one event of who reads the channel. */
export async function changeMembership(
  chat: Parts,
  state: ChannelState,
  { event, seq }: Delivered<SubscribeEvent | UnsubscribeEvent | LeaveEvent>,
): Promise<void> {
  if (event.type === 'subscribe') return subscribe(chat, state, { event, seq });
  if (event.type === 'unsubscribe') return unsubscribe(chat, state, { event, seq });
  if (event.type === 'leave') return state.readers.remove(event.connection);
  // sent by nobody that we know, of a version that we do: it is parked like everything that cannot be handled
  throw new Error(`no such event: ${(event satisfies never as { type: unknown }).type}`);
}

type Numbered<E> = Pick<Delivered, 'seq'> & { readonly event: E };

/**
 * The position is the log's at this point of the order. The reply goes out first and the row is written after it,
 * so a connection that is gone leaves no row; a repeat of the event answers as it did the first time.
 */
async function subscribe(chat: Parts, state: ChannelState, { event, seq }: Numbered<SubscribeEvent>): Promise<void> {
  if (event.attempt !== undefined && !(await isStillAsked(chat, event))) return;
  const row = await state.readers.find(event.connection);
  if (row?.cut) return;
  const format = chat.formats[event.format];
  if (row && row.token !== event.token) {
    const delivery = await send(chat, event.connection, format.alreadySubscribed(event), state.lease.endsAt);
    return afterReply(chat, state, event.connection, delivery);
  }
  const position = row?.from ?? positionOf(state);
  const kept = hasHistory(state.options);
  const reply = format.subscribed(event, kept ? position : undefined, isRecovered(event, kept, position));
  const delivery = await send(chat, event.connection, reply, state.lease.endsAt);
  if (delivery === 'delivered') {
    if (!row) await state.readers.put(subscriptionOf(event, seq, position));
    return;
  }
  if (delivery === 'gone' && event.handshake && isInHandshake(event, chat.world.now())) {
    await chat.later.again({ ...event, attempt: (event.attempt ?? 0) + 1 });
    return;
  }
  await afterReply(chat, state, event.connection, delivery);
  // without an answer the reply may have arrived: a repeat of the event must not answer from a later position
  if (delivery !== 'gone') await state.readers.put({ ...subscriptionOf(event, seq, position), cut: true });
}

/** Deletes the row if it is older than the event: a younger one means that this is a repeat, and changes nothing. */
async function unsubscribe(
  chat: Parts,
  state: ChannelState,
  { event, seq }: Numbered<UnsubscribeEvent>,
): Promise<void> {
  const row = await state.readers.find(event.connection);
  const isRepeat = row !== undefined && row.seq > seq;
  if (row && !isRepeat) await state.readers.remove(event.connection);
  await chat.connections.forget(event.connection, state.name, event.token);
  if (isRepeat) return;
  // (who wrote the row knows the client's format; without one, there is one format)
  const reply = chat.formats[row?.format ?? 'json'].unsubscribed(state.name, event.id);
  const delivery = await send(chat, event.connection, reply, state.lease.endsAt);
  await afterReply(chat, state, event.connection, delivery);
}

/** A client that has not certainly got its answer waits for it in vain: its connection is ended, so that it comes back. */
async function afterReply(chat: Parts, state: ChannelState, connection: string, delivery: Delivery): Promise<void> {
  if (delivery === 'delivered') return;
  if (delivery === 'gone') return gone(chat, connection, state.name);
  if (delivery === 'refused') chat.metrics.count('PostRefused');
  await chat.later.end(connection, state.name);
}

/** A delayed subscribe counts only if the client has not left, or asked otherwise, since then. */
async function isStillAsked({ connections }: Parts, { connection, channel, token }: SubscribeEvent): Promise<boolean> {
  const record = await connections.read(connection);
  return record !== undefined && latestRequest(record, channel) === token;
}

/** Until recovery comes, only an empty gap is a whole one. */
function isRecovered({ since }: SubscribeEvent, kept: boolean, { epoch, offset }: Position): boolean | undefined {
  if (since === undefined) return undefined;
  return kept && since.epoch === epoch && since.offset === offset;
}

const subscriptionOf = (event: SubscribeEvent, seq: string, from: Position): Subscription => ({
  connection: event.connection,
  user: event.user,
  ...(event.info !== undefined && { info: event.info }),
  format: event.format,
  token: event.token,
  seq,
  from,
  expiresAt: expiryOf(event),
});
