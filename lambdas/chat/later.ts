import { EVENT_VERSION, type SubscribeEvent } from './channel-event.ts';
import type { Chat } from './chat.ts';
import { isInHandshake } from './connection-life.ts';
import { gone } from './departure.ts';

/** What waits in the delayed queue. */
export type LaterItem =
  /** End a connection; `channel` is where it was met. */
  | { readonly v: number; readonly type: 'end'; readonly connection: string; readonly channel?: string }
  /** A handshake's subscribe, to be sent again as a new event of its channel. */
  | { readonly v: number; readonly type: 'again'; readonly event: SubscribeEvent };

/**
 * Does what waited; what is newer than this code knows waits on for the code that does. False: not yet, it has to wait
 * again. May throw `Unavailable`, which means the same.
 */
export async function handleLater(
  chat: Pick<Chat, 'posts' | 'connections' | 'queue' | 'world'>,
  item: LaterItem,
): Promise<boolean> {
  if (item.v > EVENT_VERSION) return false;
  if (item.type === 'again') return (await chat.queue.send([{ event: item.event }])).every(Boolean);
  if (item.type !== 'end') throw new Error(`no such item: ${(item satisfies never as { type: unknown }).type}`);
  const answer = await chat.posts.end(item.connection);
  if (answer === 'busy') return false;
  // for a connection that is still in its handshake a 410 says nothing: without its record it would wait for ever
  if (answer === 'gone' && (await isYoung(chat, item.connection))) return false;
  await gone(chat, item.connection, item.channel);
  return true;
}

async function isYoung({ connections, world }: Pick<Chat, 'connections' | 'world'>, id: string): Promise<boolean> {
  const record = await connections.read(id);
  return record !== undefined && isInHandshake(record, world.now());
}
