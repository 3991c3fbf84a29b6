import { beforeEach, describe, expect, it } from 'vitest';
import type { Delivered } from '../../../lambdas/chat/channel-event.ts';
import { deliver } from '../../../lambdas/chat/deliver.ts';
import type { PostAnswer, Subscription } from '../../../lambdas/chat/ports.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import { jsonFormat } from '../../../lambdas/protocol/json.ts';
import {
  connectionOf,
  inHand,
  leaseOf,
  leaveEvent,
  type MemoryChat,
  memoryChat,
  publishEvent,
  readerOf,
} from '../../support/memory-chat.ts';

let chat: MemoryChat;
const handle = (...items: Delivered[]) => deliver(chat, items, leaseOf(chat));
const message = (number: number, more: Parameters<typeof publishEvent>[1] = {}) =>
  inHand(number, publishEvent(`m${number}`, more));
const ids = (connection: string) => chat.posts.told(connection).map(({ id }) => id);
const isCut = async (connection: string) => (await chat.subscriptions.find('general', connection))?.cut === true;
const reads = (...connections: (string | Subscription)[]) =>
  Promise.all(
    connections.map((one) => chat.subscriptions.put('general', typeof one === 'string' ? readerOf(one) : one)),
  );
const many = (count: number) => Array.from({ length: count }, (_, i) => `r${i + 1}`);
/** Posts to these connections are answered so. */
const answering = (answer: PostAnswer, connections: readonly string[]) => {
  chat.posts.answer = (connection) => (connections.includes(connection) ? answer : 'delivered');
};

beforeEach(() => {
  chat = memoryChat();
});

describe('a run of messages', () => {
  it('goes to every reader of the channel, and to nobody else', async () => {
    await reads('r1', 'r2');
    await chat.subscriptions.put('other', readerOf('r3'));
    await handle(message(1), message(2));
    expect([ids('r1'), ids('r2'), ids('r3')]).toEqual([['m1', 'm2'], ['m1', 'm2'], []]);
  });

  it('is written once for all readers', async () => {
    await reads(...many(20));
    let written = 0;
    const json = {
      ...jsonFormat,
      message: (...args: Parameters<typeof jsonFormat.message>) => {
        written++;
        return jsonFormat.message(...args);
      },
    };
    await deliver({ ...chat, formats: { ...chat.formats, json } }, [message(1), message(2)], leaseOf(chat));
    expect(ids('r20')).toEqual(['m1', 'm2']);
    expect(written).toBe(2);
  });

  it('goes to a reader from where it has subscribed on', async () => {
    await reads(readerOf('r1', { seq: seqOf('2') }), readerOf('r2', { seq: seqOf('9') }), 'r3');
    await handle(message(1), message(2), message(3));
    expect([ids('r1'), ids('r2'), ids('r3')]).toEqual([['m3'], [], ['m1', 'm2', 'm3']]);
  });

  it('does not go to a reader that was cut', async () => {
    await reads(readerOf('r1', { cut: true }));
    await handle(message(1));
    expect(chat.posts.attempts).toEqual([]);
    expect(chat.later.ends).toEqual([]);
  });

  it('cuts a reader whose epoch is not that of the channel, instead of showing it what it cannot place', async () => {
    await reads('r1', readerOf('r2', { from: { epoch: 'former', offset: 41 } }));
    await handle(message(1));
    expect([ids('r1'), ids('r2')]).toEqual([['m1'], []]);
    expect(await isCut('r2')).toBe(true);
    expect(chat.later.ends).toEqual([{ connection: 'r2', channel: 'general' }]);
  });

  it('is split where its frame would pass 32 KB, and each frame waits for the answer to the last', async () => {
    await reads('r1', 'r2');
    chat.posts.takesMs = () => 50;
    await handle(...[1, 2, 3, 4].map((n) => message(n, { data: 'x'.repeat(15_000) })));
    for (const connection of ['r1', 'r2']) {
      expect(chat.posts.frames(connection).map((frame) => frame.split('\n').length)).toEqual([2, 2]);
      expect(chat.posts.frames(connection).every((frame) => Buffer.byteLength(frame) <= 32_768)).toBe(true);
      expect(ids(connection)).toEqual(['m1', 'm2', 'm3', 'm4']);
    }
    expect(chat.posts.most).toEqual({ inAll: 2, toOne: 1 });
  });

  it('goes to at most 64 readers at once', async () => {
    await reads(...many(200));
    chat.posts.takesMs = () => 10;
    await handle(message(1));
    expect(chat.posts.most).toEqual({ inAll: 64, toOne: 1 });
    for (const connection of many(200)) expect(ids(connection)).toEqual(['m1']);
  });

  it('reaches the others at once, however slow one of them is', async () => {
    await reads('slow', ...many(10));
    chat.posts.takesMs = (connection) => (connection === 'slow' ? 1_900 : 0);
    const began = chat.world.now();
    await handle(message(1), message(2));
    for (const { connection, at } of chat.posts.attempts) expect([connection, at]).toEqual([connection, began]);
    expect(ids('slow')).toEqual(['m1', 'm2']);
  });
});

