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

describe('a subscribe', () => {
  it('is answered with the position of the log at its place in the order', async () => {
    await handle(message(1), message(2), subscribe(3), message(4), subscribe(5, { connection: 'c2' }));
    expect(told()).toEqual([
      { type: 'subscribed', id: 's3', channel: 'general', epoch: 'epoch1', offset: 2 },
      expect.objectContaining({ type: 'message', id: 'm4', offset: 3 }),
    ]);
    expect(told('c2')).toEqual([{ type: 'subscribed', id: 's5', channel: 'general', epoch: 'epoch1', offset: 3 }]);
  });

  it('without an id is answered all the same', async () => {
    await handle(inHand(1, subscribeEvent('c1')));
    expect(told()).toEqual([{ type: 'subscribed', channel: 'general', epoch: 'epoch1', offset: 0 }]);
  });

  it('makes a reader, after its reply has arrived, who ends with its connection', async () => {
    chat.posts.answer = () => {
      expect(chat.subscriptions.rows.size).toBe(0);
      return 'delivered';
    };
    await handle(subscribe(7, { user: 'alice', info: { name: 'Alice' }, connectedAt: 1_764_000_000_999 }));
    expect(await row()).toEqual({
      connection: 'c1',
      user: 'alice',
      info: { name: 'Alice' },
      format: 'json',
      token: 's-c1',
      seq: seqOf('7'),
      from: { epoch: 'epoch1', offset: 0 },
      expiresAt: 1_764_000_000 + 2 * 3600 + 600,
    });
  });

  it('to a channel without history is answered without a position', async () => {
    await handle(subscribe(1, { channel: 'live:x' }));
    expect(told()).toEqual([{ type: 'subscribed', id: 's1', channel: 'live:x' }]);
  });

  it('that comes back is answered as it was, and makes no second reader', async () => {
    await handle(message(1), subscribe(2), message(3));
    await handle(subscribe(2, {}, 2), message(4));
    expect(told().map(({ type, offset }) => [type, offset])).toEqual([
      ['subscribed', 1],
      ['message', 2],
      ['subscribed', 1],
      ['message', 3],
    ]);
    expect(await row()).toMatchObject({ seq: seqOf('2'), from: { epoch: 'epoch1', offset: 1 } });
  });

  it('of somebody who reads the channel already is refused, and changes nothing', async () => {
    await handle(subscribe(1));
    const before = await row();
    await handle(subscribe(2, { token: 's-other' }));
    expect(told()[1]).toEqual({
      type: 'error',
      id: 's2',
      channel: 'general',
      code: 'already_subscribed',
      message: 'general: already subscribed',
    });
    expect(await row()).toEqual(before);
  });

  it('of a reader that was cut is not answered: its connection is being ended', async () => {
    await chat.subscriptions.put('general', readerOf('c1', { cut: true }));
    await handle(subscribe(1), subscribe(2, { token: 's-other' }));
    expect(chat.posts.attempts).toEqual([]);
  });

  it.each([
    [{ epoch: 'epoch1', offset: 2 }, true],
    [{ epoch: 'epoch1', offset: 1 }, false],
    [{ epoch: 'epoch1', offset: 3 }, false],
    [{ epoch: 'former', offset: 2 }, false],
  ])('since %j, where nothing of that epoch is beyond 2, has recovered: %s', async (since, recovered) => {
    await handle(message(1), message(2), subscribe(3, { since }));
    expect(told()).toEqual([
      { type: 'subscribed', id: 's3', channel: 'general', epoch: 'epoch1', offset: 2, recovered },
    ]);
  });

  it('since any position of a channel without history has not recovered', async () => {
    await handle(subscribe(1, { channel: 'live:x', since: { epoch: 'epoch1', offset: 0 } }));
    expect(told()).toEqual([{ type: 'subscribed', id: 's1', channel: 'live:x', recovered: false }]);
  });
});

