import { afterReply } from './after-reply.ts';
import { askForMore } from './catching-up.ts';
import type { Delivered, SubscribeEvent } from './channel-event.ts';
import type { ChannelState } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { expiryOf, isInHandshake } from './connection-life.ts';
import type { ParleyErrorCode } from './errors.ts';
import { FRAME_BYTES } from './frames.ts';
import { hasHistory } from './namespace.ts';
import { latestRequest, type Position, type Publication, type Subscribed, type Subscription } from './ports.ts';
import { type Delivery, send } from './posting.ts';
import { INSUFFICIENT_STATE } from './reasons.ts';
import { type Beginning, beginningOf } from './recovery.ts';

type Parts = Pick<Chat, 'connections' | 'queue' | 'later' | 'posts' | 'formats' | 'world' | 'metrics'>;

/** What `Format.subscribed` may add to the size of its parts, in bytes. */
const MARGIN = 64;

/**
 * Begins a subscription. The position is the log's at this point of the order. The reply goes out first, with as much of
 * what was missed as one frame holds, and the row is written after it, so a connection that is gone leaves no row.
 *
 * Answers the row, also where the event is a repeat and the row is there already; undefined: nobody has come.
 */
export async function subscribe(
  chat: Parts,
  state: ChannelState,
  { event, seq, receives }: Delivered<SubscribeEvent>,
): Promise<Subscription | undefined> {
  const mayBeOutdated = event.attempt !== undefined || event.by === 'connect';
  if (mayBeOutdated && (await latestOf(chat, event)) !== event.token) return undefined;
  const row = await state.readers.find(event.connection);
  if (row?.token === event.token) {
    // its reply was answered before it was written; what must follow the row may not have been sent
    if (row.at !== undefined && !row.cut) await askForMore(chat, state.name, event);
    return row;
  }
  if (row?.cut) return undefined;
  if (row) return refuse(chat, state, event, 'already_subscribed');

  // what an earlier worker has answered may have arrived, and so may the answers to what the client has asked since then
  const isRepeat = receives > 1;
  if (isRepeat && (await latestOf(chat, event)) === undefined) return undefined; // it knows that this has ended
  const beginning = await beginningOf(state, event);
  // it would ignore a second answer that leaves out more than the first
  const mayContradict = isRepeat && beginning.isShort === true;
  if (beginning.recovered === false && event.strict && !mayContradict) {
    await refuse(chat, state, event, 'unrecoverable_position');
    // (after it: what the record does not name is not answered again)
    await chat.connections.forget(event.connection, state.name, event.token);
    return undefined;
  }
  if (mayContradict || (beginning.recovered === false && event.by === 'connect')) {
    await chat.later.end(event.connection, { channel: state.name, disconnect: INSUFFICIENT_STATE });
    return undefined;
  }
  // messages that a client would take for those of another answer come behind what it has asked since then
  const isWhole = !isRepeat || !hasHistory(state.options);
  const { frame, at } = firstFrame(chat, state, event, isWhole ? beginning : { ...beginning, missed: [] });
  const delivery = frame === '' ? 'delivered' : await send(chat, event.connection, frame, state.lease.endsAt);
  const position = { ...beginning.position, offset: at };
  const reader = subscriptionOf(event, seq, position);
  if (delivery !== 'delivered') return unreached(chat, state, reader, event, delivery);
  const isLive = isWhole && at === state.offset;
  const begun = isLive ? reader : { ...reader, at };
  await state.readers.put(begun);
  if (!isLive) await askForMore(chat, state.name, event);
  return begun;
}

/** The reply could not be posted, or nobody knows. */
async function unreached(
  chat: Parts,
  state: ChannelState,
  reader: Subscription,
  event: SubscribeEvent,
  delivery: Delivery,
): Promise<Subscription | undefined> {
  if (delivery === 'gone' && event.handshake && isInHandshake(event, chat.world.now())) {
    await chat.later.again({ ...event, attempt: (event.attempt ?? 0) + 1 });
    return undefined;
  }
  await afterReply(chat, state, event.connection, delivery);
  if (delivery === 'gone') return undefined;
  // without an answer the reply may have arrived: a repeat of the event must not answer from a later position
  const row: Subscription = { ...reader, cut: true };
  await state.readers.put(row);
  return row;
}

/** The reply with what was missed, as far as it goes into a frame; `at`: the offset up to which the reader has all. */
function firstFrame({ formats }: Parts, state: ChannelState, event: SubscribeEvent, beginning: Beginning) {
  const format = formats[event.format];
  const outcome = {
    ...(hasHistory(state.options) && { position: beginning.position }),
    ...(beginning.recovered !== undefined && { recovered: beginning.recovered }),
  };
  let room = FRAME_BYTES - MARGIN - Buffer.byteLength(format.subscribed(event, { ...outcome, missed: [] }));
  const missed: { publication: Publication; text: string }[] = [];
  for (const publication of beginning.missed) {
    const text = format.piece(state.name, publication);
    room -= Buffer.byteLength(text) + 1;
    if (room < 0) break;
    missed.push({ publication, text });
  }
  const frame = format.subscribed(event, { ...outcome, missed } satisfies Subscribed);
  return { frame, at: beginning.position.offset + missed.length };
}

/** Answers with an error, where the client has asked itself; nobody has come. */
async function refuse(
  chat: Parts,
  state: ChannelState,
  { connection, channel, format, id, by }: SubscribeEvent,
  code: ParleyErrorCode,
): Promise<undefined> {
  if (by !== undefined) return;
  const message = `${channel}: ${code === 'already_subscribed' ? 'already subscribed' : 'what was missed is not kept any more'}`;
  const reply = chat.formats[format].reply({ type: 'error', ...(id !== undefined && { id }), channel, code, message });
  const delivery = await send(chat, connection, reply, state.lease.endsAt);
  await afterReply(chat, state, connection, delivery);
}

/** What the client has asked for last, or its server: a delayed subscribe counts only if it is this. */
async function latestOf({ connections }: Parts, { connection, channel }: SubscribeEvent): Promise<string | undefined> {
  const record = await connections.read(connection);
  return record && latestRequest(record, channel);
}

function subscriptionOf(event: SubscribeEvent, seq: string, from: Position): Subscription {
  const { connection, user, info, channelInfo, format, token, joinLeave } = event;
  return {
    connection,
    user,
    ...(info !== undefined && { info }),
    ...(channelInfo !== undefined && { channelInfo }),
    format,
    token,
    ...(joinLeave && { joinLeave }),
    seq,
    from,
    expiresAt: expiryOf(event),
  };
}
