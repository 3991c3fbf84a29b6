import { expect } from 'vitest';
import { upTo } from '../support/pouring.ts';
import { clientOf } from '../support/sdk-client.ts';
import { forBoth, type Scenario, scenario } from './scenario.ts';
import { type Stage, untilTrue } from './stage.ts';

/** Has channels used: each has an epoch then, and its first message. */
async function used(stage: Stage, ...channels: readonly string[]): Promise<void> {
  await stage.api('broadcast', { channels, data: 'the first' });
  for (const channel of channels) {
    await untilTrue(async () => (await stage.api('history', { channel })).result.offset === 1);
  }
}

/** Subscriptions that the server makes. */
export const serverSide: readonly Scenario[] = [
  scenario('sdk', 'are the token’s channels, and go on where they were after a reconnect', async (stage) => {
    const channels = [stage.channel(), stage.channel()];
    const [channel = ''] = channels;
    await used(stage, ...channels);
    const client = await stage.sdk('alice', { claims: { channels } });
    for (const one of channels) {
      expect(await client.next({ event: 'subscribed', channel: one })).toMatchObject({
        recoverable: true,
        streamPosition: { offset: 1 },
      });
    }
    const publish = (data: unknown) => stage.api('publish', { channel, data });
    for (const n of upTo(1, 3)) await publish(n);
    for (const n of upTo(1, 3)) expect(await client.next({ event: 'publication' })).toMatchObject({ channel, data: n });
    for (const round of [1, 2]) {
      client.kill();
      await client.next({ event: 'connecting', code: 1 });
      for (const n of upTo(1, 3)) await publish(`${round} ${n}`);
      client.comeBack();
      expect(await client.next({ event: 'subscribed', channel })).toMatchObject({
        wasRecovering: true,
        recovered: true,
      });
      await publish(`${round} new`);
      await client.next({ event: 'publication', data: `${round} new` });
    }
    const publications = client.events.filter(({ event }) => event === 'publication');
    expect(publications.map(({ offset }) => offset)).toEqual(upTo(2, publications.length + 1));
    expect(publications.map(({ data }) => data)).toEqual(
      [[1, 2, 3], ...['1', '2'].map((round) => [...upTo(1, 3), 'new'].map((n) => `${round} ${n}`))].flat(),
    );
  }),

  scenario('sdk', 'of the token are no permission', async (stage) => {
    const [channel, secret] = [stage.channel(), stage.channel('$')];
    await used(stage, secret, channel);
    const client = await stage.sdk('alice', { claims: { channels: [secret, 'nowhere:x', channel] } });
    // who signs the token may let somebody read what nobody else may; what the stack does not have is left out
    for (const one of [secret, channel]) await client.next({ event: 'subscribed', channel: one });
    expect(client.events.filter(({ event }) => event === 'subscribed')).toHaveLength(2);
    await client.centrifuge.publish(channel, 'as its reader');
    expect(await client.next({ event: 'publication' })).toMatchObject({ channel });
  }),

  scenario('sdk', 'begin anew where what was missed is not kept any more', async (stage) => {
    const channel = stage.channel();
    await used(stage, channel);
    const client = await stage.sdk('alice', { claims: { channels: [channel] } });
    await client.next({ event: 'subscribed', channel });
    client.kill();
    await client.next({ event: 'connecting', code: 1 });
    await stage.api('publish', { channel, data: 2 });
    await untilTrue(async () => (await stage.api('history', { channel })).result.offset === 2);
    await stage.api('history_remove', { channel });
    await stage.api('publish', { channel, data: 3 });
    await untilTrue(async () => (await stage.api('history', { channel })).result.offset === 3);
    client.comeBack();
    expect(await client.next({ event: 'subscribed', channel })).toMatchObject({
      wasRecovering: true,
      recovered: false,
      streamPosition: { offset: 3 },
    });
    await stage.api('publish', { channel, data: 4 });
    expect(await client.next({ event: 'publication' })).toMatchObject({ data: 4, offset: 4 });
  }),

  scenario('sdk', 'are told their epoch later where nobody had used the channel', async (stage) => {
    const channel = stage.channel();
    const client = await stage.sdk('alice', { claims: { channels: [channel] } });
    expect(await client.next({ event: 'subscribed', channel })).toMatchObject({ streamPosition: { epoch: '' } });
    const { streamPosition } = await client.next({ event: 'subscribed', channel });
    expect(streamPosition).toEqual({ epoch: expect.stringMatching(/./), offset: 0 });
    client.kill();
    await client.next({ event: 'connecting', code: 1 });
    await stage.api('publish', { channel, data: 'missed' });
    client.comeBack();
    expect(await client.next({ event: 'publication' })).toMatchObject({ data: 'missed', offset: 1 });
  }),

  scenario('plain and sdk', 'are made by the server API, and are told by a push', async (stage) => {
    const channel = stage.channel('$');
    const [alice, bob] = [stage.user('alice'), stage.user('bob')];
    const [plain, sdk] = [await stage.plain(alice), await stage.sdk(bob)];
    const subscribed = () => plain.documents.some(({ type }) => type === 'subscribed');
    // (a connection of the last second may not be known by its user yet)
    await untilTrue(async () => {
      await stage.api('subscribe', { user: alice, channel });
      return subscribed() || (await reads(alice));
    });
    await stage.api('subscribe', { user: bob, client: clientOf(sdk), channel });
    expect(await plain.next({ type: 'subscribed' })).toMatchObject({ channel, offset: 0 });
    expect(await sdk.next({ event: 'subscribed' })).toMatchObject({ channel, recoverable: true });
    await stage.api('publish', { channel, data: 'hi' });
    expect(await plain.next({ type: 'message' })).toMatchObject({ channel, offset: 1, data: 'hi' });
    expect(await sdk.next({ event: 'publication' })).toMatchObject({ channel, offset: 1, data: 'hi' });

    async function reads(user: string): Promise<boolean> {
      const { result } = await stage.api('presence', { channel });
      return Object.values<{ user: string }>(result.presence).some((member) => member.user === user);
    }
  }),

  scenario('plain and sdk', 'are made by the server API from where it says on', async (stage) => {
    const channel = stage.channel();
    const [alice, bob] = [stage.user('alice'), stage.user('bob')];
    const [plain, sdk] = [await stage.plain(alice), await stage.sdk(bob)];
    await stage.api('batch', { commands: [1, 2, 3].map((data) => ({ publish: { channel, data } })) });
    const history = async () => (await stage.api('history', { channel })).result;
    await untilTrue(async () => (await history()).offset === 3);
    const { epoch } = await history();
    const wanted = { channel, recover_since: { epoch, offset: 1 } };
    await untilTrue(async () => {
      await stage.api('subscribe', { ...wanted, user: alice });
      return (await stage.api('presence_stats', { channel })).result.num_clients === 1;
    });
    await stage.api('subscribe', { ...wanted, user: bob, client: clientOf(sdk) });
    for (const offset of [2, 3]) {
      expect(await plain.next({ type: 'message' })).toMatchObject({ offset, data: offset });
      expect(await sdk.next({ event: 'publication' })).toMatchObject({ offset, data: offset });
    }
    expect(plain.documents[0]).toEqual({ type: 'subscribed', channel, epoch, offset: 1, recovered: true });
  }),

  ...forBoth('are ended by the server API with 2000, and stay so', async (stage, kind) => {
    const channel = stage.channel();
    const user = stage.user('alice');
    const reader = await stage.join(kind, user);
    await reader.subscribe(channel);
    const nobodyThere = async () => (await stage.api('presence_stats', { channel })).result.num_clients === 0;
    await untilTrue(async () => {
      await stage.api('unsubscribe', { user, channel });
      return nobodyThere();
    });
    expect(await reader.untilUnsubscribed(channel)).toEqual({ code: 2000 });
    await expect(reader.publish(channel, 1)).rejects.toMatchObject({ code: 'permission_denied' });
    expect(await nobodyThere()).toBe(true);
  }),

  scenario('server API', 'publishes, also to many channels, and reads the history', async (stage) => {
    const [channel, other] = [stage.channel(), stage.channel()];
    expect(await stage.api('publish', { channel, data: { n: 1 }, tags: { a: 'b' } })).toEqual({ result: {} });
    const key = { channel, data: { n: 2 }, idempotency_key: 'k' };
    for (const body of [key, key]) expect(await stage.api('publish', body)).toEqual({ result: {} });
    const channels = [channel, 'nowhere:x', other];
    expect(await stage.api('broadcast', { channels, data: { n: 3 } })).toEqual({
      result: { responses: [{ result: {} }, { error: { code: 102, message: expect.any(String) } }, { result: {} }] },
    });
    const history = (body: object) => stage.api('history', { channel, ...body });
    await untilTrue(async () => (await history({})).result.offset === 3);
    const { result } = await history({ limit: 10 });
    expect(result).toEqual({
      epoch: expect.any(String),
      offset: 3,
      publications: [
        { offset: 1, data: { n: 1 }, tags: { a: 'b' }, time: expect.any(Number) },
        { offset: 2, data: { n: 2 }, time: expect.any(Number) },
        { offset: 3, data: { n: 3 }, time: expect.any(Number) },
      ],
    });
    const { epoch } = result;
    const since = (offset: number, of = epoch) => ({ limit: 10, since: { epoch: of, offset } });
    expect((await history({ ...since(3), reverse: true })).result.publications).toMatchObject([
      { offset: 2 },
      { offset: 1 },
    ]);
    expect(await history(since(1, 'another'))).toMatchObject({ error: { code: 112 } });
  }),

  scenario('server API', 'keeps epoch and offset where it removes a history', async (stage) => {
    const channel = stage.channel();
    for (const data of [1, 2]) await stage.api('publish', { channel, data });
    await stage.api('history_remove', { channel });
    await stage.api('publish', { channel, data: 3 });
    const history = async () => (await stage.api('history', { channel, limit: 10 })).result;
    await untilTrue(async () => (await history()).offset === 3);
    expect((await history()).publications).toMatchObject([{ offset: 3, data: 3 }]);
  }),

  scenario('server API', 'takes several commands at once, and knows who asks', async (stage) => {
    const channel = stage.channel();
    const commands = [
      { publish: { channel, data: 1 } },
      { presence_stats: { channel } },
      { history: { channel: 'no:x' } },
    ];
    const response = await fetch(`${stage.host.apiUrl}/batch`, {
      method: 'POST',
      headers: { 'X-API-Key': stage.host.apiKey },
      body: JSON.stringify({ commands }),
    });
    expect(await response.json()).toEqual({
      replies: [
        { publish: {} },
        { presence_stats: { num_clients: 0, num_users: 0 } },
        { error: { code: 102, message: expect.any(String) } },
      ],
    });
    for (const headers of [{}, { 'X-API-Key': 'another' }]) {
      const refused = await fetch(`${stage.host.apiUrl}/info`, { method: 'POST', headers, body: '{}' });
      expect(refused.status).toBe(401);
    }
    const { result } = await stage.api('info', {});
    expect(result.nodes).toMatchObject([{ uid: 'parley', num_clients: expect.any(Number) }]);
  }),
];
