import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { channelNamed } from '../../../lambdas/chat/channel.ts';
import type { History } from '../../../lambdas/chat/command.ts';
import { pageOf } from '../../../lambdas/chat/history-page.ts';
import { keepMessages, removeKept } from '../../support/kept-messages.ts';
import { type MemoryChat, memoryChat } from '../../support/memory-chat.ts';

let chat: MemoryChat;
type Asked = Partial<Omit<History, 'action' | 'channel' | 'id'>>;

const page = (asked: Asked = {}, bytes = 1_000_000) =>
  pageOf(chat, channelNamed(chat.namespaces, 'general'), { limit: 100, order: 'oldestFirst', ...asked }, bytes);
const offsets = async (asked?: Asked, bytes?: number) =>
  (await page(asked, bytes)).publications.map(({ offset }) => offset);
const count = (length: number, from = 1) => Array.from({ length }, (_, i) => from + i);

beforeEach(() => {
  chat = memoryChat({ namespaces: { '': { historySize: 10, historyTtl: 3600 } } });
});

describe('a page of a history', () => {
  it('of a channel that nobody has used yet is empty, and has no epoch', async () => {
    expect(await page()).toEqual({ position: { epoch: '', offset: 0 }, publications: [] });
  });

  it('says where the channel stands, and holds the messages as they are', async () => {
    await keepMessages(chat, 'general', ['a', 'b']);
    expect(await page()).toEqual({
      position: { epoch: 'epoch1', offset: 2 },
      publications: [expect.objectContaining({ data: 'a', offset: 1 }), expect.objectContaining({ data: 'b' })],
    });
  });

  it('is read from the end that is asked for', async () => {
    await keepMessages(chat, 'general', count(5));
    expect(await offsets()).toEqual([1, 2, 3, 4, 5]);
    expect(await offsets({ order: 'newestFirst' })).toEqual([5, 4, 3, 2, 1]);
    expect(await offsets({ order: 'newest' })).toEqual([5, 4, 3, 2, 1]);
  });

  it('holds as many as are wanted, and none costs no look at the messages', async () => {
    await keepMessages(chat, 'general', count(5));
    expect(await offsets({ limit: 2 })).toEqual([1, 2]);
    expect(await offsets({ limit: 2, order: 'newest' })).toEqual([5, 4]);
    chat.log.read = () => Promise.reject(new Error('not asked for'));
    expect(await page({ limit: 0 })).toEqual({ position: { epoch: 'epoch1', offset: 5 }, publications: [] });
  });

  it('is behind one offset, before another, or between both', async () => {
    await keepMessages(chat, 'general', count(6));
    expect(await offsets({ after: 4 })).toEqual([5, 6]);
    expect(await offsets({ before: 3 })).toEqual([1, 2]);
    expect(await offsets({ after: 2, before: 5 })).toEqual([3, 4]);
    expect(await offsets({ before: 3, order: 'newestFirst' })).toEqual([2, 1]);
  });

  it.each<Asked>([
    { after: 6 },
    { after: Number.MAX_SAFE_INTEGER },
    { before: 1 },
    { before: 0 },
    { after: 3, before: 4 },
    { after: 5, before: 2 },
  ])('is empty where there is nothing: %j', async (asked) => {
    await keepMessages(chat, 'general', count(6));
    expect(await offsets(asked)).toEqual([]);
  });

  it('goes up to the head however far the bound is', async () => {
    await keepMessages(chat, 'general', count(3));
    expect(await offsets({ before: Number.MAX_SAFE_INTEGER })).toEqual([1, 2, 3]);
  });

  it('holds at most a thousand messages', async () => {
    chat = memoryChat({ namespaces: { '': { historySize: 5_000, historyTtl: 3600 } } });
    await keepMessages(chat, 'general', count(1_500));
    expect(await offsets({ limit: 1_000_000 })).toEqual(count(1_000));
    expect(await offsets({ limit: 1_000_000, order: 'newest' })).toEqual(count(1_000, 501).reverse());
  });

  it('stops behind the message with which it has so many bytes', async () => {
    await keepMessages(
      chat,
      'general',
      count(5).map(() => 'x'.repeat(1_000)),
    );
    expect(await offsets({}, 2_000)).toEqual([1, 2]);
    expect(await offsets({}, 1)).toEqual([1]);
  });

  it('holds no more than the newest that the namespace keeps', async () => {
    await keepMessages(chat, 'general', count(25));
    expect(await offsets()).toEqual(count(10, 16));
    expect(await offsets({ after: 3 })).toEqual(count(10, 16));
    expect(await offsets({ before: 16 })).toEqual([]);
  });

  it('holds nothing of a namespace that keeps nothing any more', async () => {
    await keepMessages(chat, 'general', count(5));
    chat = { ...chat, namespaces: { '': {} } };
    expect(await offsets()).toEqual([]);
  });

  it('holds nothing of what was removed: the channel goes on where it stands', async () => {
    await keepMessages(chat, 'general', count(5));
    await removeKept(chat, 'general', 5);
    expect(await page()).toEqual({ position: { epoch: 'epoch1', offset: 5 }, publications: [] });
    await keepMessages(chat, 'general', count(2));
    expect(await offsets()).toEqual([6, 7]);
    expect(await offsets({ order: 'newestFirst' })).toEqual([7, 6]);
  });

  it('holds nothing of what has expired, and all of what has not', async () => {
    await keepMessages(chat, 'general', count(3), 10);
    await keepMessages(chat, 'general', count(3), 20);
    chat.world.time += 10_000;
    expect(await offsets()).toEqual([4, 5, 6]);
    expect(await offsets({ order: 'newestFirst' })).toEqual([6, 5, 4]);
    expect(await offsets({ before: 4 })).toEqual([]);
    chat.world.time += 10_000;
    expect(await page()).toEqual({ position: { epoch: 'epoch1', offset: 6 }, publications: [] });
  });

  it('holds nothing that stands before a hole', async () => {
    // the time to keep them was made shorter, and longer again
    await keepMessages(chat, 'general', count(2), 100);
    await keepMessages(chat, 'general', count(2), 1);
    await keepMessages(chat, 'general', count(2), 100);
    chat.world.time += 1_000;
    expect(await offsets()).toEqual([5, 6]);
    expect(await offsets({ order: 'newestFirst' })).toEqual([6, 5]);
    expect(await offsets({ before: 5 })).toEqual([]);
    expect(await offsets({ before: 5, order: 'newestFirst' })).toEqual([]);
  });

  it('is empty where the newest messages are gone, and older ones are still there', async () => {
    await keepMessages(chat, 'general', count(2), 100);
    await keepMessages(chat, 'general', count(2), 1);
    chat.world.time += 1_000;
    expect(await offsets()).toEqual([]);
    expect(await offsets({ order: 'newestFirst' })).toEqual([]);
  });

  it('is that of the epoch that is asked for, or an error', async () => {
    await keepMessages(chat, 'general', count(3));
    expect(await offsets({ epoch: 'epoch1', after: 1 })).toEqual([2, 3]);
    await expect(page({ epoch: 'epoch2', after: 1 })).rejects.toMatchObject({ code: 'unrecoverable_position' });
    await expect(page({ epoch: 'epoch2', limit: 0 })).rejects.toMatchObject({ code: 'unrecoverable_position' });
    await expect(page({ epoch: '', after: 1 })).rejects.toMatchObject({ code: 'unrecoverable_position' });
  });

  it('from the beginning of no epoch is that of whichever it is', async () => {
    await keepMessages(chat, 'general', count(3));
    expect(await offsets({ epoch: '', after: 0 })).toEqual([1, 2, 3]);
    expect(await offsets({ epoch: '' })).toEqual([1, 2, 3]);
  });

  it('of a channel whose head has expired is empty: nothing of before is mixed into what comes', async () => {
    await keepMessages(chat, 'general', count(3));
    chat.world.time += 3_600_000;
    expect(await page()).toEqual({ position: { epoch: '', offset: 0 }, publications: [] });
    await expect(page({ epoch: 'epoch1', after: 1 })).rejects.toMatchObject({ code: 'unrecoverable_position' });
  });
});

it('pages together are what is kept, each message once and in order, however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 50 }), { maxLength: 30 }),
      fc.nat(12),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 400 }),
      async (datas, removed, limit, bytes) => {
        chat = memoryChat({ namespaces: { '': { historySize: 20, historyTtl: 3600 } } });
        await keepMessages(chat, 'general', datas);
        await removeKept(chat, 'general', Math.min(removed, datas.length));
        const kept = count(datas.length).filter((offset) => offset > removed && offset > datas.length - 20);

        const upwards: number[] = [];
        for (let after = 0; ; after = Number(upwards.at(-1))) {
          const next = await offsets({ after, limit }, bytes);
          if (next.length === 0) break;
          upwards.push(...next.map(Number));
        }
        expect(upwards).toEqual(kept);

        const downwards: number[] = [];
        for (let before: number | undefined; ; before = downwards.at(-1)) {
          const next = await offsets({ order: 'newestFirst', limit, ...(before !== undefined && { before }) }, bytes);
          if (next.length === 0) break;
          downwards.push(...next.map(Number));
        }
        expect(downwards).toEqual(kept.toReversed());
      },
    ),
  );
});
