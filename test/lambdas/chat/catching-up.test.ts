import { beforeEach, describe, expect, it } from 'vitest';
import type { SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { PostAnswer } from '../../../lambdas/chat/ports.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import { MemoryChannel } from '../../support/memory-channel.ts';
import {
  connectionOf,
  leaveEvent,
  type MemoryChat,
  memoryChat,
  moreEvent,
  publishEvent,
  readerOf,
  removeHistoryEvent,
  subscribeEvent,
  unsubscribeEvent,
} from '../../support/memory-chat.ts';

let chat: MemoryChat;
let channel: MemoryChannel;
let messages: number;

/** Three of these fill a frame. */
const long = 'x'.repeat(10_000);
const publish = (count: number, data: unknown = long) =>
  channel.send(...Array.from({ length: count }, () => publishEvent(`m${++messages}`, { data })));
const published = (count: number, data: unknown = long) => publish(count, data).receiveAll();
const fromStart = (connection = 'c1', more: Partial<SubscribeEvent> = {}) =>
  subscribeEvent(connection, { id: '1', since: { epoch: '', offset: 0 }, ...more });
const told = (connection = 'c1') => chat.posts.told(connection);
const offsets = (connection = 'c1') => told(connection).map(({ type, offset }) => (type === 'message' ? offset : type));
const row = (connection = 'c1') => chat.subscriptions.find('general', connection);
const upTo = (count: number, from = 1) => Array.from({ length: count - from + 1 }, (_, i) => from + i);
const token = () => chat.connections.records.get('c1')?.channels.general;
/** Posts to this connection are answered so, from its `after`th on. */
const answering = (answer: PostAnswer, after = 0, connection = 'c1') => {
  let posts = 0;
  chat.posts.answer = (to) => (to === connection && posts++ >= after ? answer : 'delivered');
};

beforeEach(async () => {
  chat = memoryChat();
  channel = new MemoryChannel(chat);
  messages = 0;
  await chat.connections.create(connectionOf('c1', { channels: { general: 's-c1' } }));
});

describe('a reader that missed more than a frame holds', () => {
  it.each(['json', 'centrifuge'] as const)(
    'has it all, once and in order, while messages come, and is live then (%s)',
    async (format) => {
      await published(40);
      await channel.send(fromStart('c1', { format, recoverable: true })).receive();
      for (let i = 0; i < 4; i++) await publish(2, 'short').receive();
      await channel.receiveAll();
      await published(2, 'short');
      if (format === 'json') {
        expect(offsets()).toEqual(['subscribed', ...upTo(50)]);
      } else {
        const [reply, ...pushes] = told() as { subscribe: { publications: { offset: number }[] } }[];
        const all = [...(reply?.subscribe.publications ?? []), ...pushes.map((push) => Object(push).push.pub)];
        expect(all.map(({ offset }) => offset)).toEqual(upTo(50));
      }
      expect(await row()).not.toHaveProperty('at');
      expect(chat.posts.frames('c1').every((frame) => Buffer.byteLength(frame) <= 32_768)).toBe(true);
    },
  );

  it('is passed by by what is published meanwhile, which it is sent in its order', async () => {
    await published(10);
    await chat.subscriptions.put('general', readerOf('live'));
    channel.send(fromStart(), publishEvent('new'));
    await channel.receive();
    expect(offsets('live')).toEqual([11]);
    expect(offsets()).toEqual(['subscribed', 1, 2, 3]);
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(11)]);
  });

  it('is sent no ephemeral message before it has caught up', async () => {
    await published(10);
    await channel.send(fromStart(), publishEvent('typing', { ephemeral: true })).receiveAll();
    await channel.send(publishEvent('typing again', { ephemeral: true })).receiveAll();
    expect(told().filter(({ offset }) => offset === undefined)).toMatchObject([{ id: 'typing again' }]);
  });

  it('is a reader of what comes after the event with which it had caught up', async () => {
    await published(10);
    await channel.send(fromStart()).receiveAll();
    expect(await row()).toMatchObject({ seq: seqOf('12'), from: { epoch: 'epoch1', offset: 3 } });
  });

  it('is sent at most eight frames at once: then what waits already has its turn', async () => {
    await published(60);
    await channel.send(fromStart(), publishEvent('new')).receive();
    await channel.receive();
    expect(chat.posts.frames('c1')).toHaveLength(9);
    expect(await row()).toMatchObject({ at: 27 });
    expect(channel.waiting).toEqual([moreEvent('c1')]);
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(61)]);
  });

  it('is sent frames for at most 2 s at once, one at least', async () => {
    await published(30);
    chat.posts.takesMs = () => 700;
    await channel.send(fromStart()).receive();
    await channel.receive();
    expect(chat.posts.frames('c1')).toHaveLength(4);
    chat.posts.takesMs = () => 2_500;
    await channel.receive();
    expect(chat.posts.frames('c1')).toHaveLength(5);
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(30)]);
  });

  it('holds up nobody but itself', async () => {
    await published(60);
    await chat.subscriptions.put('general', readerOf('live'));
    chat.posts.takesMs = (connection) => (connection === 'c1' ? 1_500 : 0);
    await channel.send(fromStart()).receive();
    const waited: number[] = [];
    for (let i = 0; i < 5; i++) {
      const began = chat.world.now();
      await publish(1, 'short').receive();
      waited.push(chat.world.now() - began);
    }
    expect(offsets('live')).toEqual(upTo(65, 61));
    expect(Math.max(...waited)).toBeLessThan(4_000);
  });

  it('has the log read once for ten who missed the same', async () => {
    await published(20);
    for (let i = 0; i < 10; i++) channel.send(fromStart(`r${i}`));
    await channel.receive();
    let reads = 0;
    const read = chat.log.read.bind(chat.log);
    chat.log.read = (...args) => {
      reads++;
      return read(...args);
    };
    await channel.receive();
    expect(reads).toBe(1);
    for (let i = 0; i < 10; i++) expect(offsets(`r${i}`)).toEqual(['subscribed', ...upTo(20)]);
  });

  it('is not read of beside the others where only its own row is needed', async () => {
    chat = { ...chat, namespaces: { '': { historySize: 100, historyTtl: 3600, joinLeave: true } } };
    channel = new MemoryChannel(chat);
    await published(10);
    await channel.send(fromStart()).receive();
    chat.subscriptions.of = () => Promise.reject(new Error('not asked for'));
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(10)]);
  });
});

