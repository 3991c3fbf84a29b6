import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';
import type { PlainClient } from '../support/plain-client.ts';
import { messagesOf } from '../support/pouring.ts';

const parley = useParley({ app: fileURLToPath(new URL('../../examples/open-chat.ts', import.meta.url)) });

/** A client of the Centrifugo protocol, connected without a token, or with one of its `connect` command. */
async function sdkClient(user?: string): Promise<PlainClient> {
  const client = await parley.handshake();
  const token = user === undefined ? undefined : await parley.token(user);
  expect(await client.ask({ id: 1, connect: { token } })).toMatchObject({ connect: { client: expect.any(String) } });
  return client;
}

describe('the example of an open chat', () => {
  it('lets in who has no name, and shows who has one', async () => {
    const nobody = await parley.handshake({ query: { channels: 'lobby' } });
    await nobody.next({ type: 'subscribed', channel: 'lobby' });
    const alice = await parley.connect('alice', { channels: ['lobby'] });
    expect(await nobody.next({ type: 'join' })).toEqual({ type: 'join', channel: 'lobby', user: 'alice' });
    await alice.next({ type: 'subscribed' });
    nobody.send({ action: 'sendMessage', channel: 'lobby', data: 'hello' });
    expect(await alice.next({ type: 'message' })).toMatchObject({ user: '', data: 'hello', offset: 1 });
    expect(await alice.ask({ action: 'presence', channel: 'lobby', id: 'p1' })).toMatchObject({
      members: [
        { user: '', connections: 1 },
        { user: 'alice', connections: 1 },
      ],
    });
    expect(await nobody.ask({ action: 'history', channel: 'lobby', id: 'h1' })).toMatchObject({
      messages: [{ user: '', data: 'hello' }],
    });
  });

  it('takes the token of the connect command, and none but a good one', async () => {
    const sdk = await sdkClient('bob');
    await sdk.ask({ id: 2, subscribe: { channel: 'named' } });
    await sdk.ask({ id: 3, publish: { channel: 'named', data: 1 } });
    const { push } = await sdk.next((document) => 'push' in document);
    expect(push).toMatchObject({ channel: 'named', pub: { data: 1, info: { user: 'bob' } } });

    const forged = await parley.handshake();
    forged.send({ id: 1, connect: { token: 'nonsense' } });
    await forged.closed;
    expect(forged.documents[0]).toEqual({ push: { disconnect: { code: 3500, reason: 'invalid token' } } });
  });

  it('has talks of two, which are theirs alone', async () => {
    const channel = 'dm:#alice,bob';
    const alice = await parley.connect('alice', { channels: [channel] });
    await alice.next({ type: 'subscribed', channel });
    const bob = await sdkClient('bob');
    expect(await bob.ask({ id: 2, subscribe: { channel } })).toMatchObject({
      subscribe: { epoch: expect.any(String) },
    });
    expect(await bob.ask({ id: 3, publish: { channel, data: 'psst' } })).toEqual({ id: 3, publish: {} });
    expect(await alice.next({ type: 'message' })).toMatchObject({ channel, user: 'bob', data: 'psst' });

    const carol = await parley.connect('carol');
    const nobody = await sdkClient();
    for (const action of ['subscribe', 'sendMessage', 'history', 'presence']) {
      const answer = await carol.ask({ action, channel, data: 'hi', id: action });
      expect(answer).toMatchObject({ type: 'error', channel, code: 'permission_denied' });
    }
    for (const [i, method] of ['subscribe', 'publish', 'history', 'presence', 'presence_stats'].entries()) {
      const answer = await nobody.ask({ id: 10 + i, [method]: { channel, data: 'hi' } });
      expect(answer).toEqual({ id: 10 + i, error: { code: 103, message: 'permission denied' } });
    }
    // a talk that lists nobody is nobody's
    expect(await carol.ask({ action: 'subscribe', channel: 'dm:general', id: 's1' })).toMatchObject({
      code: 'permission_denied',
    });
  });

  it('has a namespace that keeps nothing', async () => {
    const nobody = await parley.handshake({ query: { channels: 'live:cursors' } });
    expect(await nobody.next({ type: 'subscribed' })).toEqual({ type: 'subscribed', channel: 'live:cursors' });
    const alice = await parley.connect('alice');
    await alice.ask({ action: 'sendMessage', channel: 'live:cursors', data: [1, 2], id: 'm1' });
    await nobody.next({ type: 'message', data: [1, 2] });
    expect(messagesOf(nobody, 'live:cursors')[0]).not.toHaveProperty('offset');
    for (const action of ['history', 'presence']) {
      expect(await nobody.ask({ action, channel: 'live:cursors', id: action })).toMatchObject({
        type: 'error',
        channel: 'live:cursors',
        code: 'not_available',
      });
    }
  });
});

describe('rpc', () => {
  it('is answered by the owner’s function, which knows who asks', async () => {
    const alice = await sdkClient('alice');
    const { rpc } = (await alice.ask({ id: 2, rpc: { method: 'time' } })) as { rpc: { data: { time: number } } };
    expect(rpc.data.time).toBeGreaterThan(1.7e12);
    const data = { deep: [1, { ключ: null }] };
    expect(await alice.ask({ id: 3, rpc: { method: 'echo', data } })).toEqual({
      id: 3,
      rpc: { data: { user: 'alice', data } },
    });
    const nobody = await sdkClient();
    expect(await nobody.ask({ id: 2, rpc: { method: 'echo', data: 1 } })).toEqual({
      id: 2,
      rpc: { data: { user: '', data: 1 } },
    });
  });

  it('is answered by its error where it has one, with the function’s own code', async () => {
    const alice = await sdkClient('alice');
    expect(await alice.ask({ id: 2, rpc: { method: 'dance' } })).toEqual({
      id: 2,
      error: { code: 404, message: 'no method dance' },
    });
  });

  it('of several in a frame answers each', async () => {
    const alice = await sdkClient('alice');
    alice.send({ id: 2, rpc: { method: 'echo', data: 1 } }, { id: 3, rpc: { method: '' } }, { id: 4, rpc: {} });
    expect(await alice.next({ id: 2 })).toEqual({ id: 2, rpc: { data: { user: 'alice', data: 1 } } });
    for (const id of [3, 4]) expect(await alice.next({ id })).toMatchObject({ error: { code: expect.any(Number) } });
  });
});
