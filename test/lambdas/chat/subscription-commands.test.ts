import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection, SubscriptionGrant } from '../../../lambdas/chat/ports.ts';
import { centrifugeReplies, plainFrame } from '../../support/client-frames.ts';
import { connectionOf, type MemoryChat, memoryChat, NAMESPACES } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const SECOND = Date.UTC(2026, 0, 1) / 1000;

const record = () => chat.connections.records.get('c1');
const isThere = (more: Partial<Connection> = {}) =>
  chat.connections.create(connectionOf('c1', { user: 'alice', ...more }));
const grants = (grant: Partial<SubscriptionGrant> = {}) =>
  chat.tokens.goodSubscriptions.set('good', { user: 'alice', channel: '$secret', ...grant });
const plain = (...documents: object[]) => plainFrame(chat, 'c1', ...documents);
const centrifuge = (...commands: object[]) => centrifugeReplies(chat, 'c1', ...commands);
const error = (code: number, message: string) => ({ id: 1, error: { code, message } });

beforeEach(async () => {
  chat = memoryChat({
    namespaces: {
      ...NAMESPACES,
      forced: { historySize: 10, historyTtl: 60, forceRecovery: true, allowSubscribeForClient: true },
      crowd: { joinLeave: true, presence: true, allowSubscribeForClient: true, allowPresenceForSubscriber: true },
      quiet: { joinLeave: true, presence: true, allowSubscribeForClient: true },
    },
  });
  await isThere();
});

describe('a subscription token', () => {
  const subscribe = { action: 'subscribe', channel: '$secret', token: 'good', id: 's1' };

  it('opens a channel that needs one, and what it says goes with the subscription', async () => {
    grants({ expires: SECOND + 60, info: { role: 'guest' } });
    expect(await plain(subscribe)).toEqual([]);
    expect(chat.queue.events).toMatchObject([
      { type: 'subscribe', channel: '$secret', user: 'alice', expires: SECOND + 60, channelInfo: { role: 'guest' } },
    ]);
    expect(record()?.ends).toEqual({ $secret: SECOND + 60 });
  });

  it('without an end opens it for good', async () => {
    grants();
    expect(await centrifuge({ subscribe: { channel: '$secret', token: 'good' } })).toEqual([undefined]);
    expect(chat.queue.events[0]).not.toHaveProperty('expires');
    expect(chat.queue.events[0]).not.toHaveProperty('channelInfo');
    expect(record()?.ends).toEqual({});
  });

  it('decides alone: it opens also what the rules would not', async () => {
    for (const channel of ['closed:x', 'dm:x#bob']) {
      grants({ channel });
      expect(await plain({ ...subscribe, channel })).toEqual([]);
    }
    expect(chat.queue.events).toHaveLength(2);
  });

  it('decides alone: one that is not good does not fall back to the rules', async () => {
    const open = { ...subscribe, channel: 'general', token: 'bad' };
    expect(await plain(open)).toMatchObject([{ id: 's1', channel: 'general', code: 'permission_denied' }]);
    expect(await centrifuge({ subscribe: { channel: 'general', token: 'bad' } })).toEqual([
      error(103, 'permission denied'),
    ]);
    expect(chat.queue.events).toEqual([]);
  });

  it('is what a channel with $ needs', async () => {
    expect(await centrifuge({ subscribe: { channel: '$secret' } })).toEqual([error(103, 'permission denied')]);
  });

  it('that has expired is told so: the client fetches another', async () => {
    chat.tokens.expired.add('good');
    expect(await plain(subscribe)).toMatchObject([{ code: 'token_expired' }]);
    expect(await centrifuge({ subscribe: { channel: '$secret', token: 'good' } })).toEqual([
      error(109, 'token expired'),
    ]);
  });

  it.each<[Partial<SubscriptionGrant>, string]>([
    [{ user: 'bob' }, 'token: it is of another user'],
    [{ user: '' }, 'token: it is of another user'],
    [{ channel: '$other' }, 'token: it is for another channel'],
  ])('of somebody else, or for another channel, opens nothing: %j', async (grant, message) => {
    grants(grant);
    expect(await plain(subscribe)).toEqual([
      { type: 'error', id: 's1', channel: '$secret', code: 'permission_denied', message },
    ]);
    const frame = centrifuge({ subscribe: { channel: '$secret', token: 'good' } });
    await expect(frame).rejects.toMatchObject({ why: { code: 3500, reason: 'invalid token' } });
    expect(chat.queue.events).toEqual([]);
    expect(record()?.channels).toEqual({});
  });

  it('may be an anonymous user’s', async () => {
    await isThere({ user: '' });
    grants({ user: '' });
    expect(await plain(subscribe)).toEqual([]);
    expect(chat.queue.events).toMatchObject([{ user: '' }]);
  });

  it('that cannot be verified is a fault', async () => {
    chat.tokens.verifySubscription = () => Promise.reject(new Unavailable('no keys'));
    await expect(plain(subscribe)).rejects.toThrow(Unavailable);
  });

  it('gives a permission that ends with it, at its second and not before', async () => {
    grants({ channel: 'general', expires: SECOND + 1 });
    const publish = { action: 'sendMessage', channel: 'general', data: 1, id: 'm' };
    expect(await plain({ ...subscribe, channel: 'general' }, publish)).toMatchObject([{ type: 'ack' }]);
    chat.world.time += 999;
    expect(await plain(publish)).toMatchObject([{ type: 'ack' }]);
    chat.world.time += 1;
    expect(await plain(publish)).toMatchObject([{ code: 'permission_denied' }]);
  });

  it('ends nothing any more once the channel is opened without one', async () => {
    grants({ channel: 'general', expires: SECOND + 1 });
    await plain({ ...subscribe, channel: 'general' }, { action: 'subscribe', channel: 'general' });
    chat.world.time += 5_000;
    expect(record()?.ends).toEqual({});
    expect(await plain({ action: 'sendMessage', channel: 'general', data: 1, id: 'm' })).toMatchObject([
      { type: 'ack' },
    ]);
  });
});

