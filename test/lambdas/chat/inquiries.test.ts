import { beforeEach, describe, expect, it } from 'vitest';
import type { NamespaceOptions } from '../../../lambdas/chat/namespace.ts';
import type { Connection, Subscription } from '../../../lambdas/chat/ports.ts';
import { centrifugeFrame, centrifugeReplies, plainFrame } from '../../support/client-frames.ts';
import { keepMessages, removeKept } from '../../support/kept-messages.ts';
import { MemoryChannel } from '../../support/memory-channel.ts';
import { connectionOf, type MemoryChat, memoryChat, publishEvent, readerOf } from '../../support/memory-chat.ts';
import type { Told } from '../../support/memory-ports.ts';

let chat: MemoryChat;
const SECOND = Date.UTC(2026, 0, 1) / 1000;
const FRAME = 32_768;

const isThere = (more: Partial<Connection> = {}) =>
  chat.connections.create(connectionOf('c1', { user: 'alice', ...more }));
const plain = (...documents: object[]) => plainFrame(chat, 'c1', ...documents);
const centrifuge = (...commands: object[]) => centrifugeReplies(chat, 'c1', ...commands);
const error = (code: number, message: string) => ({ id: 1, error: { code, message } });
const bytesOf = (reply: Told | undefined) => Buffer.byteLength(JSON.stringify(reply));
const isOpen = (options: NamespaceOptions) => {
  chat = memoryChat({ namespaces: { '': options, closed: {} } });
  return isThere();
};

const HISTORY = { historySize: 1_000, historyTtl: 3600, allowHistoryForClient: true };