describe('an event that asks for more', () => {
  beforeEach(async () => {
    await published(10);
    await channel.send(fromStart()).receive();
  });

  it('and comes back after its frames were posted posts them again, and nothing is left out', async () => {
    const put = chat.subscriptions.put.bind(chat.subscriptions);
    chat.subscriptions.put = () => Promise.reject(new Unavailable('now'));
    expect(await channel.receive()).toHaveLength(1);
    chat.subscriptions.put = put;
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(10), ...upTo(10, 4)]);
  });

  it('and could not ask for the next goes on where it was', async () => {
    chat.posts.takesMs = () => 2_500;
    chat.queue.takes = () => false;
    expect(await channel.receive()).toMatchObject([{ event: { type: 'more' } }]);
    chat.queue.takes = () => true;
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(10)]);
  });

  it('a second time changes nothing once the reader has caught up', async () => {
    await channel.receiveAll();
    const before = await row();
    const attempts = chat.posts.attempts.length;
    await channel.send(moreEvent('c1')).receiveAll();
    expect(chat.posts.attempts).toHaveLength(attempts);
    expect(await row()).toEqual(before);
  });

  it('twice sends nothing twice', async () => {
    await channel.send(moreEvent('c1'), moreEvent('c1')).receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(10)]);
  });

  it('of an earlier subscription is not for the one that came after it', async () => {
    channel.empty();
    channel.send(unsubscribeEvent('c1'), subscribeEvent('c1', { token: 's-again', rewind: 5 }), moreEvent('c1'));
    await channel.receive();
    expect(channel.empty()).toEqual([moreEvent('c1', { token: 's-again' })]);
    expect(offsets()).toEqual(['subscribed', 1, 2, 3, 'unsubscribed', 'subscribed', 6, 7, 8]);
    expect(await row()).toMatchObject({ token: 's-again', at: 8 });
  });

  it('of nobody who reads the channel is nothing to do', async () => {
    await chat.subscriptions.remove('general', 'c1');
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', 1, 2, 3]);
  });

  it('of a reader that is cut posts nothing', async () => {
    await chat.subscriptions.cut('general', 'c1');
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', 1, 2, 3]);
  });

  it('is given back where the log cannot be read', async () => {
    chat.log.read = () => Promise.reject(new Unavailable('away'));
    expect(await channel.receive()).toHaveLength(1);
    expect(await row()).toMatchObject({ at: 3 });
  });
});

