import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection } from '../../../lambdas/chat/ports.ts';
import { centrifugeFrame, centrifugeReplies, plainFrame } from '../../support/client-frames.ts';
import { connectionOf, type MemoryChat, memoryChat } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const SECOND = Date.UTC(2026, 0, 1) / 1000;

/** A frame of the connection `c1`. */
const run = (...documents: unknown[]) => plainFrame(chat, 'c1', ...documents);
const record = () => chat.connections.records.get('c1');
const isThere = (more: Partial<Connection> = {}) =>
  chat.connections.create(connectionOf('c1', { user: 'alice', ...more }));
const channels = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`channel${i}`, `s-${i}`]));

beforeEach(async () => {
  chat = memoryChat();
  await isThere();
});

describe('sendMessage', () => {
  const send = { action: 'sendMessage', channel: 'live:x', data: 'hello' };

  it('is acknowledged with the id of the message that the queue took', async () => {
    const replies = await run({ ...send, id: 'm1' });
    const [event] = chat.queue.events;
    expect(event).toMatchObject({ type: 'publish', channel: 'live:x', user: 'alice', connection: 'c1', data: 'hello' });
    expect(replies).toEqual([
      { type: 'ack', id: 'm1', channel: 'live:x', messageId: (event as { id?: string } | undefined)?.id },
    ]);
  });

  it('without an id is answered by nothing but an error', async () => {
    expect(await run(send)).toEqual([]);
    expect(chat.queue.events).toHaveLength(1);
    expect(await run({ ...send, channel: 'closed:x' })).toMatchObject([{ type: 'error', channel: 'closed:x' }]);
  });

  it('is not acknowledged where the queue did not take it', async () => {
    chat.queue.takes = () => false;
    expect(await run({ ...send, id: 'm1' })).toEqual([
      {
        type: 'error',
        id: 'm1',
        channel: 'live:x',
        code: 'internal',
        message: 'not accepted: send it again, request request',
      },
    ]);
  });

  it('fails as the queue does', async () => {
    chat.queue.takes = () => {
      throw new Unavailable('away');
    };
    await expect(run({ ...send, id: 'm1' })).rejects.toThrow(Unavailable);
  });

  it('takes the name of its sender from the record, whatever the frame says', async () => {
    await run({ ...send, user: 'mallory', connection: 'c2' });
    expect(chat.queue.events).toMatchObject([{ user: 'alice', connection: 'c1' }]);
  });

  it('with an idempotency key is sent under the id that it derives, the same each time', async () => {
    const replies = [
      ...(await run({ ...send, id: 'm1', idempotencyKey: 'k1' })),
      ...(await run({ ...send, id: 'm2', idempotencyKey: 'k1' })),
    ];
    const [first, second] = chat.queue.sent;
    expect(first?.deduplicationId).toBeDefined();
    expect(second?.deduplicationId).toBe(first?.deduplicationId);
    expect(replies).toMatchObject([
      { id: 'm1', messageId: first?.deduplicationId },
      { id: 'm2', messageId: first?.deduplicationId },
    ]);
  });

  it('is refused while too many messages wait, and not at the bound', async () => {
    chat.queue.backlog = 20_000;
    expect(await run({ ...send, id: 'm1' })).toMatchObject([{ type: 'ack' }]);
    chat.queue.backlog = 20_001;
    expect(await run({ ...send, id: 'm2' })).toMatchObject([
      { type: 'error', id: 'm2', channel: 'live:x', code: 'too_many_requests' },
    ]);
    expect(chat.queue.events).toHaveLength(1);
  });

  it('that is too large is refused, and that costs no look at the queue', async () => {
    chat.queue.waiting = () => Promise.reject(new Error('not asked for'));
    expect(await run({ ...send, id: 'm1', data: 'x'.repeat(33_000) })).toMatchObject([
      {
        id: 'm1',
        code: 'limit_exceeded',
        message: expect.stringMatching(/^data: the message is \d+ bytes too large$/),
      },
    ]);
  });

  it('is allowed to those who read the channel, by the latest that they have asked for', async () => {
    const publish = { action: 'sendMessage', channel: 'general', data: 1, id: 'm' };
    expect(await run(publish)).toMatchObject([{ code: 'permission_denied', channel: 'general' }]);
    await isThere({ channels: { general: 's-1' } });
    expect(await run(publish)).toMatchObject([{ type: 'ack' }]);
    await isThere({ channels: { general: 'u-1' } });
    expect(await run(publish)).toMatchObject([{ code: 'permission_denied' }]);
  });
});

