import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';
import type { PlainClient } from '../support/plain-client.ts';

const parley = useParley({ app: fileURLToPath(new URL('namespaces-app.ts', import.meta.url)) });

const subscribe = (client: PlainClient, channel: string) =>
  client.ask({ action: 'subscribe', channel, id: `subscribe ${channel}` });
const publish = (client: PlainClient, channel: string) =>
  client.ask({ action: 'sendMessage', channel, data: 'hi', id: `publish ${channel}` });
const denied = (channel: string) => expect.objectContaining({ type: 'error', channel, code: 'permission_denied' });

describe('a channel that lists its users', () => {
  const channel = 'dm#alice,bob';

  it('is theirs', async () => {
    const alice = await parley.connect('alice', { channels: [channel] });
    const bob = await parley.connect('bob');
    await alice.next({ type: 'subscribed', channel });
    expect(await subscribe(bob, channel)).toMatchObject({ type: 'subscribed', channel });
    expect(await publish(bob, channel)).toMatchObject({ type: 'ack' });
    expect(await alice.next({ type: 'message' })).toMatchObject({ channel, user: 'bob', data: 'hi' });
  });

  it('is closed to others, whatever their token allows', async () => {
    const claims = { caps: [{ channels: ['*'], match: 'wildcard', allow: ['sub', 'pub'] }] };
    const carol = await parley.connect('carol', { claims });
    expect(await subscribe(carol, channel)).toEqual(denied(channel));
    expect(await publish(carol, channel)).toEqual(denied(channel));
    await expect(parley.connect('carol', { claims, channels: [channel] })).rejects.toMatchObject({ status: 403 });
  });

  it('is closed to its users, too, in a namespace without such channels', async () => {
    const alice = await parley.connect('alice');
    expect(await subscribe(alice, 'feed:dm#alice,bob')).toEqual(denied('feed:dm#alice,bob'));
    expect(await publish(alice, 'feed:dm#alice,bob')).toEqual(denied('feed:dm#alice,bob'));
  });

  it('is not the anonymous user’s, who has no name', async () => {
    const nobody = await parley.handshake();
    expect(await subscribe(nobody, 'dm#')).toEqual(denied('dm#'));
  });
});

describe('what a token allows', () => {
  it.each([
    ['a name', { channels: ['closed:a', 'closed:b'] }, ['closed:b'], ['closed:c', 'closed:aa']],
    [
      'a pattern',
      { channels: ['closed:room-*'], match: 'wildcard' },
      ['closed:room-1'],
      ['closed:hall-1', 'xclosed:room-1'],
    ],
    ['an expression', { channels: ['^closed:[ab]$'], match: 'regex' }, ['closed:a'], ['closed:ab', 'closed:c']],
  ])('by %s holds for the channels that match, and no others', async (_, channels, allowed, refused) => {
    const alice = await parley.connect('alice', { claims: { caps: [{ ...channels, allow: ['sub', 'pub'] }] } });
    for (const channel of allowed) {
      expect(await subscribe(alice, channel)).toMatchObject({ type: 'subscribed' });
      expect(await publish(alice, channel)).toMatchObject({ type: 'ack' });
    }
    for (const channel of refused) {
      expect(await subscribe(alice, channel)).toMatchObject({ type: 'error' });
      expect(await publish(alice, channel)).toMatchObject({ type: 'error' });
    }
  });

  it('is no more than it says', async () => {
    const reader = await parley.connect('alice', { claims: { caps: [{ channels: ['closed:a'], allow: ['sub'] }] } });
    const writer = await parley.connect('bob', { claims: { caps: [{ channels: ['closed:a'], allow: ['pub'] }] } });
    expect(await subscribe(reader, 'closed:a')).toMatchObject({ type: 'subscribed' });
    expect(await publish(reader, 'closed:a')).toEqual(denied('closed:a'));
    expect(await subscribe(writer, 'closed:a')).toEqual(denied('closed:a'));
    expect(await publish(writer, 'closed:a')).toMatchObject({ type: 'ack' });
    expect(await reader.next({ type: 'message' })).toMatchObject({ user: 'bob' });
  });

  it('holds for the handshake’s channels, too', async () => {
    const claims = { caps: [{ channels: ['closed:a'], allow: ['sub'] }] };
    const alice = await parley.connect('alice', { claims, channels: ['closed:a'] });
    await alice.next({ type: 'subscribed', channel: 'closed:a' });
    await expect(parley.connect('alice', { claims, channels: ['closed:a', 'closed:b'] })).rejects.toMatchObject({
      status: 403,
    });
  });
});