describe('history of a plain client', () => {
  const ask = async (more: object = {}) => {
    const [reply] = await plain({ action: 'history', channel: 'general', id: 'h1', ...more });
    return reply ?? {};
  };
  const offsets = async (more: object = {}) =>
    ((await ask(more)).messages as { offset: number }[]).map(({ offset }) => offset);
  beforeEach(() => isOpen(HISTORY));

  it('is the newest messages, oldest first, as readers were shown them, and where the channel stands', async () => {
    const channel = new MemoryChannel(chat);
    await channel
      .send(
        publishEvent('m1', { data: 'first' }),
        publishEvent('m2', { data: { n: 2 }, tags: { k: 'v' }, key: 'k1', info: 'hidden' }),
      )
      .receiveAll();
    const time = SECOND * 1000;
    expect(await ask()).toEqual({
      type: 'history',
      id: 'h1',
      channel: 'general',
      epoch: 'epoch1',
      offset: 2,
      messages: [
        { offset: 1, epoch: 'epoch1', id: 'm1', data: 'first', time, user: 'alice' },
        { offset: 2, epoch: 'epoch1', id: 'm2', data: { n: 2 }, time, user: 'alice', tags: { k: 'v' }, key: 'k1' },
      ],
    });
  });

  it('is 50 messages where the client does not say how many, and else as many as it says', async () => {
    await keepMessages(chat, 'general', Array(60).fill(0));
    expect(await offsets()).toHaveLength(50);
    expect(await offsets({ limit: 2 })).toEqual([59, 60]);
    expect(await offsets({ limit: 0 })).toEqual([]);
    expect(await offsets({ limit: 1_000_000 })).toHaveLength(60);
  });

  it('pages back with before, and on with after', async () => {
    await keepMessages(chat, 'general', Array(10).fill(0));
    expect(await offsets({ limit: 3, before: 8 })).toEqual([5, 6, 7]);
    expect(await offsets({ limit: 3, after: 2 })).toEqual([3, 4, 5]);
    expect(await offsets({ limit: 3, after: 2, before: 5 })).toEqual([3, 4]);
    expect(await offsets({ after: 10 })).toEqual([]);
    expect(await offsets({ before: 1 })).toEqual([]);
  });

  it('of a channel that nobody has used yet has no messages and no epoch', async () => {
    expect(await ask()).toEqual({ type: 'history', id: 'h1', channel: 'general', epoch: '', offset: 0, messages: [] });
  });

  it('fits a frame, and what does not is read with the next one', async () => {
    await keepMessages(chat, 'general', Array(10).fill('x'.repeat(10_000)));
    const first = await ask();
    expect(bytesOf(first)).toBeLessThanOrEqual(FRAME);
    expect((first.messages as object[]).length).toBe(3);
    expect(await offsets()).toEqual([8, 9, 10]);
    expect(await offsets({ before: 8 })).toEqual([5, 6, 7]);
    expect(await offsets({ after: 0 })).toEqual([1, 2, 3]);
  });

  it('fits a frame whatever is around it: the longest id, the longest name', async () => {
    const channel = '"'.repeat(255);
    await keepMessages(chat, channel, Array(40).fill('x'.repeat(1_000)));
    const reply = await ask({ channel, id: '\u0001'.repeat(64) });
    expect((reply.messages as object[]).length).toBeGreaterThan(15);
    expect(bytesOf(reply)).toBeLessThanOrEqual(FRAME);
  });

  it('holds the largest message alone, which could never be read else', async () => {
    const data = 'x'.repeat(32_500);
    await keepMessages(chat, 'general', ['small', data, 'small']);
    expect(await offsets()).toEqual([3]);
    const reply = await ask({ before: 3 });
    expect((reply.messages as { data: string }[]).map((message) => message.data)).toEqual([data]);
    expect(await offsets({ before: 2 })).toEqual([1]);
  });

  it('shares its frame with the others: those that find no room say where their channel stands', async () => {
    await keepMessages(chat, 'general', Array(3).fill('x'.repeat(10_000)));
    await keepMessages(chat, 'news', Array(3).fill('y'.repeat(10_000)));
    const reads: string[] = [];
    const read = chat.log.read.bind(chat.log);
    chat.log.read = (channel, range) => {
      reads.push(channel);
      return read(channel, range);
    };
    const replies = await plain(
      { action: 'history', channel: 'general', id: 'h1', limit: 2 },
      { action: 'history', channel: 'news', id: 'h2' },
      { action: 'history', channel: 'news', id: 'h3', limit: 1 },
      { action: 'history', channel: 'general', id: 'h4', limit: 0 },
    );
    expect(replies.map(({ id, offset, messages }) => [id, offset, (messages as object[]).length])).toEqual([
      ['h1', 3, 2],
      ['h2', 3, 1],
      ['h3', 3, 0],
      ['h4', 3, 0],
    ]);
    expect(bytesOf(replies[0]) + bytesOf(replies[1]) + bytesOf(replies[2]) + bytesOf(replies[3]) + 3).toBeLessThan(
      FRAME,
    );
    expect(reads).toEqual(['general', 'news', 'news']);
  });

  it('that finds no room at all reads no messages in vain', async () => {
    await keepMessages(chat, 'general', ['x']);
    chat.log.read = () => Promise.reject(new Error('not asked for'));
    const pings = Array.from({ length: 400 }, () => ({ action: 'ping', id: 'x'.repeat(60) }));
    const replies = await plain(...pings, { action: 'history', channel: 'general', id: 'h1' });
    expect(replies.at(-1)).toMatchObject({ type: 'history', offset: 1, messages: [] });
  });

  it('without an id is answered by nothing but an error', async () => {
    expect(await plain({ action: 'history', channel: 'general' })).toEqual([]);
    expect(await plain({ action: 'history', channel: 'closed:x' })).toMatchObject([
      { type: 'error', channel: 'closed:x', code: 'not_available' },
    ]);
    expect(await plain({ action: 'history', channel: 'nowhere:x' })).toMatchObject([{ code: 'unknown_channel' }]);
  });

  it('is for who is subscribed, where the namespace says so, and as long as the permission lasts', async () => {
    await isOpen({ historySize: 10, historyTtl: 60, allowHistoryForSubscriber: true });
    expect(await ask()).toMatchObject({ code: 'permission_denied' });
    await isThere({ channels: { general: 's-1' } });
    expect(await ask()).toMatchObject({ type: 'history' });
    await isThere({ channels: { general: 's-1' }, ends: { general: SECOND } });
    expect(await ask()).toMatchObject({ code: 'permission_denied' });
    await isThere({ channels: { general: 'u-1' } });
    expect(await ask()).toMatchObject({ code: 'permission_denied' });
  });
});