describe('subscribe', () => {
  const subscribe = { action: 'subscribe', channel: 'general', id: 's1' };

  it('is noted in the record, then sent as an event, and answered by the channel', async () => {
    await isThere({ info: { name: 'Alice' }, connectedAt: 1_764_000_000_000 });
    chat.queue.takes = () => {
      expect(record()?.channels).toHaveProperty('general');
      return true;
    };
    expect(await run({ ...subscribe, since: { epoch: 'e', offset: 41 } })).toEqual([]);
    expect(chat.queue.events).toEqual([
      {
        v: 2,
        type: 'subscribe',
        channel: 'general',
        connection: 'c1',
        user: 'alice',
        info: { name: 'Alice' },
        format: 'json',
        token: record()?.channels.general,
        id: 's1',
        since: { epoch: 'e', offset: 41 },
        connectedAt: 1_764_000_000_000,
      },
    ]);
    expect(record()?.channels.general).toMatch(/^s.{11}$/);
  });

  it('has a token of its own each time, and the record names the latest', async () => {
    await run(subscribe, subscribe);
    const [first, second] = chat.queue.events as { token?: string }[];
    expect(first?.token).not.toBe(second?.token);
    expect(record()?.channels.general).toBe(second?.token);
  });

  it('needs no id', async () => {
    await run({ action: 'subscribe', channel: 'general' });
    expect(chat.queue.events[0]).not.toHaveProperty('id');
    expect(chat.queue.events).toHaveLength(1);
  });

  it.each([
    ['closed:x', 'permission_denied'],
    ['$secret', 'permission_denied'],
    ['dm:x#bob', 'permission_denied'],
    ['nowhere:x', 'unknown_channel'],
    ['__proto__:x', 'unknown_channel'],
    ['two words', 'bad_request'],
  ])('to %s is refused with %s, and not noted', async (channel, code) => {
    expect(await run({ ...subscribe, channel })).toMatchObject([{ type: 'error', id: 's1', channel, code }]);
    expect(record()?.channels).toEqual({});
    expect(chat.queue.events).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('to a channel called %s is one like others', async (channel) => {
    await run({ ...subscribe, channel });
    expect(Object.entries(record()?.channels ?? {})).toEqual([
      [channel, (chat.queue.events[0] as { token?: string }).token],
    ]);
    expect(await run({ action: 'sendMessage', channel, data: 1, id: 'm' })).toMatchObject([{ type: 'ack', channel }]);
    expect(await run({ action: 'unsubscribe', channel })).toEqual([]);
    expect(chat.queue.events.map(({ type }) => type)).toEqual(['subscribe', 'publish', 'unsubscribe']);
  });

  it('does not take what every object has for a request of the client', async () => {
    expect(await run({ action: 'sendMessage', channel: 'constructor', data: 1, id: 'm' })).toMatchObject([
      { code: 'permission_denied' },
    ]);
    expect(await run({ action: 'unsubscribe', channel: 'toString', id: 'u' })).toMatchObject([
      { type: 'unsubscribed' },
    ]);
    expect(chat.queue.events).toEqual([]);
  });

  it('is possible for the 128th channel, and not for one more', async () => {
    await isThere({ channels: channels(127) });
    expect(await run(subscribe)).toEqual([]);
    expect(await run({ ...subscribe, channel: 'more' })).toEqual([
      {
        type: 'error',
        id: 's1',
        channel: 'more',
        code: 'limit_exceeded',
        message: 'channel: at most 128 channels a connection',
      },
    ]);
    expect(Object.keys(record()?.channels ?? {})).toHaveLength(128);
  });

  it('is possible again for a channel that the record names, however many there are', async () => {
    await isThere({ channels: channels(128) });
    expect(await run({ ...subscribe, channel: 'channel5' })).toEqual([]);
    expect(chat.queue.events).toHaveLength(1);
  });

  it('counts the channels of its own frame', async () => {
    await isThere({ channels: channels(126) });
    const replies = await run(...['a', 'b', 'c'].map((channel) => ({ ...subscribe, channel })));
    expect(replies).toMatchObject([{ channel: 'c', code: 'limit_exceeded' }]);
    expect(chat.queue.events.map(({ channel }) => channel)).toEqual(['a', 'b']);
  });

  it('is refused where other frames have taken the last places meanwhile, and what else the frame says is done', async () => {
    await isThere({ channels: channels(127) });
    const note = chat.connections.note.bind(chat.connections);
    chat.connections.note = async (id, requests, capacity) => {
      await note(id, { other: { token: 's-other' } }, capacity);
      return note(id, requests, capacity);
    };
    const replies = await run(subscribe, { action: 'sendMessage', channel: 'live:x', data: 1, id: 'm1' });
    expect(replies).toMatchObject([
      { type: 'error', id: 's1', channel: 'general', code: 'limit_exceeded' },
      { type: 'ack', id: 'm1' },
    ]);
    expect(chat.queue.events.map(({ type }) => type)).toEqual(['publish']);
  });

  it('is a fault where the places are never what they were a moment ago', async () => {
    chat.connections.note = async () => 'full';
    await expect(run(subscribe)).rejects.toThrow(Unavailable);
    expect(chat.queue.events).toEqual([]);
  });

  it('is told to have failed where the queue did not take it', async () => {
    chat.queue.takes = () => false;
    expect(await run(subscribe)).toMatchObject([{ type: 'error', id: 's1', channel: 'general', code: 'internal' }]);
  });

  it('is never refused because messages wait', async () => {
    chat.queue.backlog = 1_000_000;
    expect(await run(subscribe)).toEqual([]);
    expect(chat.queue.events).toHaveLength(1);
  });
});

describe('unsubscribe', () => {
  it('is noted in the record with a token of its own, then sent as an event', async () => {
    await isThere({ channels: { general: 's-1', news: 's-2' } });
    expect(await run({ action: 'unsubscribe', channel: 'general', id: 'u1' })).toEqual([]);
    const token = record()?.channels.general;
    expect(token).toMatch(/^u.{11}$/);
    expect(record()?.channels.news).toBe('s-2');
    expect(chat.queue.events).toEqual([
      { v: 2, type: 'unsubscribe', channel: 'general', connection: 'c1', token, format: 'json', id: 'u1' },
    ]);
  });

  it('of a channel that the connection has never asked for is answered at once', async () => {
    expect(await run({ action: 'unsubscribe', channel: 'general', id: 'u1' })).toEqual([
      { type: 'unsubscribed', id: 'u1', channel: 'general' },
    ]);
    expect(await run({ action: 'unsubscribe', channel: 'general' })).toEqual([
      { type: 'unsubscribed', channel: 'general' },
    ]);
    expect(chat.queue.events).toEqual([]);
    expect(record()?.channels).toEqual({});
  });

  it('that repeats one on its way is sent too: its answer is due', async () => {
    await isThere({ channels: { general: 'u-1' } });
    expect(await run({ action: 'unsubscribe', channel: 'general' })).toEqual([]);
    expect(chat.queue.events).toHaveLength(1);
  });

  it('of a channel that may not be read any more is possible', async () => {
    await isThere({ channels: { 'closed:x': 's-1' } });
    expect(await run({ action: 'unsubscribe', channel: 'closed:x' })).toEqual([]);
    expect(chat.queue.events).toMatchObject([{ type: 'unsubscribe', channel: 'closed:x' }]);
  });
});

describe('ping', () => {
  it('is answered with its id, and without one', async () => {
    expect(await run({ action: 'ping', id: 'p1' }, { action: 'ping' })).toEqual([
      { type: 'pong', id: 'p1' },
      { type: 'pong' },
    ]);
  });

  it('is answered also when the token has expired', async () => {
    await isThere({ expires: SECOND - 1 });
    expect(await run({ action: 'ping' })).toEqual([{ type: 'pong' }]);
  });
});

describe('a token that has expired', () => {
  it.each([
    { action: 'sendMessage', channel: 'live:x', data: 1, id: 'x' },
    { action: 'subscribe', channel: 'general', id: 'x' },
    { action: 'history', channel: 'general', id: 'x' },
    { action: 'presence', channel: 'general', id: 'x' },
  ])('refuses $action', async (document) => {
    await isThere({ expires: SECOND });
    expect(await run(document)).toEqual([
      {
        type: 'error',
        id: 'x',
        channel: document.channel,
        code: 'token_expired',
        message: 'the token has expired: send a new one with "refresh"',
      },
    ]);
    expect(chat.queue.events).toEqual([]);
  });

  it('refuses nobody who wants to leave', async () => {
    await isThere({ expires: SECOND, channels: { general: 's1' } });
    expect(await run({ action: 'unsubscribe', channel: 'general', id: 'x' })).toEqual([]);
    expect(chat.queue.events.map(({ type }) => type)).toEqual(['unsubscribe']);
  });

  it('has done so at its second, and not before', async () => {
    await isThere({ expires: SECOND + 1 });
    const subscribe = { action: 'subscribe', channel: 'general' };
    chat.world.time += 999;
    expect(await run(subscribe)).toEqual([]);
    chat.world.time += 1;
    expect(await run(subscribe)).toMatchObject([{ code: 'token_expired' }]);
  });
});

describe('a frame', () => {
  it('of several documents sends its events in order, after one write of the record', async () => {
    let notes = 0;
    const note = chat.connections.note.bind(chat.connections);
    chat.connections.note = (...args) => {
      notes++;
      return note(...args);
    };
    const replies = await run(
      { action: 'subscribe', channel: 'general', id: 's1' },
      { action: 'sendMessage', channel: 'general', data: 'first', id: 'm1' },
      { action: 'sendMessage', channel: 'general', data: 'second', id: 'm2' },
      { action: 'unsubscribe', channel: 'general', id: 'u1' },
      { action: 'sendMessage', channel: 'general', data: 'third', id: 'm3' },
    );
    expect(chat.queue.events.map(({ type }) => type)).toEqual(['subscribe', 'publish', 'publish', 'unsubscribe']);
    expect(notes).toBe(1);
    expect(record()?.channels.general).toBe((chat.queue.events[3] as { token?: string }).token);
    expect(replies).toMatchObject([
      { id: 'm3', code: 'permission_denied' },
      { id: 'm1', type: 'ack' },
      { id: 'm2', type: 'ack' },
    ]);
  });

  it('acknowledges those of its documents that the queue took, and no others', async () => {
    chat.queue.takes = (_, i) => i !== 1;
    const send = (id: string) => ({ action: 'sendMessage', channel: 'live:x', data: id, id });
    expect(await run(send('m1'), send('m2'), send('m3'))).toMatchObject([
      { id: 'm1', type: 'ack' },
      { id: 'm2', type: 'error', code: 'internal' },
      { id: 'm3', type: 'ack' },
    ]);
  });

  it('that holds nothing but errors writes and sends nothing', async () => {
    chat.queue.send = () => Promise.reject(new Error('not asked for'));
    chat.connections.note = () => Promise.reject<never>(new Error('not asked for'));
    expect(await run({ action: 'nothing', id: 'x' }, 5)).toEqual([
      { type: 'error', id: 'x', code: 'unknown_action', message: 'action: "nothing" is none that Parley knows' },
      {
        type: 'error',
        code: 'bad_request',
        message: 'not an object: a frame holds JSON objects, one a line',
      },
    ]);
  });

  it('of a connection whose record has gone meanwhile ends the connection, and sends nothing', async () => {
    chat.connections.note = async () => 'gone' as const;
    expect(await run({ action: 'subscribe', channel: 'general', id: 's1' })).toEqual([]);
    expect(chat.later.ends).toEqual([{ connection: 'c1' }]);
    expect(chat.queue.events).toEqual([]);
  });

  it('of a connection whose record has gone between two attempts ends the connection', async () => {
    chat.connections.note = async () => {
      await chat.connections.remove('c1');
      return 'full';
    };
    expect(await run({ action: 'subscribe', channel: 'general', id: 's1' })).toEqual([]);
    expect(chat.later.ends).toEqual([{ connection: 'c1' }]);
    expect(chat.queue.events).toEqual([]);
  });

  it('of a thousand subscribes has as many as a connection may have, after one write, and refuses each other one', async () => {
    const documents = Array.from({ length: 1_000 }, (_, i) => ({ action: 'subscribe', channel: `c${i}`, id: `${i}` }));
    const replies = await run(...documents);
    expect(chat.queue.events).toHaveLength(128);
    expect(Object.keys(record()?.channels ?? {})).toHaveLength(128);
    expect(replies).toHaveLength(872);
    expect(replies[0]).toMatchObject({ type: 'error', id: '128', channel: 'c128', code: 'limit_exceeded' });
    expect(new Set(replies.map(({ code }) => code))).toEqual(new Set(['limit_exceeded']));
  });

  it('of a thousand messages sends them in order, and acknowledges each', async () => {
    const documents = Array.from({ length: 1_000 }, (_, i) => ({
      action: 'sendMessage',
      channel: 'live:x',
      data: i,
      id: `m${i}`,
    }));
    const replies = await run(...documents);
    expect(replies.map(({ type, id }) => [type, id])).toEqual(documents.map(({ id }) => ['ack', id]));
    expect(chat.queue.events.map((event) => (event as { data?: unknown }).data)).toEqual(
      documents.map(({ data }) => data),
    );
  });
});

describe('an anonymous user', () => {
  beforeEach(() => isThere({ user: '' }));

  it('reads and publishes where the namespace lets everybody', async () => {
    const replies = await run(
      { action: 'subscribe', channel: 'live:x', id: 's1' },
      { action: 'sendMessage', channel: 'live:x', data: 1, id: 'm1' },
    );
    expect(replies).toMatchObject([{ type: 'ack', id: 'm1' }]);
    expect(chat.queue.events).toMatchObject([
      { type: 'subscribe', user: '' },
      { type: 'publish', user: '', connection: 'c1' },
    ]);
  });

  it('is in no list of users', async () => {
    expect(await run({ action: 'subscribe', channel: 'dm:x#,bob', id: 's1' })).toMatchObject([
      { code: 'permission_denied' },
    ]);
  });
});

describe('a connection that an open handshake let in without a token', () => {
  beforeEach(() => isThere({ user: '', expires: 0 }));

  it.each([
    { subscribe: { channel: 'general' } },
    { unsubscribe: { channel: 'general' } },
    { publish: { channel: 'live:x', data: 1 } },
    { presence: { channel: 'general' } },
    { presence_stats: { channel: 'general' } },
    { history: { channel: 'general' } },
    { rpc: { method: 'm', data: 1 } },
    { refresh: { token: 'new' } },
    { sub_refresh: { channel: 'general', token: 'new' } },
    { ping: {} },
  ])('is ended with 3501 where it begins with another command than connect: %j', async (command) => {
    chat.tokens.good.set('new', { user: '' });
    const frame = centrifugeFrame(chat, 'c1', { id: 1, ...command });
    await expect(frame).rejects.toMatchObject({ name: 'Disconnected', why: { code: 3501, reason: 'bad request' } });
    expect(chat.queue.events).toEqual([]);
  });

  it('may do nothing with plain frames, but for what needs no permission', async () => {
    expect(
      await run(
        { action: 'subscribe', channel: 'general', id: 's1' },
        { action: 'sendMessage', channel: 'live:x', data: 1, id: 'm1' },
        { action: 'ping', id: 'p1' },
      ),
    ).toMatchObject([
      { id: 's1', code: 'token_expired' },
      { id: 'm1', code: 'token_expired' },
      { id: 'p1', type: 'pong' },
    ]);
    expect(chat.queue.events).toEqual([]);
  });
});

describe('a client of the Centrifugo protocol', () => {
  beforeEach(() => isThere({ format: 'centrifuge', info: { name: 'Alice' } }));
  const replies = (...commands: object[]) => centrifugeReplies(chat, 'c1', ...commands);

  it('publishes, and is answered when the message is durable', async () => {
    expect(await replies({ publish: { channel: 'live:x', data: { text: 'hello' } } })).toEqual([
      { id: 1, publish: {} },
    ]);
    expect(chat.queue.events).toMatchObject([
      { type: 'publish', data: { text: 'hello' }, user: 'alice', connection: 'c1', info: { name: 'Alice' } },
    ]);
  });

  it('publishes a hundred messages in one frame, in their order', async () => {
    const commands = Array.from({ length: 100 }, (_, i) => ({ publish: { channel: 'live:x', data: i } }));
    expect(await replies(...commands)).toEqual(commands.map((_, i) => ({ id: i + 1, publish: {} })));
    expect(chat.queue.events.map((event) => (event as { data?: unknown }).data)).toEqual(commands.map((_, i) => i));
  });

  it('pings, and is answered', async () => {
    expect(await replies({ ping: {} })).toEqual([{ id: 1, ping: {} }]);
  });

  it('is told that a method is none of the protocol', async () => {
    expect(await replies({ dance: {} })).toEqual([{ id: 1, error: { code: 104, message: 'method not found' } }]);
  });

  it('sends what needs no answer, and gets none', async () => {
    expect(await centrifugeFrame(chat, 'c1', { send: { data: 1 } })).toEqual([]);
    expect(chat.queue.events).toEqual([]);
  });
});

describe('rpc', () => {
  beforeEach(() => isThere({ format: 'centrifuge' }));
  const call = (...data: unknown[]) =>
    centrifugeReplies(chat, 'c1', ...data.map((one) => ({ rpc: { method: 'add', data: one } })));

  it("is answered by the owner's function, which is told who asks", async () => {
    expect(await call({ a: 1 }, null)).toEqual([
      { id: 1, rpc: { data: { a: 1 } } },
      { id: 2, rpc: { data: null } },
    ]);
    expect(chat.rpc.calls).toEqual([
      { method: 'add', data: { a: 1 }, user: 'alice', connection: 'c1' },
      { method: 'add', data: null, user: 'alice', connection: 'c1' },
    ]);
  });

  it("is answered by an error of the owner's, with a code of its own", async () => {
    chat.rpc.answer = async () => ({ error: { code: 400, message: 'no' } });
    expect(await call(1)).toEqual([{ id: 1, error: { code: 400, message: 'no' } }]);
  });

  it('is not available where nothing is plugged in', async () => {
    const { rpc: _, ...without } = chat;
    const replies = await centrifugeReplies(without as MemoryChat, 'c1', { rpc: { method: 'add', data: 1 } });
    expect(replies).toEqual([{ id: 1, error: { code: 108, message: 'not available' } }]);
  });

  it('is refused when the token has expired', async () => {
    await isThere({ format: 'centrifuge', expires: SECOND });
    expect(await call(1)).toEqual([{ id: 1, error: { code: 109, message: 'token expired' } }]);
    expect(chat.rpc.calls).toEqual([]);
  });

  it('fails as the function does, and then nothing of the frame was sent', async () => {
    chat.rpc.answer = () => Promise.reject(new Error('the function has failed'));
    const commands = [{ publish: { channel: 'live:x', data: 1 } }, { rpc: { method: 'add', data: 1 } }];
    await expect(centrifugeReplies(chat, 'c1', ...commands)).rejects.toThrow('the function has failed');
    expect(chat.queue.events).toEqual([]);
  });

  it('is called once, also where the frame is begun anew', async () => {
    const note = chat.connections.note.bind(chat.connections);
    const outcomes = ['full', 'full'] as const;
    let attempt = 0;
    chat.connections.note = async (...args) => outcomes[attempt++] ?? note(...args);
    const commands = [{ subscribe: { channel: 'general' } }, { rpc: { method: 'add', data: 1 } }];
    expect(await centrifugeReplies(chat, 'c1', ...commands)).toEqual([undefined, { id: 2, rpc: { data: 1 } }]);
    expect(attempt).toBe(3);
    expect(chat.rpc.calls).toHaveLength(1);
    expect(chat.queue.events).toHaveLength(1);
  });

  it('is not called any more when the time of the frame is over: the rest of the frame is to be done', async () => {
    chat.rpc.answer = async ({ data }) => {
      await chat.world.sleep(13_000);
      return { data };
    };
    const replies = await centrifugeReplies(
      chat,
      'c1',
      { rpc: { method: 'add', data: 1 } },
      { rpc: { method: 'add', data: 2 } },
      { publish: { channel: 'live:x', data: 1 } },
    );
    expect(replies).toEqual([
      { id: 1, rpc: { data: 1 } },
      { id: 2, error: { code: 100, message: 'internal server error', temporary: true } },
      { id: 3, publish: {} },
    ]);
    expect(chat.rpc.calls).toHaveLength(1);
  });
});
