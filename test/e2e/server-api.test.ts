import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';
import type { Document, PlainClient } from '../support/plain-client.ts';
import { messagesOf, offsetsOf, untilOffset, upTo } from '../support/pouring.ts';
import { storedReaders } from '../support/stored-items.ts';
import { callServer } from './server-client.ts';

const KEY = 'the-key-of-this-test';

const parley = useParley({ app: fileURLToPath(new URL('server-api-app.ts', import.meta.url)), apiKey: KEY });

/** Calls a method with the key. */
async function call(method: string, body: unknown): Promise<Document> {
  const answer = await callServer(parley, method, body, KEY);
  expect(answer.status).toBe(200);
  return answer.body;
}

/** Connects a reader of a channel, and waits until it is one. */
async function reader(user: string, channel: string): Promise<PlainClient> {
  const client = await parley.connect(user, { channels: [channel] });
  await client.next({ type: 'subscribed', channel });
  return client;
}

/** Publishes 1, 2, 3, … and resolves when a reader has them. */
async function fill(client: PlainClient, channel: string, count: number): Promise<void> {
  const commands = upTo(1, count).map((data) => ({ publish: { channel, data } }));
  await call('batch', { commands });
  await untilOffset(client, channel, count);
}

/** Resolves when the tables have a row of each of these readers. */
async function untilStored(channel: string, users: readonly string[]): Promise<void> {
  const stored = async () => [...(await storedReaders(parley.served, channel)).keys()].toSorted();
  await expect.poll(stored, { timeout: 20_000, interval: 20 }).toEqual(users.toSorted());
}

describe('the server API', () => {
  const message = { channel: 'general', data: 'hello' };

  it.each([
    ['no key', undefined],
    ['a wrong key', 'wrong'],
    ['an empty key', ''],
    ['the beginning of the key', KEY.slice(0, -1)],
  ])('answers 401 to %s, and does nothing', async (_, key) => {
    const alice = await reader('alice', 'general');
    const { status, body } = await callServer(parley, 'publish', { ...message, data: 'by nobody' }, key);
    expect({ status, body }).toEqual({ status: 401, body: { error: { code: 101, message: expect.any(String) } } });
    expect(await call('publish', message)).toEqual({ result: {} });
    await alice.next({ type: 'message', data: 'hello' });
    expect(messagesOf(alice, 'general')).toHaveLength(1);
  });

  it('says what is wrong with a call', async () => {
    const answers = [
      await callServer(parley, 'dance', {}, KEY),
      await callServer(parley, 'publish', 'no JSON', KEY),
      await callServer(parley, 'publish', { channel: 'general' }, KEY),
      await callServer(parley, 'publish', { ...message, channel: 'nowhere:a' }, KEY),
      await callServer(parley, 'publish', { ...message, data: 'x'.repeat(33_000) }, KEY),
      await callServer(parley, 'history', { channel: 'feed:a' }, KEY),
    ];
    expect(answers.map(({ status, body }) => [status, (body.error as Document).code])).toEqual([
      [404, 104],
      [400, 107],
      [200, 107],
      [200, 102],
      [200, 106],
      [200, 108],
    ]);
  });

  it('is called by IAM, with a signature and without the key', async () => {
    const alice = await reader('alice', 'signed');
    const caller = await parley.connect('caller');
    await caller.ask({ id: 1, connect: {} });
    const url = `${parley.served.stack.outputs.ApiIamUrl}/publish`;
    const publishing = async (id: number, signed: string) => {
      const data = { url, body: { channel: 'signed', data: signed }, signed };
      const { rpc } = await caller.ask({ id, rpc: { method: 'call', data } });
      return (rpc as Document | undefined)?.data;
    };
    const forbidden = { status: 403, body: { message: expect.any(String) } };
    expect(await publishing(2, 'not')).toEqual(forbidden);
    expect(await publishing(3, 'another')).toEqual(forbidden);
    expect(await publishing(4, 'own')).toEqual({ status: 200, body: { result: {} } });
    await alice.next({ type: 'message', data: 'own' });
    expect(offsetsOf(alice, 'signed')).toEqual([1]);
  });
});