describe('history of a client of the Centrifugo protocol', () => {
  const ask = async (request: object = {}) => {
    const [reply] = await centrifuge({ history: { channel: 'general', ...request } });
    return reply ?? {};
  };
  const offsets = async (request: object) =>
    ((await ask(request)).history as { publications: { offset: number }[] }).publications.map(({ offset }) => offset);
  beforeEach(() => isOpen(HISTORY));

  it('is the position alone where no limit is given', async () => {
    await keepMessages(chat, 'general', ['a', 'b']);
    const position = { id: 1, history: { publications: [], epoch: 'epoch1', offset: 2 } };
    expect(await ask()).toEqual(position);
    expect(await ask({ limit: 0, reverse: false })).toEqual(position);
  });

  it('is the messages from one end on, with who published them', async () => {
    await keepMessages(chat, 'general', ['a', 'b', 'c']);
    expect(await ask({ limit: 1 })).toMatchObject({
      history: { publications: [{ data: 'a', offset: 1, info: { user: 'alice', client: 'sender' } }] },
    });
    expect(await offsets({ limit: 2 })).toEqual([1, 2]);
    expect(await offsets({ limit: 2, reverse: true })).toEqual([3, 2]);
    expect(await offsets({ limit: -1 })).toEqual([1, 2, 3]);
  });

  it('goes on from where the client stands', async () => {
    await keepMessages(chat, 'general', ['a', 'b', 'c', 'd']);
    const since = { epoch: 'epoch1', offset: 2 };
    expect(await offsets({ limit: 10, since })).toEqual([3, 4]);
    expect(await offsets({ limit: 10, since, reverse: true })).toEqual([1]);
    expect(await offsets({ limit: 10, since: { epoch: '', offset: 2 } })).toEqual([3, 4]);
    expect(await ask({ limit: 10, since: { epoch: 'epoch1', offset: 0 }, reverse: true })).toEqual(
      error(107, 'bad request'),
    );
  });

  it('of another epoch is error 112, also without a limit', async () => {
    await keepMessages(chat, 'general', ['a']);
    const since = { epoch: 'epoch9', offset: 1 };
    expect(await ask({ limit: 10, since })).toEqual(error(112, 'unrecoverable position'));
    expect(await ask({ since })).toEqual(error(112, 'unrecoverable position'));
  });

  it('keeps epoch and offset when it has been removed', async () => {
    await keepMessages(chat, 'general', ['a', 'b']);
    await removeKept(chat, 'general', 2);
    expect(await ask({ limit: 10 })).toEqual({
      id: 1,
      history: { publications: [], epoch: 'epoch1', offset: 2 },
    });
  });

  it('fits a frame', async () => {
    await keepMessages(chat, 'general', Array(10).fill('x'.repeat(10_000)));
    expect(await offsets({ limit: 10 })).toEqual([1, 2, 3]);
    expect(await offsets({ limit: 10, since: { epoch: 'epoch1', offset: 3 } })).toEqual([4, 5, 6]);
    expect(bytesOf(await ask({ limit: 10 }))).toBeLessThanOrEqual(FRAME);
  });

  it.each([
    ['closed:x', 108, 'not available'],
    ['nowhere:x', 102, 'unknown channel'],
    ['two words', 107, 'bad request'],
    ['dm#bob', 103, 'permission denied'],
  ])('of %s is error %i', async (channel, code, message) => {
    expect(await ask({ channel })).toEqual(error(code, message));
  });

  it('is error 103 where nothing allows it', async () => {
    await isOpen({ historySize: 10, historyTtl: 60 });
    expect(await ask()).toEqual(error(103, 'permission denied'));
  });
});

describe('presence of a plain client', () => {
  const PRESENCE = { presence: true, allowPresenceForClient: true };
  const present = (connection: string, more: Partial<Subscription> = {}) =>
    chat.subscriptions.put('general', readerOf(connection, more));
  const ask = async (more: object = {}) => {
    const [reply] = await plain({ action: 'presence', channel: 'general', id: 'p1', ...more });
    return reply ?? {};
  };
  beforeEach(() => isOpen(PRESENCE));

  it('is users by name, with how many connections each has', async () => {
    await present('c9', { user: 'carol' });
    await present('c1', { user: 'alice' });
    await present('c2', { user: 'alice' });
    await present('c3', { user: '' });
    expect(await ask()).toEqual({
      type: 'presence',
      id: 'p1',
      channel: 'general',
      members: [
        { user: '', connections: 1 },
        { user: 'alice', connections: 2 },
        { user: 'carol', connections: 1 },
      ],
    });
  });

  it('is nobody where nobody is', async () => {
    expect(await ask()).toEqual({ type: 'presence', id: 'p1', channel: 'general', members: [] });
  });

  it('of ten thousand users comes in pages: all of them once, each page in a frame', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `user-${(i * 7_919) % 10_000}-${'x'.repeat(i % 30)}`);
    const readers = [...names, 'user-0-'].map((user, i) => readerOf(`c${i}`, { user }));
    chat.subscriptions.of = async () => readers;
    const members: { user: string; connections: number }[] = [];
    let after: unknown;
    do {
      const reply = await ask(after === undefined ? {} : { after });
      expect(bytesOf(reply)).toBeLessThanOrEqual(FRAME);
      expect((reply.members as object[]).length).toBeGreaterThan(200);
      members.push(...(reply.members as typeof members));
      after = reply.next;
    } while (after !== undefined);
    expect(members.map(({ user }) => user)).toEqual([...new Set(names)].sort());
    expect(members.filter(({ connections }) => connections === 2)).toEqual([{ user: 'user-0-', connections: 2 }]);
  });

  it('fits a frame whatever is around it: the longest names of all', async () => {
    const channel = '"'.repeat(255);
    for (let i = 0; i < 200; i++) {
      await chat.subscriptions.put(channel, readerOf(`c${i}`, { user: '\u0001'.repeat(509) + String(100 + i) }));
    }
    const reply = await ask({ channel, id: '\u0001'.repeat(64) });
    expect(reply).toHaveProperty('next');
    expect((reply.members as object[]).length).toBeGreaterThan(5);
    expect(bytesOf(reply)).toBeLessThanOrEqual(FRAME);
  });

  it('goes on by a page with somebody in it, however little room its frame has, also behind the anonymous user', async () => {
    for (const user of ['', 'alice', 'bob', 'carol']) await present(`of ${user}`, { user });
    const pings = Array.from({ length: 400 }, () => ({ action: 'ping', id: 'x'.repeat(60) }));
    const page = async (after?: unknown) => {
      const replies = await plain(...pings, {
        action: 'presence',
        channel: 'general',
        id: 'p1',
        ...(after !== undefined && { after }),
      });
      return replies.at(-1);
    };
    expect(await page()).toMatchObject({ members: [{ user: '' }, { user: 'alice' }], next: 'alice' });
    expect(await page('alice')).toMatchObject({ members: [{ user: 'bob' }], next: 'bob' });
    const last = await page('bob');
    expect(last).toMatchObject({ members: [{ user: 'carol' }] });
    expect(last).not.toHaveProperty('next');
  });

  it('is empty behind the last', async () => {
    await present('c1', { user: 'alice' });
    expect(await ask({ after: 'alice' })).toMatchObject({ members: [] });
  });

  it('without an id is answered by nothing but an error', async () => {
    expect(await plain({ action: 'presence', channel: 'general' })).toEqual([]);
    expect(await plain({ action: 'presence', channel: 'closed:x' })).toMatchObject([{ code: 'not_available' }]);
  });

  it('is for who is subscribed, where the namespace says so, and as long as the permission lasts', async () => {
    await isOpen({ presence: true, allowPresenceForSubscriber: true });
    expect(await ask()).toMatchObject({ code: 'permission_denied' });
    await isThere({ channels: { general: 's-1' } });
    expect(await ask()).toMatchObject({ type: 'presence' });
    await isThere({ channels: { general: 's-1' }, ends: { general: SECOND } });
    expect(await ask()).toMatchObject({ code: 'permission_denied' });
  });
});

