import { afterReply } from './after-reply.ts';
import { sendMore } from './catching-up.ts';
import type { Delivered, LeaveEvent, MoreEvent, SubscribeEvent, UnsubscribeEvent } from './channel-event.ts';
import type { ChannelState } from './channel-state.ts';
import type { WorkerParts } from './chat.ts';
import { type Move, tellMoves } from './joins-and-leaves.ts';
import type { Subscription } from './ports.ts';
import { send } from './posting.ts';
import { sideBySide } from './side-by-side.ts';
import { subscribe } from './subscribing.ts';

/** An event of who reads a channel. */
export type Membership = Delivered<SubscribeEvent | UnsubscribeEvent | LeaveEvent | MoreEvent>;

/** Events of different connections under way at once. */
const SIDE_BY_SIDE = 32;

/**
 * Handles events of who reads the channel, at most one of each connection: first who comes, then, in one frame a reader,
 * who has come and who goes, last who goes or catches up. So a join follows the row, and a leave goes before it.
 */
export async function changeMemberships(
  chat: WorkerParts,
  state: ChannelState,
  run: readonly Membership[],
): Promise<void> {
  const moves = new Map<Membership, Move>();
  await sideBySide(run, SIDE_BY_SIDE, async (item) => {
    const move = await begin(chat, state, item);
    if (move) moves.set(item, move);
  });
  await tellMoves(chat, state, [...moves.values()]);
  await sideBySide(run, SIDE_BY_SIDE, (item) => finish(chat, state, item, moves.get(item)?.reader));
}

/** Does what comes before others are told. Answers what they are told. */
async function begin(
  chat: WorkerParts,
  state: ChannelState,
  { event, seq, receives }: Membership,
): Promise<Move | undefined> {
  switch (event.type) {
    case 'subscribe': {
      const reader = await subscribe(chat, state, { event, seq, receives });
      return reader && { kind: 'join', seq, reader };
    }
    case 'more':
      return undefined;
    case 'unsubscribe':
    case 'leave': {
      const reader = await state.readers.find(event.connection);
      // a younger row means that this event is a repeat: it changes nothing
      return reader && reader.seq < seq ? { kind: 'leave', seq, reader } : undefined;
    }
    default:
      // sent by nobody that we know, of a version that we do: it is parked like everything that cannot be handled
      throw new Error(`no such event: ${(event satisfies never as { type: unknown }).type}`);
  }
}

/** Does what comes after others were told. `leaving`: the row that is to go. */
async function finish(
  chat: WorkerParts,
  state: ChannelState,
  { event, seq }: Membership,
  leaving: Subscription | undefined,
): Promise<void> {
  if (event.type === 'leave') return state.readers.remove(event.connection);
  // (with a row of this event's number, the reader would not be told of who came before it)
  if (event.type === 'more') return sendMore(chat, state, { event, seq });
  if (event.type !== 'unsubscribe') return;
  const row = leaving ?? (await state.readers.find(event.connection));
  const isRepeat = row !== undefined && row.seq > seq;
  if (row && !isRepeat) await state.readers.remove(event.connection);
  await chat.connections.forget(event.connection, state.name, event.token);
  if (isRepeat) return;
  const reply = chat.formats[event.format].unsubscribed(event);
  const delivery = await send(chat, event.connection, reply, state.lease.endsAt);
  await afterReply(chat, state, event.connection, delivery);
}