describe('publish', () => {
  it('reaches readers like every message, by nobody', async () => {
    const alice = await reader('alice', 'news');
    expect(await call('publish', { channel: 'news', data: { a: 1 }, tags: { lang: 'en' } })).toEqual({ result: {} });
    const pushed = await alice.next({ type: 'message' });
    expect(pushed).toEqual({
      type: 'message',
      channel: 'news',
      offset: 1,
      epoch: expect.any(String),
      id: expect.any(String),
      data: { a: 1 },
      time: expect.any(Number),
      tags: { lang: 'en' },
    });
  });

  it('with an idempotency_key appends once in a channel', async () => {
    const alice = await reader('alice', 'once');
    await alice.ask({ action: 'subscribe', channel: 'once-more', id: 's1' });
    for (const data of ['first', 'again']) {
      const body = { channels: ['once', 'once-more'], data, idempotency_key: 'k1' };
      expect(await call('broadcast', body)).toEqual({ result: { responses: [{ result: {} }, { result: {} }] } });
    }
    await call('broadcast', { channels: ['once', 'once-more'], data: 'another', idempotency_key: 'k2' });
    for (const channel of ['once', 'once-more']) {
      await untilOffset(alice, channel, 2);
      expect(messagesOf(alice, channel).map(({ data }) => data)).toEqual(['first', 'another']);
    }
  });

  it('with skip_history takes its turn, and is not kept', async () => {
    const alice = await reader('alice', 'skipped');
    for (const skip_history of [false, true, false]) {
      await call('publish', { channel: 'skipped', data: skip_history, skip_history });
    }
    await untilOffset(alice, 'skipped', 2);
    expect(messagesOf(alice, 'skipped').map(({ data, offset }) => [data, offset])).toEqual([
      [false, 1],
      [true, undefined],
      [false, 2],
    ]);
  });

  it('to many channels answers for each', async () => {
    const alice = await reader('alice', 'cast');
    const { result } = await call('broadcast', { channels: ['cast', 'nowhere:a', 'feed:a'], data: 1 });
    expect((result as Document).responses).toEqual([
      { result: {} },
      { error: { code: 102, message: expect.any(String) } },
      { result: {} },
    ]);
    expect(await alice.next({ type: 'message' })).toMatchObject({ channel: 'cast', data: 1 });
  });

  it('of many messages at once keeps their order', async () => {
    const alice = await reader('alice', 'batch');
    const commands = upTo(1, 50).map((data) => ({ publish: { channel: 'batch', data } }));
    const { replies } = await call('batch', {
      commands: [
        ...commands,
        { publish: { channel: 'nowhere:a', data: 1 } },
        { presence_stats: { channel: 'batch' } },
        {},
      ],
    });
    expect(replies).toEqual([
      ...commands.map(() => ({ publish: {} })),
      { error: { code: 102, message: expect.any(String) } },
      { presence_stats: { num_clients: 1, num_users: 1 } },
      { error: { code: 104, message: expect.any(String) } },
    ]);
    await untilOffset(alice, 'batch', 50);
    expect(messagesOf(alice, 'batch').map(({ data }) => data)).toEqual(upTo(1, 50));
  });
});

