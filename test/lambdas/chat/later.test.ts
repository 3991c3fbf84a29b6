import { beforeEach, describe, expect, it } from 'vitest';
import { handleLater, type LaterItem } from '../../../lambdas/chat/later.ts';
import { connectionOf, leaveEvent, type MemoryChat, memoryChat, subscribeEvent } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const end = { v: 1, type: 'end', connection: 'c1' } as const;

beforeEach(async () => {
  chat = memoryChat();
  await chat.connections.create(connectionOf('c1', { channels: { general: 's1' } }));
});

describe('an end that waited', () => {
  it('ends the connection, and takes it down when it is gone for certain', async () => {
    expect(await handleLater(chat, end)).toBe(true);
    expect(chat.posts.ended).toEqual(['c1']);
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
    expect(chat.connections.records.size).toBe(0);
  });

  it('waits again as long as it is not certain, and takes nothing down', async () => {
    chat.posts.ends = () => 'busy';
    expect(await handleLater(chat, end)).toBe(false);
    expect(chat.queue.events).toEqual([]);
    expect(chat.connections.records.size).toBe(1);
  });

  it('is certain where the connection is not there any more', async () => {
    chat.posts.ends = () => 'gone';
    await chat.connections.create(connectionOf('c1', { connectedAt: chat.world.now() - 30_000 }));
    expect(await handleLater(chat, end)).toBe(true);
    expect(chat.connections.records.size).toBe(0);
  });

  it('is not, where it may not be there yet: in its handshake', async () => {
    chat.posts.ends = () => 'gone';
    await chat.connections.create(connectionOf('c1', { connectedAt: chat.world.now() - 29_999 }));
    expect(await handleLater(chat, end)).toBe(false);
    expect(chat.connections.records.size).toBe(1);
  });

  it('sends a leave also to the channel where the connection was met', async () => {
    await handleLater(chat, { ...end, channel: 'news' });
    expect(chat.queue.events).toEqual([leaveEvent('c1'), leaveEvent('c1', { channel: 'news' })]);
  });

  it('is certain also where the connection has long been taken down', async () => {
    await chat.connections.remove('c1');
    expect(await handleLater(chat, end)).toBe(true);
    expect(chat.queue.events).toEqual([]);
  });
});

describe("a handshake's subscribe that waited", () => {
  const again = { v: 1, type: 'again', event: subscribeEvent('c1', { handshake: true, attempt: 1 }) } as const;

  it('is sent again as a new event of its channel', async () => {
    expect(await handleLater(chat, again)).toBe(true);
    expect(chat.queue.events).toEqual([again.event]);
    expect(chat.queue.sent[0]).not.toHaveProperty('deduplicationId');
    expect(chat.posts.ended).toEqual([]);
  });

  it('waits again where the queue did not take it', async () => {
    chat.queue.takes = () => false;
    expect(await handleLater(chat, again)).toBe(false);
  });
});

it('fails with what it does not know of its own version', async () => {
  const unknown = { v: 1, type: 'remind', connection: 'c1' } as unknown as LaterItem;
  await expect(handleLater(chat, unknown)).rejects.toThrow('no such item: remind');
  expect(chat.posts.ended).toEqual([]);
});

it('leaves alone what a newer version has written, and lets it wait', async () => {
  const newer = { v: 2, type: 'remind', connection: 'c1' } as unknown as LaterItem;
  expect(await handleLater(chat, newer)).toBe(false);
  expect(chat.posts.ended).toEqual([]);
});