describe('a reader that is gone', () => {
  it('is taken down, and the sender and the other readers are not', async () => {
    await reads('r1', 'r2');
    await chat.connections.create(connectionOf('r1', { channels: { general: 's1', news: 's2' } }));
    await chat.connections.create(connectionOf('sender', { channels: { general: 's3' } }));
    answering('gone', ['r1']);
    expect(await handle(message(1))).toEqual([]);
    expect(ids('r2')).toEqual(['m1']);
    expect(chat.queue.events).toEqual([leaveEvent('r1'), leaveEvent('r1', { channel: 'news' })]);
    expect([...chat.connections.records.keys()]).toEqual(['sender']);
    expect(chat.later.ends).toEqual([]);
  });

  it('is posted to no more in the same batch', async () => {
    await reads('r1');
    answering('gone', ['r1']);
    await handle(
      message(1, { data: 'x'.repeat(20_000) }),
      message(2, { data: 'x'.repeat(20_000) }),
      inHand(3, leaveEvent('nobody')),
      message(4),
    );
    expect(chat.posts.attempts).toHaveLength(1);
    expect(chat.queue.events).toEqual([leaveEvent('r1')]);
  });

  it('whose leave is not accepted keeps the message until it is', async () => {
    await reads('r1');
    answering('gone', ['r1']);
    chat.queue.takes = () => false;
    const items = [message(1)];
    expect(await handle(...items)).toEqual(items);
  });
});

describe('a reader that cannot be reached', () => {
  it.each([
    ['unanswered', 1],
    ['refused', 1],
  ] as const)('and whose post is %s is cut, and nothing follows it', async (answer, attempts) => {
    await reads('r1', 'r2');
    answering(answer, ['r1']);
    const long = { data: 'x'.repeat(20_000) };
    expect(await handle(message(1, long), message(2, long), inHand(3, leaveEvent('nobody')), message(4))).toEqual([]);
    expect(chat.posts.attempts.filter(({ connection }) => connection === 'r1')).toHaveLength(attempts);
    expect(await isCut('r1')).toBe(true);
    expect(chat.later.ends).toEqual([{ connection: 'r1', channel: 'general' }]);
    expect(ids('r2')).toEqual(['m1', 'm2', 'm4']);
    expect(chat.metrics.counts.get('ReaderCut')).toBe(1);
    expect(chat.metrics.counts.get('PostRefused')).toBe(answer === 'refused' ? 1 : undefined);
  });

  it('for 3 s is cut, and the others have their messages meanwhile', async () => {
    await reads('r1', 'r2');
    answering('busy', ['r1']);
    const began = chat.world.now();
    expect(await handle(message(1))).toEqual([]);
    expect(chat.world.now() - began).toBeLessThan(3_000);
    expect(await isCut('r1')).toBe(true);
    expect(chat.posts.attempts.find(({ connection }) => connection === 'r2')?.at).toBe(began);
    expect(await isCut('r2')).toBe(false);
  });

  it('for a moment gets everything, in order and once', async () => {
    await reads('r1');
    let busy = 3;
    chat.posts.answer = () => (busy-- > 0 ? 'busy' : 'delivered');
    const long = { data: 'x'.repeat(20_000) };
    expect(await handle(message(1, long), message(2, long))).toEqual([]);
    expect(ids('r1')).toEqual(['m1', 'm2']);
    expect(await isCut('r1')).toBe(false);
  });
});