describe('history', () => {
  it('is read from both ends, since a position, and up to a limit', async () => {
    const alice = await reader('alice', 'log');
    await fill(alice, 'log', 5);
    const [{ epoch } = {}] = messagesOf(alice, 'log');
    const history = async (range: Document) => {
      const { result } = await call('history', { channel: 'log', ...range });
      expect(result).toMatchObject({ epoch, offset: 5 });
      return ((result as Document).publications as Document[]).map(({ offset, data }) => [offset, data]);
    };
    const all = upTo(1, 5).map((n) => [n, n]);
    expect(await history({})).toEqual([]);
    expect(await history({ limit: -1 })).toEqual(all);
    expect(await history({ limit: 2 })).toEqual(all.slice(0, 2));
    expect(await history({ limit: 2, reverse: true })).toEqual(all.toReversed().slice(0, 2));
    expect(await history({ limit: 9, since: { epoch, offset: 3 } })).toEqual(all.slice(3));
    expect(await history({ limit: 9, since: { epoch, offset: 3 }, reverse: true })).toEqual(
      all.slice(0, 2).toReversed(),
    );
    expect(await call('history', { channel: 'log', limit: 9, since: { epoch: 'another', offset: 3 } })).toMatchObject({
      error: { code: 112 },
    });
  });

  it('is removed in the channel’s order; epoch and offsets go on', async () => {
    const alice = await reader('alice', 'removed');
    await fill(alice, 'removed', 3);
    const commands = [
      { publish: { channel: 'removed', data: 4 } },
      { history_remove: { channel: 'removed' } },
      { publish: { channel: 'removed', data: 5 } },
    ];
    expect(await call('batch', { commands })).toEqual({
      replies: [{ publish: {} }, { history_remove: {} }, { publish: {} }],
    });
    await untilOffset(alice, 'removed', 5);
    expect(offsetsOf(alice, 'removed')).toEqual(upTo(1, 5));
    const [{ epoch } = {}] = messagesOf(alice, 'removed');
    expect(await call('history', { channel: 'removed', limit: -1 })).toMatchObject({
      result: { epoch, offset: 5, publications: [{ offset: 5, data: 5 }] },
    });

    const bob = await parley.connect('bob');
    const subscribe = async (offset: number) => {
      const since = { epoch, offset };
      const reply = await bob.ask({ action: 'subscribe', channel: 'removed', since, id: `s${offset}` });
      await bob.ask({ action: 'unsubscribe', channel: 'removed', id: `u${offset}` });
      return reply;
    };
    expect(await subscribe(3)).toMatchObject({ epoch, offset: 5, recovered: false });
    expect(offsetsOf(bob, 'removed')).toEqual([]);
    expect(await subscribe(4)).toMatchObject({ epoch, offset: 4, recovered: true });
    expect(offsetsOf(bob, 'removed')).toEqual([5]);
  });
});

