import { beforeEach, describe, expect, it } from 'vitest';
import { runCommands } from '../../../lambdas/chat/commands.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection, Identity } from '../../../lambdas/chat/ports.ts';
import { parseFrame } from '../../../lambdas/protocol/json.ts';
import { connectionOf, type MemoryChat, memoryChat } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const SECOND = Date.UTC(2026, 0, 1) / 1000;

/** A frame of the connection `c1`. */
const run = (...documents: unknown[]) =>
  runCommands(chat, 'c1', parseFrame(documents.map((d) => JSON.stringify(d)).join('\n')));
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
      { type: 'error', id: 'm1', channel: 'live:x', code: 'internal', message: 'not accepted: send it again' },
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
        v: 1,
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
      await note(id, { other: 's-other' }, capacity);
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
      { v: 1, type: 'unsubscribe', channel: 'general', connection: 'c1', token, id: 'u1' },
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

describe('refresh', () => {
  const grants = (identity: Partial<Identity> = {}) => chat.tokens.good.set('new', { user: 'alice', ...identity });

  it('is answered with the new end, and what the token says holds from now on', async () => {
    const caps = [{ channels: ['closed:x'], allow: ['sub'] as const }];
    await isThere({ channels: { general: 's-1' }, info: 'old', connectedAt: 7 });
    grants({ expires: SECOND + 60, caps });
    expect(await run({ action: 'refresh', token: 'new', id: 'r1' })).toEqual([
      { type: 'refreshed', id: 'r1', expires: SECOND + 60 },
    ]);
    expect(record()).toEqual({
      id: 'c1',
      user: 'alice',
      expires: SECOND + 60,
      caps,
      connectedAt: 7,
      channels: { general: 's-1' },
    });
    expect(await run({ action: 'subscribe', channel: 'closed:x' })).toEqual([]);
  });

  it('holds for the later documents of its frame', async () => {
    await isThere({ expires: SECOND - 1 });
    grants({ caps: [{ channels: ['closed:x'], allow: ['pub'] }] });
    const replies = await run(
      { action: 'sendMessage', channel: 'live:x', data: 1, id: 'm1' },
      { action: 'refresh', token: 'new', id: 'r1' },
      { action: 'sendMessage', channel: 'closed:x', data: 1, id: 'm2' },
    );
    expect(replies).toMatchObject([
      { id: 'm1', code: 'token_expired' },
      { id: 'r1', type: 'refreshed' },
      { id: 'm2', type: 'ack' },
    ]);
  });

  it('is answered without an end where the token has none, and not at all where it has no id', async () => {
    grants();
    expect(await run({ action: 'refresh', token: 'new', id: 'r1' })).toEqual([{ type: 'refreshed', id: 'r1' }]);
    expect(await run({ action: 'refresh', token: 'new' })).toEqual([]);
    expect(record()).not.toHaveProperty('expires');
  });

  it('with a token of another user is refused, and changes nothing', async () => {
    grants({ user: 'bob' });
    expect(await run({ action: 'refresh', token: 'new', id: 'r1' })).toEqual([
      { type: 'error', id: 'r1', code: 'permission_denied', message: 'token: it is of another user' },
    ]);
    expect(record()?.user).toBe('alice');
  });

  it('with a token that is not good is refused, and the token is not told back', async () => {
    const [reply] = await run({ action: 'refresh', token: 'secret-token', id: 'r1' });
    expect(reply).toMatchObject({ type: 'error', id: 'r1', code: 'permission_denied' });
    expect(JSON.stringify(reply)).not.toContain('secret-token');
  });

  it('fails where the keys cannot be had', async () => {
    chat.tokens.verify = () => Promise.reject(new Unavailable('no keys'));
    await expect(run({ action: 'refresh', token: 'new' })).rejects.toThrow(Unavailable);
  });

  it('ends the connection where its record has gone meanwhile, like every other command', async () => {
    grants();
    chat.connections.refresh = async () => false;
    expect(await run({ action: 'refresh', token: 'new', id: 'r1' })).toEqual([]);
    expect(chat.later.ends).toEqual([{ connection: 'c1', channel: undefined }]);
  });
});

describe('history and presence', () => {
  it.each(['history', 'presence'])('%s is known, and not available yet', async (action) => {
    expect(await run({ action, channel: 'general', id: 'h1' })).toEqual([
      { type: 'error', id: 'h1', channel: 'general', code: 'not_available', message: `${action}: not available` },
    ]);
    expect(await run({ action, channel: 'nowhere:x' })).toMatchObject([{ code: 'unknown_channel' }]);
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

  it('of a connection without a record ends the connection, and is not answered', async () => {
    await chat.connections.remove('c1');
    expect(await run({ action: 'ping', id: 'p1' })).toEqual([]);
    expect(chat.later.ends).toEqual([{ connection: 'c1', channel: undefined }]);
  });

  it('of a connection whose record has gone meanwhile ends the connection, and sends nothing', async () => {
    chat.connections.note = async () => 'gone' as const;
    expect(await run({ action: 'subscribe', channel: 'general', id: 's1' })).toEqual([]);
    expect(chat.later.ends).toEqual([{ connection: 'c1', channel: undefined }]);
    expect(chat.queue.events).toEqual([]);
  });

  it('fails where the record cannot be read', async () => {
    chat.connections.read = () => Promise.reject(new Unavailable('away'));
    await expect(run({ action: 'ping' })).rejects.toThrow(Unavailable);
  });
});