describe('a namespace that keeps ten messages', () => {
  const channel = 'dm#alice,bob,dave';

  it('recovers a gap of ten, and of a larger one nothing', async () => {
    const alice = await parley.connect('alice', { channels: [channel] });
    const { epoch } = await alice.next({ type: 'subscribed' });
    const messages = Array.from({ length: 12 }, (_, n) => ({ action: 'sendMessage', channel, data: n + 1 }));
    alice.send(...messages);
    await alice.next({ type: 'message', offset: 12 });
    const bob = await parley.connect('bob');
    const since = (offset: number) =>
      bob.ask({ action: 'subscribe', channel, since: { epoch, offset }, id: `since ${offset}` });
    expect(await since(1)).toMatchObject({ epoch, offset: 12, recovered: false });
    await bob.ask({ action: 'unsubscribe', channel, id: 'u1' });
    expect(bob.documents.filter(({ type }) => type === 'message')).toEqual([]);
    expect(await since(2)).toMatchObject({ epoch, offset: 2, recovered: true });
    await bob.next({ type: 'message', offset: 12 });
    expect(bob.documents.flatMap(({ type, data }) => (type === 'message' ? [data] : []))).toEqual(
      messages.slice(2).map(({ data }) => data),
    );
  });

  it('lets its history be read only by whom a token lets', async () => {
    const caps = [{ channels: ['*'], match: 'wildcard', allow: ['hst', 'prs'] }];
    const dave = await parley.connect('dave', { channels: [channel] });
    expect(await dave.ask({ action: 'history', channel, id: 'h1' })).toEqual(denied(channel));
    const alice = await parley.connect('alice', { claims: { caps } });
    const { messages } = await alice.ask({ action: 'history', channel, limit: 1_000, id: 'h1' });
    expect((messages as readonly unknown[]).length).toBe(10);
    // its presence is off for everybody
    expect(await alice.ask({ action: 'presence', channel, id: 'p1' })).toMatchObject({ code: 'not_available' });
    const carol = await parley.connect('carol', { claims: { caps } });
    expect(await carol.ask({ action: 'history', channel, id: 'h1' })).toEqual(denied(channel));
  });
});

describe('a namespace without history', () => {
  it('has neither offsets nor an epoch', async () => {
    const alice = await parley.connect('alice');
    expect(await subscribe(alice, 'feed:a')).toEqual({ type: 'subscribed', id: 'subscribe feed:a', channel: 'feed:a' });
    const { messageId } = await publish(alice, 'feed:a');
    expect(await alice.next({ type: 'message' })).toEqual({
      type: 'message',
      channel: 'feed:a',
      id: messageId,
      user: 'alice',
      data: 'hi',
      time: expect.any(Number),
    });
  });

  it('recovers nothing', async () => {
    const alice = await parley.connect('alice');
    const since = { epoch: 'any', offset: 0 };
    expect(await alice.ask({ action: 'subscribe', channel: 'feed:b', since, id: 's1' })).toEqual({
      type: 'subscribed',
      id: 's1',
      channel: 'feed:b',
      recovered: false,
    });
  });

  it.each(['history', 'presence'])('has no %s to ask for', async (action) => {
    const alice = await parley.connect('alice', { channels: ['feed:b'] });
    expect(await alice.ask({ action, channel: 'feed:b', id: 'x' })).toMatchObject({
      type: 'error',
      channel: 'feed:b',
      code: 'not_available',
    });
    expect(await alice.ask({ action: 'ping', id: 'p1' })).toMatchObject({ type: 'pong' });
  });

  it('tells nobody who comes and goes', async () => {
    const alice = await parley.connect('alice', { channels: ['feed:f'] });
    await alice.next({ type: 'subscribed' });
    const bob = await parley.connect('bob');
    await subscribe(bob, 'feed:f');
    await bob.ask({ action: 'unsubscribe', channel: 'feed:f', id: 'u1' });
    await publish(bob, 'feed:f');
    await alice.next({ type: 'message' });
    expect(alice.documents.map(({ type }) => type)).toEqual(['subscribed', 'message']);
  });

  it('lets a client publish that does not read, where the namespace does', async () => {
    const reader = await parley.connect('bob', { channels: ['feed:c'] });
    await reader.next({ type: 'subscribed' });
    expect(await publish(await parley.connect('alice'), 'feed:c')).toMatchObject({ type: 'ack' });
    expect(await reader.next({ type: 'message' })).toMatchObject({ user: 'alice' });
  });
});

describe('an anonymous client', () => {
  it('is the user without a name, and does what the namespace allows', async () => {
    const nobody = await parley.handshake({ query: { channels: 'feed:d' } });
    await nobody.next({ type: 'subscribed', channel: 'feed:d' });
    expect(await publish(nobody, 'feed:d')).toMatchObject({ type: 'ack' });
    expect(await nobody.next({ type: 'message' })).toMatchObject({ user: '', data: 'hi' });
    expect(await subscribe(nobody, 'closed:a')).toEqual(denied('closed:a'));
  });

  it('has idempotency keys of its own', async () => {
    const clients = await Promise.all([parley.handshake(), parley.handshake()]);
    const acks = await Promise.all(
      clients.map((client) =>
        client.ask({ action: 'sendMessage', channel: 'feed:e', data: 'hi', idempotencyKey: 'k', id: 'm1' }),
      ),
    );
    expect(new Set(acks.map(({ messageId }) => messageId)).size).toBe(2);
  });

  it('is not whoever brings a token that is none', async () => {
    await expect(parley.handshake({ query: { token: 'nonsense' } })).rejects.toMatchObject({ status: 401 });
  });
});
