import type { Publication } from '../../lambdas/chat/ports.ts';
import { seqOf } from '../../lambdas/chat/seq.ts';
import type { MemoryChat } from './memory-chat.ts';

/** How long they are kept, in seconds, and how long the head. */
const TTL = 3_600;

/**
 * Puts messages behind what a channel's log holds, `data` in each, as its worker would; answers where the head stands
 * then. `ttl`: how long they are kept, in seconds.
 */
export async function keepMessages(
  { log, world }: Pick<MemoryChat, 'log' | 'world'>,
  channel: string,
  datas: readonly unknown[],
  ttl = TTL,
): Promise<{ readonly epoch: string; readonly offset: number }> {
  const { epoch, turn, offset } = await log.claim(channel, { claimed: '', suspect: '', now: world.now(), ttl: TTL });
  const rows = datas.map((data, i) => ({
    offset: offset + 1 + i,
    seq: seqOf(String(offset + 1 + i)),
    publication: messageAt(epoch, offset + 1 + i, data, world.now()),
  }));
  await log.append(channel, epoch, turn, rows, world.now() / 1000 + ttl);
  const head = { epoch, offset: offset + rows.length };
  await log.advance(channel, turn, { offset: head.offset, last: seqOf(String(head.offset)) });
  return head;
}

/** Takes what a channel keeps up to an offset out of its history. */
export async function removeKept(
  { log, world }: Pick<MemoryChat, 'log' | 'world'>,
  channel: string,
  upTo: number,
): Promise<void> {
  const { turn } = await log.claim(channel, { claimed: '', suspect: '', now: world.now(), ttl: TTL });
  await log.removeHistory(channel, turn, upTo);
}

const messageAt = (epoch: string, offset: number, data: unknown, time: number): Publication => ({
  id: `m${offset}`,
  user: 'alice',
  connection: 'sender',
  data,
  time,
  offset,
  epoch,
});