describe('a subscribe', () => {
  const event = async (request: object) => {
    await centrifuge({ subscribe: request });
    return chat.queue.events.at(-1);
  };

  it('may recover where the client asks to, or the namespace wants it, and there is a history', async () => {
    expect(await event({ channel: 'general' })).not.toHaveProperty('recoverable');
    expect(await event({ channel: 'general', recoverable: true })).toMatchObject({ recoverable: true });
    expect(await event({ channel: 'general', positioned: true })).toMatchObject({ recoverable: true });
    expect(await event({ channel: 'forced:x' })).toMatchObject({ recoverable: true });
    expect(await event({ channel: 'live:x', recoverable: true })).not.toHaveProperty('recoverable');
  });

  it('passes on where the client stood, and that it wants nothing else', async () => {
    expect(await event({ channel: 'general', recover: true, epoch: 'e', offset: 41, flag: 3 })).toMatchObject({
      since: { epoch: 'e', offset: 41 },
      strict: true,
      format: 'centrifuge',
      id: '1',
    });
    expect(await event({ channel: 'general', flag: 1 })).not.toHaveProperty('strict');
  });

  it('of an SDK is told of joins and leaves where it asks to, and may know who is there', async () => {
    expect(await event({ channel: 'crowd:x', join_leave: true })).toMatchObject({ joinLeave: true });
    expect(await event({ channel: 'crowd:x' })).not.toHaveProperty('joinLeave');
    expect(await event({ channel: 'quiet:x', join_leave: true })).not.toHaveProperty('joinLeave');
    expect(await event({ channel: 'live:x', join_leave: true })).not.toHaveProperty('joinLeave');
  });

  it('of a plain client is told of joins and leaves wherever there are any', async () => {
    await plain(...['quiet:x', 'live:x'].map((channel) => ({ action: 'subscribe', channel })));
    expect(chat.queue.events.map((sent) => 'joinLeave' in sent)).toEqual([true, false]);
  });

  it('of a plain client passes on how many messages it wants to see again', async () => {
    await plain({ action: 'subscribe', channel: 'general', rewind: 20 });
    expect(chat.queue.events).toMatchObject([{ rewind: 20 }]);
  });

  it.each([
    ['nowhere:x', 102, 'unknown channel'],
    ['closed:x', 103, 'permission denied'],
    ['dm:x#bob', 103, 'permission denied'],
    ['two words', 107, 'bad request'],
    ['x'.repeat(256), 107, 'bad request'],
    ['émoji', 107, 'bad request'],
    ['a\u0000b', 107, 'bad request'],
  ])('to %j is error %i', async (channel, code, message) => {
    expect(await centrifuge({ subscribe: { channel } })).toEqual([error(code, message)]);
  });
});

describe('an unsubscribe of an SDK', () => {
  it('is answered by the channel', async () => {
    await isThere({ format: 'centrifuge', channels: { general: 's-1' } });
    expect(await centrifuge({ unsubscribe: { channel: 'general' } })).toEqual([undefined]);
    expect(chat.queue.events).toMatchObject([{ type: 'unsubscribe', format: 'centrifuge', id: '1' }]);
  });

  it.each(['general', 'nowhere:x', 'two words'])(
    'is never an error, for which it would drop its connection: %s',
    async (channel) => {
      expect(await centrifuge({ unsubscribe: { channel } })).toEqual([{ id: 1, unsubscribe: {} }]);
      expect(chat.queue.events).toEqual([]);
    },
  );

  it('of a plain client says what is wrong with a name', async () => {
    expect(await plain({ action: 'unsubscribe', channel: 'two words', id: 'u1' })).toMatchObject([
      { id: 'u1', code: 'bad_request' },
    ]);
  });

  it('takes the end of the permission with it', async () => {
    await isThere({ channels: { general: 's-1' }, ends: { general: SECOND + 60 } });
    await centrifuge({ unsubscribe: { channel: 'general' } });
    expect(record()).toMatchObject({ channels: { general: expect.stringMatching(/^u/) }, ends: {} });
  });
});

