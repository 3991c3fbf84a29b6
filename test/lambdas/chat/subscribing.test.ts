import { beforeEach, describe, expect, it } from 'vitest';
import type { Delivered, PublishEvent, SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
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
    const more = { user: 'alice', info: { name: 'Alice' }, channelInfo: ['host'], joinLeave: true } as const;
    await handle(subscribe(7, { ...more, connectedAt: 1_764_000_000_999 }));
    expect(await row()).toEqual({
      connection: 'c1',
      user: 'alice',
      info: { name: 'Alice' },
      channelInfo: ['host'],
      joinLeave: true,
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

  it('that comes back is not answered again, and makes no second reader: its reply had arrived before its row was written', async () => {
    await handle(message(1), subscribe(2), message(3));
    await handle(subscribe(2, {}, 2), message(4));
    expect(told().map(({ type, offset }) => [type, offset])).toEqual([
      ['subscribed', 1],
      ['message', 2],
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
});

describe('a subscribe that asks for what was missed', () => {
  const long = { data: 'x'.repeat(10_000) };
  const published = (from: number, to: number, more: Partial<PublishEvent> = {}) =>
    handle(...Array.from({ length: to - from + 1 }, (_, i) => inHand(from + i, publishEvent(`m${from + i}`, more))));
  const since = (offset: number) => ({ since: { epoch: 'epoch1', offset } });

  it('is answered with it in one frame, from the position before it on, in the plain format', async () => {
    await published(1, 3);
    await handle(subscribe(4, since(1)));
    expect(chat.posts.frames('c1')).toHaveLength(1);
    expect(told()).toMatchObject([
      { type: 'subscribed', id: 's4', channel: 'general', epoch: 'epoch1', offset: 1, recovered: true },
      { type: 'message', id: 'm2', offset: 2 },
      { type: 'message', id: 'm3', offset: 3 },
    ]);
    expect(await row()).toMatchObject({ from: { epoch: 'epoch1', offset: 3 } });
    expect(await row()).not.toHaveProperty('at');
  });

  it('is answered with it in the reply, and the position behind it, in the Centrifugo format', async () => {
    await published(1, 3);
    await handle(subscribe(4, { ...since(1), id: '4', format: 'centrifuge', recoverable: true }));
    expect(told()).toEqual([
      {
        id: 4,
        subscribe: {
          recoverable: true,
          positioned: true,
          epoch: 'epoch1',
          offset: 3,
          recovered: true,
          was_recovering: true,
          publications: [expect.objectContaining({ offset: 2 }), expect.objectContaining({ offset: 3 })],
        },
      },
    ]);
  });

  it.each(['json', 'centrifuge'] as const)(
    'is answered with as much of it as one frame holds (%s), and the reader is catching up',
    async (format) => {
      await published(1, 7, long);
      await handle(subscribe(8, { ...since(1), id: '8', format, recoverable: true }), message(9));
      expect(chat.posts.frames('c1').map((frame) => Buffer.byteLength(frame) <= 32_768)).toEqual([true]);
      expect(await row()).toMatchObject({ from: { epoch: 'epoch1', offset: 4 }, at: 4, seq: seqOf('8') });
      expect(chat.queue.events).toEqual([moreEvent('c1')]);
      const [reply, ...pushes] = told();
      if (format === 'json') {
        expect(reply).toMatchObject({ offset: 1, recovered: true });
        expect(pushes.map(({ offset }) => offset)).toEqual([2, 3, 4]);
      } else {
        expect(reply).toMatchObject({ subscribe: { offset: 4, recovered: true, publications: { length: 3 } } });
      }
    },
  );

  it('of which not even the first fits beside the reply is answered without it', async () => {
    await published(1, 1, { data: 'x'.repeat(32_500) });
    await handle(subscribe(2, since(0)));
    expect(told()).toMatchObject([{ type: 'subscribed', offset: 0, recovered: true }]);
    expect(await row()).toMatchObject({ from: { epoch: 'epoch1', offset: 0 }, at: 0 });
  });

  it('counts bytes, not letters', async () => {
    await published(1, 3, { data: '😀'.repeat(3_500) });
    await handle(subscribe(4, since(0)));
    expect(chat.posts.frames('c1').every((frame) => Buffer.byteLength(frame) <= 32_768)).toBe(true);
    expect(await row()).toMatchObject({ at: 2 });
  });

  it('is given back where the rest cannot be asked for, and asks for it when it comes back, without a second answer', async () => {
    await published(1, 7, long);
    chat.queue.takes = () => false;
    const item = subscribe(8, since(0));
    expect(await handle(item)).toEqual([item]);
    chat.queue.takes = () => true;
    expect(await handle(subscribe(8, since(0), 2))).toEqual([]);
    expect(chat.queue.events).toEqual([moreEvent('c1')]);
    expect(told().filter(({ type }) => type === 'subscribed')).toHaveLength(1);
  });

  it('and comes back when the reader was cut asks for nothing', async () => {
    await chat.subscriptions.put('general', readerOf('c1', { at: 3, cut: true }));
    await handle(subscribe(1, {}, 2));
    expect(chat.queue.events).toEqual([]);
  });

  it('is given back where the log cannot be read, and nothing is said', async () => {
    await published(1, 2);
    chat.log.read = () => Promise.reject(new Unavailable('away'));
    const item = subscribe(3, since(0));
    expect(await handle(item)).toEqual([item]);
    expect(told()).toEqual([]);
  });

  it('of ten readers has the log read once', async () => {
    await published(1, 9);
    let reads = 0;
    const read = chat.log.read.bind(chat.log);
    chat.log.read = (...args) => {
      reads++;
      return read(...args);
    };
    await handle(
      ...Array.from({ length: 10 }, (_, i) => subscribe(10 + i, { connection: `r${i}`, ...since(i === 0 ? 1 : 2) })),
    );
    expect(reads).toBe(1);
    for (let i = 1; i < 10; i++) expect(told(`r${i}`).map(({ offset }) => offset)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('what was missed, and has expired between a reply that nobody has noted and its repeat,', () => {
  /** The reply arrives, and the worker dies before the row is written; then all up to an offset expires. */
  const answeredAndForgotten = async (item: Delivered, expiredUpTo: number, headLost = false) => {
    await handle(...Array.from({ length: 5 }, (_, i) => message(i + 1)));
    const put = chat.subscriptions.put.bind(chat.subscriptions);
    chat.subscriptions.put = () => Promise.reject(new Unavailable('now'));
    expect(await handle(item)).toEqual([item]);
    chat.subscriptions.put = put;
    const rows = chat.log.logs.get('general epoch1');
    for (const [offset, one] of rows ?? []) if (offset <= expiredUpTo) rows?.set(offset, { ...one, expiresAt: 0 });
    if (headLost) chat.log.heads.delete('general');
    expect(await handle({ ...item, receives: 2 }, message(7))).toEqual([]);
  };

  it.each<[string, Partial<SubscribeEvent>]>([
    ['since a position', { since: { epoch: 'epoch1', offset: 1 } }],
    ['since a position, strictly', { since: { epoch: 'epoch1', offset: 1 }, strict: true }],
    ['by going back', { rewind: 4 }],
    ['by going back as far as nothing is kept', { rewind: 5 }],
  ])('ends the connection: a second answer, which it would ignore, would leave a hole (%s)', async (_, more) => {
    await answeredAndForgotten(subscribe(6, more), more.rewind === 5 ? 5 : 3);
    expect(told().filter(({ type }) => type !== 'message')).toHaveLength(1);
    expect(told().map(({ id }) => id)).not.toContain('m7');
    expect(chat.later.ends).toEqual([
      { connection: 'c1', channel: 'general', disconnect: { code: 3010, reason: 'insufficient state' } },
    ]);
    expect(await row()).toBeUndefined();
  });

  it('because the head was lost, ends the connection, too', async () => {
    await answeredAndForgotten(subscribe(6, { since: { epoch: 'epoch1', offset: 1 } }), 0, true);
    expect(told().map(({ type, offset }) => [type, offset])).toEqual([
      ['subscribed', 1],
      ...[2, 3, 4, 5].map((o) => ['message', o]),
    ]);
    expect(chat.later.ends).toMatchObject([{ connection: 'c1', disconnect: { code: 3010 } }]);
    expect(await row()).toBeUndefined();
  });

  it('ends nobody where it was not asked for', async () => {
    await answeredAndForgotten(subscribe(6, { since: { epoch: 'epoch1', offset: 3 } }), 3);
    expect(chat.later.ends).toEqual([]);
    expect(told().map(({ type, offset }) => [type, offset])).toEqual([
      ['subscribed', 3],
      ['message', 4],
      ['message', 5],
      ['subscribed', 3],
    ]);
    expect(chat.queue.events).toEqual([moreEvent('c1')]);
  });

  it('is told again where there never was anything to miss', async () => {
    const since = { epoch: '', offset: 0 };
    await chat.connections.note('c1', { 'live:x': { token: 's-c1' } }, 128);
    await handle(subscribe(1, { channel: 'live:x', since }, 2));
    expect(told()).toMatchObject([{ type: 'subscribed', recovered: false }]);
  });

  it('is told to who is answered for the first time', async () => {
    await handle(message(1));
    const rows = chat.log.logs.get('general epoch1');
    for (const [offset, one] of rows ?? []) rows?.set(offset, { ...one, expiresAt: 0 });
    await handle(subscribe(2, { since: { epoch: 'epoch1', offset: 0 } }));
    expect(told()).toMatchObject([{ type: 'subscribed', offset: 1, recovered: false }]);
  });
});

describe('a subscribe that comes back, and has no row,', () => {
  const since = (offset: number) => ({ since: { epoch: 'epoch1', offset } });
  const messages = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
  /** The reply to the last event arrives, and the worker dies; then all of the batch comes back. */
  const twice = async (...items: readonly Delivered[]) => {
    const put = chat.subscriptions.put.bind(chat.subscriptions);
    chat.subscriptions.put = (channel, reader) =>
      reader.token === 's-again' ? new Promise<never>(() => undefined) : put(channel, reader);
    void handle(...items);
    while (!told().some(({ id }) => id === 'last')) await new Promise((resolve) => setImmediate(resolve));
    chat.subscriptions.put = put;
    chat = { ...chat };
    await handle(...items.map((item) => ({ ...item, receives: 2 })));
  };

  it('is answered alone: what was missed follows, and what is published passes it by until then', async () => {
    await handle(...messages(1, 3));
    await handle(subscribe(4, since(1), 2), message(5));
    expect(told()).toMatchObject([{ type: 'subscribed', offset: 1, recovered: true }]);
    expect(await row()).toMatchObject({ from: { epoch: 'epoch1', offset: 1 }, at: 1 });
    await handle(inHand(6, moreEvent('c1')));
    expect(
      told()
        .slice(1)
        .map(({ offset }) => offset),
    ).toEqual([2, 3, 4]);
    expect(await row()).not.toHaveProperty('at');
  });

  it('is answered alone in the Centrifugo format, too', async () => {
    await handle(...messages(1, 3));
    await handle(subscribe(4, { ...since(1), id: '4', format: 'centrifuge', recoverable: true }, 2));
    expect(told()).toEqual([
      {
        id: 4,
        subscribe: {
          recoverable: true,
          positioned: true,
          epoch: 'epoch1',
          offset: 1,
          recovered: true,
          was_recovering: true,
        },
      },
    ]);
  });

  it('sends nothing that the client would take for a gap behind the answer to what it asked since then', async () => {
    // it went back by one, left, and came back by three; the repeat of the first must not show it the newest again
    await handle(...messages(1, 3).map(({ event }, i) => inHand(i + 1, { ...event, data: 'x'.repeat(17_000) })));
    await chat.connections.note('c1', { general: { token: 's-again' } }, 128);
    const [came, left] = [subscribe(4, { rewind: 1 }), inHand(5, unsubscribeEvent('c1', { id: 'u5' }))];
    await twice(came, left, subscribe(6, { rewind: 3, id: 'last', token: 's-again' }));
    expect(told().map(({ type, id, offset }) => [type, offset ?? id])).toEqual([
      ['subscribed', 2],
      ['message', 3],
      ['unsubscribed', 'u5'],
      ['subscribed', 0],
      ['message', 1],
      ['subscribed', 2],
      ['unsubscribed', 'u5'],
      ['subscribed', 0],
    ]);
    expect(await row()).toMatchObject({ token: 's-again', at: 0 });
  });

  it('has what was published passed by, also where nothing was missed', async () => {
    await chat.connections.note('c1', { general: { token: 's-again' } }, 128);
    const [came, left] = [subscribe(1), inHand(3, unsubscribeEvent('c1', { id: 'u3' }))];
    await twice(came, message(2), left, subscribe(4, { ...since(0), id: 'last', token: 's-again' }));
    expect(
      told()
        .filter(({ type }) => type === 'message')
        .map(({ offset }) => offset),
    ).toEqual([1, 1]);
    expect(told().at(-1)).toMatchObject({ type: 'subscribed', id: 'last' });
  });

  it('begins a reader where the client has asked to leave, and that could not be sent', async () => {
    await chat.connections.note('c1', { general: { token: 'u-lost' } }, 128);
    await handle(subscribe(1, {}, 2));
    expect(await row()).toBeDefined();
  });

  it('is not answered, and revives nothing, where it has ended: its client has left, or was told to come again', async () => {
    await chat.connections.forget('c1', 'general', 's-c1');
    await handle(subscribe(1, {}, 2));
    await chat.connections.remove('c1');
    await handle(subscribe(2, {}, 2));
    expect(chat.posts.attempts).toEqual([]);
    expect(await row()).toBeUndefined();
  });

  it('is answered as ever where the channel keeps nothing', async () => {
    await chat.connections.note('c1', { 'live:x': { token: 's-c1' } }, 128);
    await handle(subscribe(1, { channel: 'live:x' }, 2));
    expect(await row('c1', 'live:x')).not.toHaveProperty('at');
    expect(chat.queue.events).toEqual([]);
  });
});

describe('a strict subscribe', () => {
  const strict = (number: number, offset: number, more: Partial<SubscribeEvent> = {}) =>
    subscribe(number, { strict: true, since: { epoch: 'epoch1', offset }, ...more });

  it('that cannot recover is an error, and no subscription', async () => {
    await handle(message(1), strict(2, 9), message(3));
    expect(told()).toEqual([
      {
        type: 'error',
        id: 's2',
        channel: 'general',
        code: 'unrecoverable_position',
        message: 'general: what was missed is not kept any more',
      },
    ]);
    expect(await row()).toBeUndefined();
    expect(chat.connections.records.get('c1')?.channels).toEqual({});
  });

  it('is told to an SDK by its code', async () => {
    await handle(strict(2, 9, { format: 'centrifuge', id: '2' }));
    expect(told()).toEqual([{ id: 2, error: { code: 112, message: expect.any(String) } }]);
  });

  it('is told before its record forgets it, so that a repeat tells it again', async () => {
    chat.connections.forget = () => Promise.reject(new Unavailable('now'));
    expect(await handle(strict(2, 9))).toHaveLength(1);
    expect(told()).toMatchObject([{ type: 'error' }]);
    expect(chat.connections.records.get('c1')?.channels).toEqual({ general: 's-c1' });
  });

  it('that can recover is one like others', async () => {
    await handle(message(1), strict(2, 0));
    expect(told()).toMatchObject([{ type: 'subscribed', offset: 0, recovered: true }, { id: 'm1' }]);
    expect(await row()).toBeDefined();
  });
});

describe('a subscribe that a server has asked for', () => {
  const connect = (number: number, more: Partial<SubscribeEvent> = {}) =>
    inHand(number, subscribeEvent('c1', { format: 'centrifuge', by: 'connect', recoverable: true, ...more }));

  it('and the reply to connect has named leaves nothing to say where nothing was missed', async () => {
    await handle(message(1), connect(2, { since: { epoch: 'epoch1', offset: 1 } }), message(3));
    expect(told()).toMatchObject([{ push: { channel: 'general', pub: { offset: 2 } } }]);
    expect(await row()).toMatchObject({ from: { epoch: 'epoch1', offset: 1 } });
  });

  it('and the reply to connect has named is sent what came since then', async () => {
    await handle(message(1), message(2), connect(3, { since: { epoch: 'epoch1', offset: 1 } }));
    expect(told()).toMatchObject([{ push: { channel: 'general', pub: { offset: 2 } } }]);
  });

  it('and the reply to connect has named ends the connection where what came since then is not there: it comes back', async () => {
    await handle(message(1), connect(2, { since: { epoch: 'former', offset: 9 } }), message(3));
    expect(chat.later.ends).toEqual([
      { connection: 'c1', channel: 'general', disconnect: { code: 3010, reason: 'insufficient state' } },
    ]);
    expect(chat.posts.attempts).toEqual([]);
    expect(await row()).toBeUndefined();
  });

  it('and the reply to connect has named counts only if the record still names its token', async () => {
    await chat.connections.note('c1', { general: { token: 'u-later' } }, 128);
    await handle(connect(1));
    expect(await row()).toBeUndefined();
    expect(chat.posts.attempts).toEqual([]);
  });

  it('and the reply to connect has named is not refused where the client reads the channel already', async () => {
    await handle(subscribe(1, { token: 's-first' }));
    await handle(connect(2));
    expect(told()).toHaveLength(1);
    expect(await row()).toMatchObject({ token: 's-first' });
  });

  it('is told by a push, and what was missed by others behind it', async () => {
    await handle(message(1), message(2));
    const since = { epoch: 'epoch1', offset: 1 };
    await handle(
      inHand(3, subscribeEvent('c1', { format: 'centrifuge', by: 'server', recoverable: true, since })),
      inHand(4, subscribeEvent('c2', { by: 'server' })),
    );
    expect(told()).toMatchObject([
      { push: { channel: 'general', subscribe: { epoch: 'epoch1', offset: 1, recoverable: true } } },
      { push: { channel: 'general', pub: { offset: 2 } } },
    ]);
    expect(told('c2')).toEqual([{ type: 'subscribed', channel: 'general', epoch: 'epoch1', offset: 2 }]);
  });

  it('has what was missed asked for in its name', async () => {
    await handle(...[1, 2, 3, 4].map((n) => inHand(n, publishEvent(`m${n}`, { data: 'x'.repeat(15_000) }))));
    await handle(connect(5, { since: { epoch: '', offset: 0 } }));
    expect(chat.queue.events).toEqual([moreEvent('c1', { by: 'connect' })]);
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
    await chat.connections.note('c1', { general: { token: 'u-later' } }, 128);
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