describe('a reader that is catching up, and whose history runs out underneath,', () => {
  beforeEach(async () => {
    await published(10);
    await channel.send(fromStart()).receive();
  });
  const lost = { type: 'unsubscribed', channel: 'general', code: 2500, reason: 'insufficient state' };
  const expire = (offset: number) => {
    const rows = chat.log.logs.get('general epoch1');
    const gone = rows?.get(offset);
    if (gone) rows?.set(offset, { ...gone, expiresAt: 0 });
  };

  it.each([4, 5, 10])('by the end of message %i, is told to subscribe again, and is no reader any more', async (n) => {
    expire(n);
    await channel.receiveAll();
    expect(told().at(-1)).toEqual(lost);
    expect(offsets()).toEqual(['subscribed', 1, 2, 3, 'unsubscribed']);
    expect(await row()).toBeUndefined();
    expect(token()).toBeUndefined();
  });

  it('by its removal, is told so too', async () => {
    await channel.send(removeHistoryEvent(), ...channel.empty()).receiveAll();
    expect(offsets()).toEqual(['subscribed', 1, 2, 3, 'unsubscribed']);
    expect(await row()).toBeUndefined();
  });

  it('is not told so by the removal of what it has', async () => {
    chat.log.heads.set('general', { ...Object(chat.log.heads.get('general')), removed: 3 });
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(10)]);
  });

  it('is not told so where only the size of the history has passed it', async () => {
    chat = { ...chat, namespaces: { '': { historySize: 2, historyTtl: 3600 } } };
    await new MemoryChannel(chat).receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(10)]);
  });

  it('is told so in its own format', async () => {
    await chat.subscriptions.put('general', readerOf('c1', { format: 'centrifuge', at: 3 }));
    expire(4);
    await channel.receiveAll();
    expect(told().at(-1)).toEqual({
      push: { channel: 'general', unsubscribe: { code: 2500, reason: 'insufficient state' } },
    });
  });

  it('keeps its row until it has been told, and its record is right whatever happens between', async () => {
    expire(4);
    const trace: string[] = [];
    const [forget, remove] = [chat.connections.forget, chat.subscriptions.remove];
    chat.connections.forget = (...args) => {
      trace.push(`forget, told: ${offsets().includes('unsubscribed')}`);
      return forget.apply(chat.connections, args);
    };
    chat.subscriptions.remove = () => Promise.reject(new Unavailable('now'));
    expect(await channel.receive()).toHaveLength(1);
    chat.subscriptions.remove = remove;
    await channel.receiveAll();
    expect(trace).toEqual(['forget, told: true', 'forget, told: true']);
    expect([await row(), token()]).toEqual([undefined, undefined]);
  });

  it('and has asked for the channel anew keeps that request', async () => {
    expire(4);
    await chat.connections.note('c1', { general: { token: 's-again' } }, 128);
    await channel.receiveAll();
    expect(token()).toBe('s-again');
  });

  it('and is gone is taken down', async () => {
    expire(4);
    answering('gone');
    await channel.receive();
    expect(channel.waiting).toEqual([leaveEvent('c1')]);
    expect(chat.connections.records.size).toBe(0);
  });

  it.each(['unanswered', 'refused', 'busy'] as const)('and whose post is %s is cut', async (answer) => {
    expire(4);
    answering(answer);
    await channel.receiveAll();
    expect(chat.later.ends).toEqual([{ connection: 'c1', channel: 'general' }]);
    expect(await row()).toMatchObject({ cut: true });
  });

  it('and whose server has asked for the channel has its connection ended: an SDK would not ask again by itself', async () => {
    channel.empty();
    expire(4);
    await channel.send(moreEvent('c1', { by: 'connect' })).receiveAll();
    expect(chat.later.ends).toEqual([
      { connection: 'c1', channel: 'general', disconnect: { code: 3010, reason: 'insufficient state' } },
    ]);
    expect(await row()).toMatchObject({ cut: true });
    expect(offsets()).toEqual(['subscribed', 1, 2, 3]);
  });

  it('is known to be of its server after however many pieces', async () => {
    chat.posts.takesMs = () => 2_500;
    channel.empty();
    await channel.send(moreEvent('c1', { by: 'server' })).receive();
    expect(channel.waiting).toEqual([moreEvent('c1', { by: 'server' })]);
  });
});