describe('sub_refresh', () => {
  const refresh = (...more: object[]) => centrifuge({ sub_refresh: { channel: '$secret', token: 'good' } }, ...more);
  beforeEach(() => isThere({ format: 'centrifuge', channels: { $secret: 's-1' }, ends: { $secret: SECOND + 5 } }));

  it('lets the subscription last as long as the new token, and says how long that is', async () => {
    grants({ expires: SECOND + 60 });
    expect(await refresh()).toEqual([{ id: 1, sub_refresh: { expires: true, ttl: 60 } }]);
    expect(record()).toMatchObject({ channels: { $secret: 's-1' }, ends: { $secret: SECOND + 60 } });
    expect(chat.queue.events).toEqual([]);
  });

  it('lets it last for good where the new token has no end', async () => {
    grants();
    expect(await refresh()).toEqual([{ id: 1, sub_refresh: {} }]);
    expect(record()?.ends).toEqual({});
  });

  it('holds for the later commands of its frame, also where the old token has expired', async () => {
    chat = memoryChat({ namespaces: { '': { allowPublishForSubscriber: true } } });
    await isThere({ format: 'centrifuge', channels: { $secret: 's-1' }, ends: { $secret: SECOND } });
    grants({ expires: SECOND + 60 });
    const publish = { publish: { channel: '$secret', data: 1 } };
    expect(await centrifuge(publish)).toEqual([error(103, 'permission denied')]);
    expect(await refresh(publish)).toMatchObject([{ sub_refresh: {} }, { id: 2, publish: {} }]);
  });

  it('with an expired token ends the subscription, so that the SDK asks for it anew', async () => {
    chat.tokens.expired.add('good');
    expect(await refresh()).toEqual([{ id: 1, sub_refresh: {} }]);
    const token = record()?.channels.$secret;
    expect(token).toMatch(/^u/);
    expect(record()?.ends).toEqual({});
    expect(chat.queue.events).toEqual([
      {
        v: 2,
        type: 'unsubscribe',
        channel: '$secret',
        connection: 'c1',
        token,
        format: 'centrifuge',
        push: { code: 2501, reason: 'subscription expired' },
      },
    ]);
  });

  it.each<Partial<SubscriptionGrant>>([{ user: 'bob' }, { channel: '$other' }])(
    'with a token of somebody else, or for another channel, is ended with 3500: %j',
    async (grant) => {
      grants(grant);
      await expect(refresh()).rejects.toMatchObject({ why: { code: 3500 } });
      expect(record()?.ends).toEqual({ $secret: SECOND + 5 });
    },
  );

  it('with a token that is not good is ended with 3500', async () => {
    await expect(refresh()).rejects.toMatchObject({ why: { code: 3500 }, cause: { code: 'permission_denied' } });
  });

  it('of a channel that the client is not subscribed to is error 103', async () => {
    grants();
    for (const channels of [{}, { $secret: 'u-1' }]) {
      await isThere({ format: 'centrifuge', channels });
      expect(await refresh()).toEqual([error(103, 'permission denied')]);
    }
  });

  it('is error 103 where the subscription has ended meanwhile', async () => {
    grants();
    chat.connections.extend = async () => false;
    expect(await refresh()).toEqual([error(103, 'permission denied')]);
  });

  it('is error 102 where its namespace has been taken out of the configuration', async () => {
    await isThere({ format: 'centrifuge', channels: { 'nowhere:x': 's-1' } });
    expect(await centrifuge({ sub_refresh: { channel: 'nowhere:x', token: 'good' } })).toEqual([
      error(102, 'unknown channel'),
    ]);
  });

  it('ends the connection when its own token has expired, and so does a subscribe: an SDK comes back', async () => {
    await isThere({ format: 'centrifuge', channels: { $secret: 's-1' }, expires: SECOND });
    grants();
    const ended = { name: 'Disconnected', why: { code: 3005, reason: 'connection expired' } };
    await expect(refresh()).rejects.toMatchObject(ended);
    await expect(centrifuge({ subscribe: { channel: 'general' } })).rejects.toMatchObject(ended);
  });

  it('fails where the token cannot be verified', async () => {
    chat.tokens.verifySubscription = () => Promise.reject(new Unavailable('no keys'));
    await expect(refresh()).rejects.toThrow(Unavailable);
  });
});