describe('presence of a client of the Centrifugo protocol', () => {
  const present = (connection: string, more: Partial<Subscription> = {}) =>
    chat.subscriptions.put('general', readerOf(connection, more));
  const ask = (channel = 'general') => centrifuge({ presence: { channel } }, { presence_stats: { channel } });
  beforeEach(() => isOpen({ presence: true, allowPresenceForClient: true }));

  it('is connections, with what their tokens say, and how many they and their users are', async () => {
    await present('c1', { user: 'alice', info: { a: 1 }, channelInfo: 'guest' });
    await present('c2', { user: 'alice' });
    await present('c3', { user: '' });
    expect(await ask()).toEqual([
      {
        id: 1,
        presence: {
          presence: {
            c1: { user: 'alice', client: 'c1', conn_info: { a: 1 }, chan_info: 'guest' },
            c2: { user: 'alice', client: 'c2' },
            c3: { user: '', client: 'c3' },
          },
        },
      },
      { id: 2, presence_stats: { num_clients: 3, num_users: 2 } },
    ]);
  });

  it('is nobody where nobody is', async () => {
    expect(await ask()).toEqual([
      { id: 1, presence: { presence: {} } },
      { id: 2, presence_stats: { num_clients: 0, num_users: 0 } },
    ]);
  });

  it('is error 106 where it does not fit a frame; how many there are is told all the same', async () => {
    for (let i = 0; i < 1_000; i++) await present(`connection-${i}`);
    expect(await ask()).toEqual([
      error(106, 'limit exceeded'),
      { id: 2, presence_stats: { num_clients: 1_000, num_users: 1_000 } },
    ]);
  });

  it('lists some hundreds of connections', async () => {
    for (let i = 0; i < 400; i++) await present(`connection-${i}`);
    const [reply] = await ask();
    expect(Object.keys((reply as { presence: { presence: object } }).presence.presence)).toHaveLength(400);
  });

  it.each([
    ['closed:x', 108, 'not available'],
    ['nowhere:x', 102, 'unknown channel'],
    ['two words', 107, 'bad request'],
    ['dm#bob', 103, 'permission denied'],
  ])('of %s is error %i', async (channel, code, message) => {
    const told = { error: { code, message } };
    expect(await ask(channel)).toEqual([
      { id: 1, ...told },
      { id: 2, ...told },
    ]);
  });

  it('is error 103 where nothing allows it', async () => {
    await isOpen({ presence: true });
    expect(await centrifugeFrame(chat, 'c1', { id: 1, presence: { channel: 'general' } })).toEqual([
      error(103, 'permission denied'),
    ]);
  });
});
