import type { ChannelState } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { gone } from './departure.ts';
import type { Delivery } from './posting.ts';

/** A client that has not certainly got its answer waits for it in vain: its connection is ended, so that it comes back. */
export async function afterReply(
  chat: Pick<Chat, 'connections' | 'queue' | 'later' | 'metrics'>,
  state: Pick<ChannelState, 'name'>,
  connection: string,
  delivery: Delivery,
): Promise<void> {
  if (delivery === 'delivered') return;
  if (delivery === 'gone') return gone(chat, connection, state.name);
  if (delivery === 'refused') chat.metrics.count('PostRefused');
  await chat.later.end(connection, { channel: state.name });
}
