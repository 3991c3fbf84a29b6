import { describe, expect, it } from 'vitest';
import { apiKeyOf } from '../../local/identity/api-key.ts';
import { useParley } from '../support/parley.ts';
import type { Document, PlainClient } from '../support/plain-client.ts';
import { messagesOf, untilOffset, upTo } from '../support/pouring.ts';
import { callServer } from './server-client.ts';

const parley = useParley();

/** A client of the Centrifugo protocol; its first frame is as the JavaScript SDK sends it. */
async function sdkClient(user: string, subscribe: Document): Promise<PlainClient & { readonly id: string }> {
  const client = await parley.connect(user);
  client.send({ id: 1, connect: {} }, { id: 2, subscribe });
  const { connect } = (await client.next({ id: 1 })) as { connect: { client: string } };
  await client.next({ id: 2 });
  return { ...client, id: connect.client };
}

async function plainClient(user: string, channel: string): Promise<PlainClient> {
  const client = await parley.connect(user, { channels: [channel] });
  await client.next({ type: 'subscribed', channel });
  return client;
}

/** What a client of the Centrifugo protocol was pushed, of one kind. */
const pushesOf = ({ documents }: PlainClient, kind: string): Document[] =>
  documents.flatMap(({ push }) => {
    const pushed = (push as Document | undefined)?.[kind];
    return pushed === undefined ? [] : [pushed as Document];
  });

const untilPubs = (client: PlainClient, count: number) =>
  client.until(() => pushesOf(client, 'pub').length >= count, `${count} publications`);