describe('a server', () => {
  it('knows who reads, and how many', async () => {
    await Promise.all(['alice', 'bob', 'bob'].map((user) => reader(user, 'room-1')));
    await Promise.all(['alice', 'carol'].map((user) => reader(user, 'room-2')));
    await untilStored('room-1', ['alice', 'bob']);
    const { result } = await call('presence', { channel: 'room-1' });
    const members = Object.entries((result as Document).presence as Record<string, Document>);
    expect(members.map(([client, member]) => [client === member.client, member.user]).toSorted()).toEqual([
      [true, 'alice'],
      [true, 'bob'],
      [true, 'bob'],
    ]);
    expect(await call('presence_stats', { channel: 'room-1' })).toEqual({ result: { num_clients: 3, num_users: 2 } });
    expect(await call('channels', { pattern: 'room-*' })).toEqual({
      result: { channels: { 'room-1': { num_clients: 3 }, 'room-2': { num_clients: 2 } } },
    });
    expect(await call('channels', { pattern: 'room-2' })).toEqual({
      result: { channels: { 'room-2': { num_clients: 2 } } },
    });
    // (connections of before may not be taken down yet)
    const counted = { num_clients: 5, num_users: 3, num_channels: 2, num_subs: 5 };
    await expect
      .poll(() => call('info', {}), { timeout: 20_000, interval: 50 })
      .toEqual({ result: { nodes: [{ uid: 'parley', name: 'parley', version: expect.any(String), ...counted }] } });
  });

  it('subscribes a user’s connections, and ends their subscriptions', async () => {
    const [phone, laptop] = await Promise.all([parley.connect('alice'), parley.connect('alice')]);
    const bob = await parley.connect('bob');
    await call('publish', { channel: 'pushed', data: 'before' });
    expect(await call('subscribe', { user: 'alice', channel: 'pushed' })).toEqual({ result: {} });
    for (const client of [phone, laptop]) {
      expect(await client.next({ type: 'subscribed' })).toEqual({
        type: 'subscribed',
        channel: 'pushed',
        epoch: expect.any(String),
        offset: 1,
      });
    }
    await call('publish', { channel: 'pushed', data: 'now' });
    for (const client of [phone, laptop]) await client.next({ type: 'message', data: 'now' });

    expect(await call('unsubscribe', { user: 'alice', channel: 'pushed' })).toEqual({ result: {} });
    for (const client of [phone, laptop]) {
      expect(await client.next({ type: 'unsubscribed' })).toEqual({
        type: 'unsubscribed',
        channel: 'pushed',
        code: 2000,
        reason: 'server unsubscribe',
      });
    }
    expect(await call('presence_stats', { channel: 'pushed' })).toEqual({ result: { num_clients: 0, num_users: 0 } });
    await bob.ask({ action: 'ping', id: 'p1' });
    expect(bob.documents).toHaveLength(1);
  });

  it('ends a user’s connections, and tells why', async () => {
    const [phone, laptop] = await Promise.all([parley.connect('alice'), parley.connect('alice')]);
    const bob = await reader('bob', 'calm');
    expect(await call('disconnect', { user: 'alice' })).toEqual({ result: {} });
    for (const client of [phone, laptop]) {
      await client.closed;
      expect(client.documents).toEqual([{ type: 'disconnect', code: 3503, reason: 'force disconnect' }]);
    }
    expect(await bob.ask({ action: 'ping', id: 'p1' })).toMatchObject({ type: 'pong' });
  });

  it('ends one connection of a user’s, or all but one, and says what its clients make of it', async () => {
    const [phone, laptop] = await Promise.all(['phone', 'laptop'].map(() => parley.connect('alice')));
    await phone?.ask({ action: 'subscribe', channel: 'mine', id: 's1' });
    await untilStored('mine', ['alice']);
    const client = (await storedReaders(parley.served, 'mine')).get('alice');
    const disconnect = { code: 4_000, reason: 'come back later' };
    await call('disconnect', { user: 'alice', whitelist: [client], disconnect });
    await laptop?.closed;
    expect(laptop?.documents).toEqual([{ type: 'disconnect', ...disconnect }]);
    expect(await phone?.ask({ action: 'ping', id: 'p1' })).toMatchObject({ type: 'pong' });

    const tablet = await parley.connect('alice');
    await call('disconnect', { user: 'alice', client });
    await phone?.closed;
    expect(await tablet.ask({ action: 'ping', id: 'p1' })).toMatchObject({ type: 'pong' });
    // another user's connection is not meant
    await call('disconnect', { user: 'bob', client: 'of-nobody' });
  });

  it('says when a user’s connections end', async () => {
    const alice = await reader('alice', 'ending');
    expect(await call('refresh', { user: 'alice', expire_at: Math.floor(Date.now() / 1000) + 60 })).toEqual({
      result: {},
    });
    expect(await alice.ask({ action: 'ping', id: 'p1' })).toMatchObject({ type: 'pong' });
    await call('refresh', { user: 'alice', expired: true });
    await alice.closed;
    expect(alice.documents.at(-1)).toEqual({ type: 'disconnect', code: 3005, reason: 'connection expired' });
  });
});

describe('rpc', () => {
  it('of a function that fails is a fault, of which a client learns nothing', async () => {
    const alice = await parley.connect('alice');
    await alice.ask({ id: 1, connect: {} });
    const from = parley.lines.length;
    expect(await alice.ask({ id: 2, rpc: { method: 'call', data: { url: 'no address' } } })).toEqual({
      id: 2,
      error: { code: 100, message: 'internal server error', temporary: true },
    });
    await parley.line(/Invalid URL/, from);
    expect(await alice.ask({ id: 3, ping: {} })).toEqual({ id: 3, ping: {} });
  });
});