describe('a reader of another epoch that is catching up', () => {
  it('is cut, and never shown what it cannot place', async () => {
    await published(10);
    await channel.send(fromStart()).receive();
    chat.log.heads.delete('general');
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', 1, 2, 3]);
    expect(chat.later.ends).toEqual([{ connection: 'c1', channel: 'general' }]);
    expect(await row()).toMatchObject({ cut: true });
  });

  it('is cut by what is published before its turn, too', async () => {
    await published(10);
    await channel.send(fromStart()).receive();
    chat.log.heads.delete('general');
    channel.empty();
    await channel.send(publishEvent('new')).receiveAll();
    expect(await row()).toMatchObject({ cut: true });
    expect(offsets()).toEqual(['subscribed', 1, 2, 3]);
  });
});

describe('a reader that cannot be reached while it catches up', () => {
  beforeEach(async () => {
    await published(20);
    await channel.send(fromStart()).receive();
  });

  it('because it is gone is taken down, and holds up nobody', async () => {
    answering('gone', 2);
    expect(await channel.receive()).toEqual([]);
    expect(offsets()).toEqual(['subscribed', ...upTo(9)]);
    expect(channel.waiting).toEqual([leaveEvent('c1')]);
    await channel.receiveAll();
    expect(await row()).toBeUndefined();
  });

  it.each(['unanswered', 'refused', 'busy'] as const)(
    'because a post is %s is cut, and nothing follows',
    async (answer) => {
      answering(answer, 2);
      await channel.receiveAll();
      expect(offsets()).toEqual(['subscribed', ...upTo(9)]);
      expect(await row()).toMatchObject({ cut: true, at: 3 });
      expect(chat.later.ends).toEqual([{ connection: 'c1', channel: 'general' }]);
      expect(chat.metrics.counts.get('PostRefused')).toBe(answer === 'refused' ? 1 : undefined);
      const attempts = chat.posts.attempts.length;
      await publish(2).send(moreEvent('c1')).receiveAll();
      expect(chat.posts.attempts).toHaveLength(attempts);
    },
  );

  it('for a moment has everything, once', async () => {
    let busy = 3;
    chat.posts.answer = () => (busy-- > 0 ? 'busy' : 'delivered');
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(20)]);
  });

  it('before the time of the worker is over is gone on with by the next', async () => {
    const post = chat.posts.post.bind(chat.posts);
    let posts = 0;
    chat.posts.post = (...args) => {
      if (++posts === 2) chat.world.time += 12_000;
      return post(...args);
    };
    expect(await channel.receive()).toEqual([]);
    await channel.receiveAll();
    expect(offsets()).toEqual(['subscribed', ...upTo(20)]);
  });

  it('leaves while it catches up, and is sent no more', async () => {
    await channel.send(unsubscribeEvent('c1')).receiveAll();
    expect(await row()).toBeUndefined();
    const last = offsets().at(-1);
    expect(last).toBe('unsubscribed');
  });
});