describe('a subscribe whose reply does not arrive', () => {
  it('leaves no reader behind where the connection is gone, and takes the connection down', async () => {
    answering('gone');
    expect(await handle(subscribe(1), message(2))).toEqual([]);
    expect(await row()).toBeUndefined();
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
    expect(chat.connections.records.size).toBe(0);
  });

  it('sends a leave to its channel also where no record names it', async () => {
    await chat.connections.remove('c1');
    answering('gone');
    await handle(subscribe(1));
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
  });

  it.each(['unanswered', 'refused', 'busy'] as const)(
    'because it is %s ends the connection, and leaves a reader that is cut from the start',
    async (answer) => {
      answering(answer);
      expect(await handle(message(1), subscribe(2), message(3))).toEqual([]);
      expect(await row()).toMatchObject({ cut: true, seq: seqOf('2'), from: { epoch: 'epoch1', offset: 1 } });
      expect(chat.later.ends).toEqual([{ connection: 'c1', channel: 'general' }]);
      expect(chat.posts.attempts.every(({ frame }) => !frame.includes('"m3"'))).toBe(true);
      expect(chat.metrics.counts.get('PostRefused')).toBe(answer === 'refused' ? 1 : undefined);
    },
  );

  it('is not answered from a later position when it comes back', async () => {
    answering('unanswered');
    await handle(subscribe(1));
    answering('delivered');
    await handle(subscribe(1, {}, 2), message(2));
    expect(told()).toEqual([]);
  });

  it.each(['unanswered', 'refused', 'busy'] as const)(
    'because the refusal of a second subscribe is %s ends the connection',
    async (answer) => {
      await handle(subscribe(1));
      answering(answer);
      await handle(subscribe(2, { token: 's-other' }));
      expect(chat.later.ends).toEqual([{ connection: 'c1', channel: 'general' }]);
    },
  );

  it('because the connection is gone takes the connection down, also where it was a refusal', async () => {
    await handle(subscribe(1));
    answering('gone');
    await handle(subscribe(2, { token: 's-other' }));
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
  });
});

describe("a handshake's subscribe", () => {
  const handshake = (number: number, more: Partial<SubscribeEvent> = {}) =>
    subscribe(number, { handshake: true, connectedAt: chat.world.now(), ...more });

  it('that meets 410 while the connection is young is sent again later: it is neither given up nor waited for', async () => {
    answering('gone');
    const item = handshake(1);
    chat.world.time += 29_999;
    expect(await handle(item, message(2))).toEqual([]);
    expect(chat.later.repeated).toEqual([{ ...item.event, attempt: 1 }]);
    expect(await row()).toBeUndefined();
    expect(chat.queue.events).toEqual([]);
    expect(chat.connections.records.has('c1')).toBe(true);
  });

  it('counts how often it has come back', async () => {
    answering('gone');
    await handle(handshake(1, { attempt: 3 }));
    expect(chat.later.repeated).toMatchObject([{ attempt: 4 }]);
  });

  it('that meets 410 after 30 s is of a connection that is gone', async () => {
    answering('gone');
    const item = handshake(1);
    chat.world.time += 30_000;
    await handle(item);
    expect(chat.later.repeated).toEqual([]);
    expect(chat.queue.events).toEqual([leaveEvent('c1')]);
  });

  it('that comes back is answered from its later position', async () => {
    answering('gone');
    await handle(handshake(1), message(2));
    answering('delivered');
    await handle(handshake(3, { attempt: 1 }), message(4));
    expect(told().map(({ type, offset }) => [type, offset])).toEqual([
      ['subscribed', 1],
      ['message', 2],
    ]);
  });

  it('that comes back counts only if the record still names its token', async () => {
    await chat.connections.note('c1', { general: 'u-later' }, 128);
    await handle(handshake(1, { attempt: 1 }));
    await chat.connections.remove('c1');
    await handle(handshake(2, { attempt: 1 }));
    expect(chat.posts.attempts).toEqual([]);
    expect(await row()).toBeUndefined();
  });

  it('does not look at the record the first time', async () => {
    chat.connections.read = () => Promise.reject(new Unavailable('away'));
    expect(await handle(handshake(1))).toEqual([]);
    expect(told()).toMatchObject([{ type: 'subscribed' }]);
  });
});

describe('an unsubscribe', () => {
  const unsubscribe = (number: number, token = 'u-c1', receives = 1) =>
    inHand(number, unsubscribeEvent('c1', { id: `u${number}`, token }), receives);

  it('takes the reader away, and its token out of the record, and is answered after the last message', async () => {
    await chat.connections.note('c1', { general: 'u-c1' }, 128);
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

  it('are given back from the first that is not done, and those before it are done', async () => {
    const items = ['c1', 'c2', 'c3'].map((connection, i) => subscribe(i + 1, { connection }));
    const put = chat.subscriptions.put.bind(chat.subscriptions);
    chat.subscriptions.put = (channel, reader) =>
      reader.connection === 'c2' ? Promise.reject(new Unavailable('away')) : put(channel, reader);
    expect(await handle(...items)).toEqual(items.slice(1));
    expect(told('c3')).toHaveLength(1);
    chat.subscriptions.put = put;
    expect(await handle(...items.slice(1))).toEqual([]);
    expect((await chat.subscriptions.of('general')).map(({ connection }) => connection).sort()).toEqual([
      'c1',
      'c2',
      'c3',
    ]);
    expect(told('c3').map(({ offset }) => offset)).toEqual([0, 0]);
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