describe('a channel with plain readers and readers by SDKs', () => {
  it('gives each its own format, in one order', async () => {
    const plain = await plainClient('alice', 'mixed');
    const sdk = await sdkClient('bob', { channel: 'mixed' });
    const numbers = upTo(1, 20);
    plain.send(...numbers.map((n) => ({ action: 'sendMessage', channel: 'mixed', data: `plain ${n}` })));
    sdk.send(...numbers.map((n) => ({ id: 10 + n, publish: { channel: 'mixed', data: `sdk ${n}` } })));
    for (const n of numbers) expect(await sdk.next({ id: 10 + n })).toEqual({ id: 10 + n, publish: {} });
    await Promise.all([untilOffset(plain, 'mixed', 40), untilPubs(sdk, 40)]);

    const log = messagesOf(plain, 'mixed');
    expect(log.map(({ offset }) => offset)).toEqual(upTo(1, 40));
    expect(pushesOf(sdk, 'pub').map(({ offset, data, time }) => [offset, data, time])).toEqual(
      log.map(({ offset, data, time }) => [offset, data, time]),
    );
    for (const [who, user] of [
      ['plain', 'alice'],
      ['sdk', 'bob'],
    ]) {
      const sent = log.filter(({ data }) => String(data).startsWith(`${who} `));
      expect(sent.map(({ data }) => data)).toEqual(numbers.map((n) => `${who} ${n}`));
      for (const message of sent) expect(message.user).toBe(user);
    }
    for (const { data, info } of pushesOf(sdk, 'pub')) {
      const isOwn = String(data).startsWith('sdk');
      expect(info).toEqual(isOwn ? { user: 'bob', client: sdk.id } : { user: 'alice', client: expect.any(String) });
    }
    // nobody is shown the other's format
    for (const document of plain.documents) expect(document).toHaveProperty('type');
    for (const document of sdk.documents) expect(document).not.toHaveProperty('type');
  });

  it('has what a server publishes, by nobody', async () => {
    const plain = await plainClient('alice', 'served');
    const sdk = await sdkClient('bob', { channel: 'served' });
    const key = apiKeyOf(parley.keys);
    const { status } = await callServer(parley, 'publish', { channel: 'served', data: 1, tags: { a: 'b' } }, key);
    expect(status).toBe(200);
    expect(await plain.next({ type: 'message' })).toMatchObject({ data: 1, tags: { a: 'b' }, offset: 1 });
    await untilPubs(sdk, 1);
    expect(pushesOf(sdk, 'pub')).toEqual([{ data: 1, offset: 1, tags: { a: 'b' }, time: expect.any(Number) }]);
    expect(messagesOf(plain, 'served')[0]).not.toHaveProperty('user');
  });

  it('tells plain readers of users, and SDKs of connections', async () => {
    const plain = await plainClient('alice', 'moves');
    const sdk = await sdkClient('bob', { channel: 'moves', join_leave: true });
    const another = await sdkClient('bob', { channel: 'moves', join_leave: true });
    const infoOf = (client: { readonly id: string }) => ({ info: { user: 'bob', client: client.id } });
    await sdk.until(() => pushesOf(sdk, 'join').length === 2, 'two joins');
    await another.close();
    await sdk.until(() => pushesOf(sdk, 'leave').length === 1, 'a leave');
    expect(pushesOf(sdk, 'join')).toEqual([infoOf(sdk), infoOf(another)]);
    expect(pushesOf(sdk, 'leave')).toEqual([infoOf(another)]);
    await sdk.close();
    await plain.next({ type: 'leave' });
    expect(plain.documents.filter(({ type }) => type === 'join' || type === 'leave')).toEqual([
      { type: 'join', channel: 'moves', user: 'bob' },
      { type: 'leave', channel: 'moves', user: 'bob' },
    ]);
  });

  it('answers each who is there, and what was said', async () => {
    const plain = await plainClient('alice', 'asked');
    const sdk = await sdkClient('bob', { channel: 'asked', join_leave: true });
    await plain.next({ type: 'join', user: 'bob' });
    sdk.send({ id: 3, publish: { channel: 'asked', data: 'x' } });
    await untilOffset(plain, 'asked', 1);
    const [{ epoch } = {}] = messagesOf(plain, 'asked');

    const { presence } = (await sdk.ask({ id: 4, presence: { channel: 'asked' } })) as {
      presence: { presence: Record<string, Document> };
    };
    expect(
      Object.values(presence.presence)
        .map(({ user }) => user)
        .toSorted(),
    ).toEqual(['alice', 'bob']);
    expect(presence.presence[sdk.id]).toEqual({ user: 'bob', client: sdk.id });
    expect(await sdk.ask({ id: 5, presence_stats: { channel: 'asked' } })).toEqual({
      id: 5,
      presence_stats: { num_clients: 2, num_users: 2 },
    });
    expect(await sdk.ask({ id: 6, history: { channel: 'asked', limit: 5 } })).toEqual({
      id: 6,
      history: {
        epoch,
        offset: 1,
        publications: [{ data: 'x', offset: 1, info: { user: 'bob', client: sdk.id }, time: expect.any(Number) }],
      },
    });
    expect(await plain.ask({ action: 'presence', channel: 'asked', id: 'p1' })).toMatchObject({
      members: [
        { user: 'alice', connections: 1 },
        { user: 'bob', connections: 1 },
      ],
    });
    expect(await plain.ask({ action: 'history', channel: 'asked', id: 'h1' })).toMatchObject({
      messages: [{ data: 'x', offset: 1, user: 'bob' }],
    });
  });

  it('recovers both, with what both have said', async () => {
    const plain = await plainClient('alice', 'both');
    const sdk = await sdkClient('bob', { channel: 'both' });
    plain.send({ action: 'sendMessage', channel: 'both', data: 1 });
    await Promise.all([untilOffset(plain, 'both', 1), untilPubs(sdk, 1)]);
    const [{ epoch } = {}] = messagesOf(plain, 'both');
    const carol = await plainClient('carol', 'both');
    for (const client of [plain, sdk]) client.socket.terminate();
    const large = 'x'.repeat(20_000);
    for (const data of [2, 3, large, large, large]) {
      await carol.ask({ action: 'sendMessage', channel: 'both', data, id: `m${Math.random()}` });
    }
    await untilOffset(carol, 'both', 6);

    const [again, sdkAgain] = await Promise.all([
      parley.connect('alice', { channels: ['both'], query: { 'since.both': `${epoch}:1` } }),
      parley.connect('bob'),
    ]);
    sdkAgain.send({ id: 1, connect: {} }, { id: 2, subscribe: { channel: 'both', recover: true, epoch, offset: 1 } });
    await untilOffset(again, 'both', 6);
    expect(messagesOf(again, 'both')).toEqual(messagesOf(carol, 'both'));
    expect(again.documents[0]).toMatchObject({ type: 'subscribed', recovered: true, offset: 1 });

    const { subscribe } = (await sdkAgain.next({ id: 2 })) as { subscribe: Document & { publications: Document[] } };
    expect(subscribe).toMatchObject({ recovered: true, was_recovering: true, epoch });
    const inReply = subscribe.publications;
    expect(subscribe.offset).toBe(inReply.at(-1)?.offset);
    // what does not fit the reply's frame follows
    await untilPubs(sdkAgain, 5 - inReply.length);
    expect(inReply.length).toBeLessThan(5);
    expect([...inReply, ...pushesOf(sdkAgain, 'pub')].map(({ offset, data }) => [offset, data])).toEqual(
      messagesOf(carol, 'both').map(({ offset, data }) => [offset, data]),
    );
  });

  it('refuses `?channels=` to who then speaks the Centrifugo protocol', async () => {
    const client = await plainClient('alice', 'mistake');
    client.send({ id: 1, connect: {} });
    await client.closed;
    expect(client.documents).toContainEqual({ push: { disconnect: { code: 3501, reason: 'bad request' } } });
  });

  it('answers rpc where nobody is there for it', async () => {
    const sdk = await sdkClient('bob', { channel: 'nobody' });
    expect(await sdk.ask({ id: 3, rpc: { method: 'time' } })).toEqual({
      id: 3,
      error: { code: 108, message: 'not available' },
    });
  });
});
