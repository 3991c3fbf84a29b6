import { EVENT_VERSION, type Reason, type SubscribeEvent } from './channel-event.ts';
import type { Chat } from './chat.ts';
import { isInHandshake } from './connection-life.ts';
import { gone } from './departure.ts';
import { send } from './posting.ts';
import { type SweepParts, type SweepTask, sweep } from './sweep.ts';

/** What waits in the delayed queue. */
export type LaterItem =
  /** End a connection; `channel` is where it was met, `disconnect` what it is told before. */
  | {
      readonly v: number;
      readonly type: 'end';
      readonly connection: string;
      readonly channel?: string;
      readonly disconnect?: Reason;
    }
  /** A handshake's subscribe, to be sent again as a new event of its channel. */
  | { readonly v: number; readonly type: 'again'; readonly event: SubscribeEvent }
  /** Go on with the sweep. */
  | ({ readonly v: number; readonly type: 'sweep' } & SweepTask);

/**
 * Does what waited; what is newer than this code knows waits on for the code that does. False: not yet, it has to wait
 * again. May throw `Unavailable`, which means the same. `until`: when it must have stopped, ms since 1970.
 */
export async function handleLater(chat: SweepParts, item: LaterItem, until: number): Promise<boolean> {
  if (item.v > EVENT_VERSION) return false;
  switch (item.type) {
    case 'again':
      return (await chat.queue.send([{ event: item.event }])).every(Boolean);
    case 'sweep':
      await sweep(chat, item, until);
      return true;
    case 'end':
      return end(chat, item, until);
    default:
      throw new Error(`no such item: ${(item satisfies never as { type: unknown }).type}`);
  }
}

async function end(
  chat: SweepParts,
  { connection, channel, disconnect }: Extract<LaterItem, { type: 'end' }>,
  until: number,
): Promise<boolean> {
  if (disconnect) await tell(chat, connection, disconnect, until);
  const answer = await chat.posts.end(connection);
  if (answer === 'busy') return false;
  // for a connection that is still in its handshake a 410 says nothing: without its record it would wait for ever
  if (answer === 'gone' && (await isYoung(chat, connection))) return false;
  await gone(chat, connection, channel);
  return true;
}

/** Whether the client hears of it or not, its connection ends: then it knows at least that. */
async function tell(chat: SweepParts, connection: string, why: Reason, until: number): Promise<void> {
  const record = await chat.connections.read(connection);
  if (record === undefined) return;
  const delivery = await send(chat, connection, chat.formats[record.format].disconnect(why), until);
  if (delivery !== 'delivered') chat.logger.info('a connection was ended untold', { connection, answer: delivery });
}

async function isYoung({ connections, world }: Pick<Chat, 'connections' | 'world'>, id: string): Promise<boolean> {
  const record = await connections.read(id);
  return record !== undefined && isInHandshake(record, world.now());
}
