import { describe, expect, it } from 'vitest';
import { deliver } from '../../../lambdas/chat/deliver.ts';
import { channels, history, info, presence, presenceStats } from '../../../lambdas/chat/server-inquiries.ts';
import { connectionOf, inHand, leaseOf, memoryChat, publishEvent, readerOf } from '../../support/memory-chat.ts';

const namespaces = { '': { historySize: 10, historyTtl: 60 }, lobby: { presence: true }, closed: {} };
const chatOf = () => memoryChat({ namespaces });

describe('history', () => {
  const kept = async () => {
    const chat = chatOf();
    const events = ['m1', 'm2', 'm3'].map((id, i) => inHand(i + 1, publishEvent(id)));
    await deliver(chat, events, leaseOf(chat));
    return chat;
  };
  const first = { channel: 'general', limit: 2, order: 'oldestFirst' } as const;

  it('answers a part of what is kept, and where the channel stands', async () => {
    const chat = await kept();
    expect(await history(chat, first)).toMatchObject({
      result: {
        type: 'history',
        position: { offset: 3 },
        publications: [
          { id: 'm1', offset: 1 },
          { id: 'm2', offset: 2 },
        ],
      },
    });
    expect(await history(chat, { ...first, order: 'newestFirst', before: 3 })).toMatchObject({
      result: { publications: [{ id: 'm2' }, { id: 'm1' }] },
    });
    expect(await history(chat, { ...first, limit: 0 })).toMatchObject({
      result: { position: { offset: 3 }, publications: [] },
    });
  });

  it('answers of a channel that nobody has used its beginning', async () => {
    expect(await history(chatOf(), first)).toEqual({
      result: { type: 'history', position: { epoch: '', offset: 0 }, publications: [] },
    });
  });

  it('is refused for another epoch, where none is kept, and for what is no channel', async () => {
    const chat = await kept();
    await expect(history(chat, { ...first, after: 1, epoch: 'other' })).rejects.toMatchObject({
      code: 'unrecoverable_position',
    });
    await expect(history(chat, { ...first, channel: 'closed:x' })).rejects.toMatchObject({ code: 'not_available' });
    await expect(history(chat, { ...first, channel: 'none:x' })).rejects.toMatchObject({ code: 'unknown_channel' });
  });
});

describe('presence', () => {
  it('shows every connection that reads, and counts them', async () => {
    const chat = chatOf();
    for (const [connection, user] of Object.entries({ a1: 'alice', a2: 'alice', b1: 'bob' })) {
      await chat.subscriptions.put('lobby:x', readerOf(connection, { user }));
    }
    expect(await presence(chat, 'lobby:x')).toMatchObject({
      result: { type: 'presence', members: [{ connection: 'a1' }, { connection: 'a2' }, { connection: 'b1' }] },
    });
    expect(await presenceStats(chat, 'lobby:x')).toEqual({
      result: { type: 'presenceStats', connections: 3, users: 2 },
    });
  });

  it('is refused where the namespace has none, and for what is no channel', async () => {
    for (const ask of [presence, presenceStats]) {
      await expect(ask(chatOf(), 'general')).rejects.toMatchObject({ code: 'not_available' });
      await expect(ask(chatOf(), 'none:x')).rejects.toMatchObject({ code: 'unknown_channel' });
    }
  });
});

describe('the census', () => {
  const inhabited = async () => {
    const chat = chatOf();
    await chat.subscriptions.put('lobby:x', readerOf('a1'));
    await chat.subscriptions.put('lobby:x', readerOf('b1'));
    await chat.subscriptions.put('general', readerOf('a1'));
    await chat.connections.create(connectionOf('a1', { user: 'alice' }));
    await chat.connections.create(connectionOf('a2', { user: 'alice' }));
    await chat.connections.create(connectionOf('b1', { user: 'bob' }));
    return chat;
  };

  it('shows the channels that have readers, all or those of a pattern', async () => {
    const chat = await inhabited();
    expect(await channels(chat, '')).toEqual({
      result: { type: 'channels', channels: new Map(Object.entries({ 'lobby:x': 2, general: 1 })) },
    });
    expect(await channels(chat, 'lobby:*')).toEqual({
      result: { type: 'channels', channels: new Map(Object.entries({ 'lobby:x': 2 })) },
    });
    await expect(channels(chat, '[')).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('counts what there is', async () => {
    expect(await info(await inhabited())).toEqual({
      result: { type: 'info', connections: 3, users: 2, channels: 2, subscriptions: 3 },
    });
  });
});
