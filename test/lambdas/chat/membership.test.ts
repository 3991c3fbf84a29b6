import { beforeEach, describe, expect, it } from 'vitest';
import type { Delivered, SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
import { deliver } from '../../../lambdas/chat/deliver.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { PostAnswer } from '../../../lambdas/chat/ports.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import {
  connectionOf,
  inHand,
  leaseOf,
  leaveEvent,
  type MemoryChat,
  memoryChat,
  moreEvent,
  publishEvent,
  readerOf,
  subscribeEvent,
  unsubscribeEvent,
} from '../../support/memory-chat.ts';

let chat: MemoryChat;
const handle = (...items: Delivered[]) => deliver(chat, items, leaseOf(chat));
const subscribe = (number: number, more: Partial<SubscribeEvent> = {}, receives = 1) =>
  inHand(number, subscribeEvent(more.connection ?? 'c1', { id: `s${number}`, ...more }), receives);
const message = (number: number) => inHand(number, publishEvent(`m${number}`));
const told = (connection = 'c1') => chat.posts.told(connection);
const row = (connection = 'c1', channel = 'general') => chat.subscriptions.find(channel, connection);
const answering = (answer: PostAnswer) => {
  chat.posts.answer = () => answer;
};

beforeEach(async () => {
  chat = memoryChat();
  await chat.connections.create(connectionOf('c1', { channels: { general: 's-c1' } }));
});

describe('an unsubscribe', () => {
  const unsubscribe = (number: number, token = 'u-c1', receives = 1) =>
    inHand(number, unsubscribeEvent('c1', { id: `u${number}`, token }), receives);

  it('takes the reader away, and its token out of the record, and is answered after the last message', async () => {
    await chat.connections.note('c1', { general: { token: 'u-c1' } }, 128);
    await handle(subscribe(1), message(2), unsubscribe(3), message(4));
    expect(told().map(({ type, id }) => [type, id])).toEqual([
      ['subscribed', 's1'],
      ['message', 'm2'],
      ['unsubscribed', 'u3'],
    ]);
    expect(await row()).toBeUndefined();
    expect(chat.connections.records.get('c1')?.channels).toEqual({});
  });

  it('leaves the record alone where the client has asked for the channel since', async () => {
    await handle(subscribe(1), unsubscribe(2));
    expect(chat.connections.records.get('c1')?.channels).toEqual({ general: 's-c1' });
  });

  it('of somebody who is no reader is answered all the same', async () => {
    await handle(unsubscribe(1));
    expect(told()).toEqual([{ type: 'unsubscribed', id: 'u1', channel: 'general' }]);
  });

  it('that comes back after a later subscribe changes nothing, and says nothing', async () => {
    await handle(subscribe(1), unsubscribe(2), subscribe(3));
    await handle(unsubscribe(2, 'u-c1', 2), message(4));
    expect(await row()).toMatchObject({ seq: seqOf('3') });
    expect(told().map(({ type }) => type)).toEqual(['subscribed', 'unsubscribed', 'subscribed', 'message']);
  });

  it('of a reader that another queue numbered takes it away', async () => {
    await chat.subscriptions.put('general', readerOf('c1', { seq: '' }));
    await handle(unsubscribe(1));
    expect(await row()).toBeUndefined();
  });

  it('that the server has asked for tells its reason instead of a reply', async () => {
    const push = { code: 2000, reason: 'server unsubscribe' };
    await handle(subscribe(1), inHand(2, unsubscribeEvent('c1', { push })));
    expect(told()[1]).toEqual({ type: 'unsubscribed', channel: 'general', ...push });
    expect(await row()).toBeUndefined();
  });

  it('of a reader that is catching up takes it away', async () => {
    await chat.subscriptions.put('general', readerOf('c1', { at: 3 }));
    await handle(unsubscribe(1), inHand(2, moreEvent('c1')));
    expect(told()).toHaveLength(1);
    expect(await row()).toBeUndefined();
  });

  it('of a reader that has caught up behind it is a repeat', async () => {
    await chat.subscriptions.put('general', readerOf('c1', { seq: seqOf('5') }));
    await handle(unsubscribe(3));
    expect(told()).toEqual([]);
    expect(await row()).toBeDefined();
  });

  it.each(['unanswered', 'refused', 'busy'] as const)('whose reply is %s ends the connection', async (answer) => {
    answering(answer);
    await handle(unsubscribe(1));
    expect(chat.later.ends).toEqual([{ connection: 'c1', channel: 'general' }]);
  });

  it('whose connection is gone takes it down', async () => {
    answering('gone');
    await handle(unsubscribe(1));
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
  });
});

describe('a leave', () => {
  it('takes the reader away, and tells it nothing', async () => {
    await chat.subscriptions.put('general', readerOf('c1'));
    await handle(inHand(1, leaveEvent('c1')), message(2));
    expect(await row()).toBeUndefined();
    expect(chat.posts.attempts).toEqual([]);
  });

  it('of nobody is nothing to do, however often it comes', async () => {
    expect(await handle(inHand(1, leaveEvent('c9')), inHand(2, leaveEvent('c9')))).toEqual([]);
  });
});

describe('membership events', () => {
  it('of different connections are handled side by side, those of one in their order', async () => {
    chat.posts.takesMs = () => 1_000;
    const began = chat.world.now();
    await handle(
      subscribe(1, { connection: 'slow' }),
      ...Array.from({ length: 6 }, (_, i) => subscribe(2 + i, { connection: `c${i}` })),
      inHand(8, unsubscribeEvent('slow', { id: 'u8' })),
      subscribe(9, { connection: 'slow', token: 's-again' }),
    );
    expect(chat.posts.most.inAll).toBe(7);
    expect(chat.posts.most.toOne).toBe(1);
    expect(chat.world.now() - began).toBe(3_000);
    expect(told('slow').map(({ type, id }) => [type, id])).toEqual([
      ['subscribed', 's1'],
      ['unsubscribed', 'u8'],
      ['subscribed', 's9'],
    ]);
  });

  it('do not read all readers of the channel', async () => {
    chat.subscriptions.of = () => Promise.reject(new Error('not asked for'));
    expect(await handle(subscribe(1), inHand(2, leaveEvent('c2')))).toEqual([]);
  });

  it('of one run are given back together, and who has been answered is not answered again', async () => {
    const items = ['c1', 'c2', 'c3'].map((connection, i) => subscribe(i + 1, { connection }));
    for (const { event } of items) {
      const channels = { general: event.token };
      await chat.connections.create(connectionOf(event.connection, { channels }));
    }
    const put = chat.subscriptions.put.bind(chat.subscriptions);
    chat.subscriptions.put = (channel, reader) =>
      reader.connection === 'c2' ? Promise.reject(new Unavailable('away')) : put(channel, reader);
    expect(await handle(message(0), ...items)).toEqual(items);
    expect(told('c3')).toHaveLength(1);
    chat.subscriptions.put = put;
    expect(await handle(...items.map((item) => ({ ...item, receives: 2 })))).toEqual([]);
    expect((await chat.subscriptions.of('general')).map(({ connection }) => connection).sort()).toEqual([
      'c1',
      'c2',
      'c3',
    ]);
    expect(['c1', 'c2', 'c3'].map((connection) => told(connection).length)).toEqual([1, 2, 1]);
  });

  it('of a kind that nobody knows are not passed over', async () => {
    const odd = inHand(1, { v: 1, type: 'dance', channel: 'general', connection: 'c1' } as never);
    expect(await handle(odd, message(2))).toHaveLength(2);
    expect(chat.logger.lines[0]).toMatchObject({
      level: 'error',
      fields: { error: expect.objectContaining({ message: 'no such event: dance' }) },
    });
  });
});