describe('many readers who cannot be reached', () => {
  it.each([
    [9, 9],
    [10, 51],
    [12, 61],
  ])('%i of %i are cut: so few may well be at fault themselves', async (busy, all) => {
    await reads(...many(all));
    answering('busy', many(busy));
    expect(await handle(message(1))).toEqual([]);
    expect(chat.later.ends).toHaveLength(busy);
    expect(ids(`r${all}`)).toEqual(busy === all ? [] : ['m1']);
  });

  it.each([
    [10, 10],
    [10, 50],
    [12, 60],
  ])('%i of %i are not cut: the service is at fault, and the run is given back at the deadline', async (busy, all) => {
    await reads(...many(all));
    answering('busy', many(busy));
    const items = [message(1)];
    const began = chat.world.now();
    expect(await handle(...items)).toEqual(items);
    expect(chat.world.now() - began).toBeGreaterThanOrEqual(12_000);
    expect(chat.world.now() - began).toBeLessThan(13_000);
    expect(chat.later.ends).toEqual([]);
  });

  it('have their messages as soon as the service is well again, and those who had them are not sent them twice', async () => {
    await reads(...many(20));
    const well = chat.world.now() + 5_000;
    chat.posts.answer = (connection) =>
      many(10).includes(connection) && chat.world.now() < well ? 'busy' : 'delivered';
    expect(await handle(message(1))).toEqual([]);
    for (const connection of many(20)) expect(ids(connection)).toEqual(['m1']);
    expect(chat.later.ends).toEqual([]);
  });

  it('are cut when the service is well again for most of them', async () => {
    await reads(...many(20));
    const well = chat.world.now() + 5_000;
    chat.posts.answer = (connection) => {
      if (connection === 'r1') return 'busy';
      return many(10).includes(connection) && chat.world.now() < well ? 'busy' : 'delivered';
    };
    expect(await handle(message(1))).toEqual([]);
    expect(chat.later.ends).toEqual([{ connection: 'r1', channel: 'general' }]);
  });
});

describe('a frame of ephemeral messages alone', () => {
  const ephemeral = (number: number, data: unknown = number) => message(number, { ephemeral: true, data });

  it('is dropped where it cannot be posted: nobody is cut for it, and what follows goes on', async () => {
    await reads(...many(10));
    answering('busy', many(10));
    expect(await handle(ephemeral(1))).toEqual([]);
    expect(chat.later.ends).toEqual([]);
    answering('delivered', []);
    await handle(message(2));
    expect(ids('r1')).toEqual(['m2']);
  });

  it('is dropped, and the next frame of the same run goes on', async () => {
    await reads('r1');
    chat.posts.answer = (_, frame) => (frame.includes('"m1"') ? 'busy' : 'delivered');
    await handle(ephemeral(1, 'x'.repeat(20_000)), message(2, { data: 'x'.repeat(20_000) }));
    expect(ids('r1')).toEqual(['m2']);
    expect(await isCut('r1')).toBe(false);
  });

  it('is dropped where its post is refused, too', async () => {
    await reads('r1');
    answering('refused', ['r1']);
    await handle(ephemeral(1));
    expect(await isCut('r1')).toBe(false);
  });

  it('cuts a reader that does not answer: it would hold up every run of the channel', async () => {
    await reads('r1');
    answering('unanswered', ['r1']);
    await handle(ephemeral(1));
    expect(await isCut('r1')).toBe(true);
  });

  it('is one only where no other message is in it', async () => {
    await reads('r1');
    answering('busy', ['r1']);
    await handle(ephemeral(1), message(2));
    expect(await isCut('r1')).toBe(true);
  });
});
