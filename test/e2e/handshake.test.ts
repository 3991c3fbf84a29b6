import { describe, expect, it } from 'vitest';
import { withVariables } from '../support/changed-template.ts';
import { useParley } from '../support/parley.ts';
import { RefusedHandshake } from '../support/plain-client.ts';
import { storedReaders } from '../support/stored-items.ts';

const UNKNOWN = 'nowhere:general';

describe('a handshake', () => {
  const parley = useParley();

  /** The status that a handshake is answered with, which must be no 101. */
  async function refusalOf(handshake: Promise<unknown>): Promise<number> {
    const error = await handshake.then(
      () => new Error('the handshake was not refused'),
      (reason: unknown) => reason,
    );
    if (error instanceof RefusedHandshake) return error.status;
    throw error;
  }

  it('is accepted with a token in the query', async () => {
    const client = await parley.handshake({ query: { token: await parley.token('alice') } });
    expect(await client.ask({ action: 'ping', id: 'p1' })).toEqual({ type: 'pong', id: 'p1' });
  });

  it('is accepted with a token in the Authorization header', async () => {
    const client = await parley.handshake({ headers: { authorization: `Bearer ${await parley.token('alice')}` } });
    expect(await client.ask({ action: 'ping', id: 'p1' })).toEqual({ type: 'pong', id: 'p1' });
  });

  it('without a token is refused with 401', async () => {
    expect(await refusalOf(parley.handshake())).toBe(401);
    expect(await refusalOf(parley.handshake({ headers: { authorization: 'Basic YWxpY2U6' } }))).toBe(401);
  });

  it('with a token that is none, or is over, is refused with 401', async () => {
    expect(await refusalOf(parley.handshake({ query: { token: 'alice' } }))).toBe(401);
    expect(await refusalOf(parley.connect('alice', { ttl: -1 }))).toBe(401);
    expect(await refusalOf(parley.connect('alice', { ttl: -1, claims: {} }))).toBe(401);
  });

  it.each([
    ['the channel of other users', 'dm#bob,carol'],
    ['a channel that needs a token of its own', '$secret'],
    ['a name that is none', 'a b'],
    ['a name that is too long', 'x'.repeat(256)],
    ['an unknown namespace', UNKNOWN],
  ])('for %s is refused with 403', async (_, channel) => {
    expect(await refusalOf(parley.connect('alice', { channels: [channel] }))).toBe(403);
  });

  it('for several channels is answered for each', async () => {
    const channels = ['one', 'two', 'comma,and%20percent'];
    const client = await parley.connect('alice', { channels });
    for (const channel of channels) {
      expect(await client.next({ channel })).toEqual({
        type: 'subscribed',
        channel,
        epoch: expect.any(String),
        offset: 0,
      });
    }
  });

  it('for several channels subscribes to none where one is refused', async () => {
    expect(await refusalOf(parley.connect('alice', { channels: ['all-or-none', UNKNOWN] }))).toBe(403);
    const bob = await parley.connect('bob', { channels: ['all-or-none'] });
    bob.send({ action: 'sendMessage', channel: 'all-or-none', data: 'anybody?' });
    // a subscribe of alice's would have been before it in the channel's order
    await bob.next({ data: 'anybody?' });
    expect([...(await storedReaders(parley.served, 'all-or-none')).keys()]).toEqual(['bob']);
  });

  it('recovers from the position that it names, if that is the channel’s', async () => {
    const channel = 'since%20,then';
    const alice = await parley.connect('alice', { channels: [channel] });
    const { epoch } = await alice.next({ type: 'subscribed' });
    alice.send({ action: 'sendMessage', channel, data: 'one' }, { action: 'sendMessage', channel, data: 'two' });
    await alice.next({ type: 'message', data: 'two' });
    const recovered = async (since: string) => {
      const client = await parley.connect('bob', { channels: [channel], query: { [`since.${channel}`]: since } });
      return { client, subscribed: await client.next({ type: 'subscribed' }) };
    };
    const position = { type: 'subscribed', channel, epoch, offset: 2 };
    expect((await recovered(`${epoch}:2`)).subscribed).toEqual({ ...position, recovered: true });
    for (const lost of ['another:1', 'nonsense', `${epoch}:3`, `${epoch}:-1`, `${epoch}:${'9'.repeat(30)}`]) {
      expect((await recovered(lost)).subscribed).toEqual({ ...position, recovered: false });
    }
    const { client, subscribed } = await recovered(`${epoch}:1`);
    expect(subscribed).toEqual({ ...position, offset: 1, recovered: true });
    expect(await client.next({ type: 'message' })).toMatchObject({ offset: 2, data: 'two' });
  });
});

describe('a stack that is set otherwise', () => {
  const parley = useParley({
    changeTemplate: (template) =>
      withVariables(withVariables(template, 'Authorizer', { HANDSHAKE: 'open' }), 'Connect', { MAX_CHANNELS: '3' }),
  });

  it('lets in a client without a token, which may then do nothing', async () => {
    const client = await parley.handshake();
    expect(await client.ask({ action: 'ping', id: 'p1' })).toMatchObject({ type: 'pong' });
    expect(await client.ask({ action: 'subscribe', channel: 'general', id: 's1' })).toMatchObject({
      type: 'error',
      channel: 'general',
      code: 'token_expired',
    });
  });

  it('ends one that speaks the Centrifugo protocol and names none', async () => {
    const client = await parley.handshake();
    client.send({ id: 1, connect: {} });
    await client.closed;
    expect(client.documents[0]).toEqual({ push: { disconnect: { code: 3501, reason: 'bad request' } } });
  });

  it('refuses a token that is none, also where it needs none', async () => {
    await expect(parley.handshake({ query: { token: 'alice' } })).rejects.toMatchObject({ status: 401 });
  });

  it('takes as many channels as it allows, and refuses more with 403', async () => {
    await expect(parley.connect('alice', { channels: ['a', 'b', 'c', 'd'] })).rejects.toMatchObject({ status: 403 });
    const client = await parley.connect('alice', { channels: ['a', 'b', 'c', 'a'] });
    for (const channel of ['a', 'b', 'c']) await client.next({ type: 'subscribed', channel });
  });
});
