import { beforeEach, describe, expect, it } from 'vitest';
import type { SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection, Identity } from '../../../lambdas/chat/ports.ts';
import { centrifugeFrame, centrifugeReplies, plainFrame } from '../../support/client-frames.ts';
import { keepMessages, removeKept } from '../../support/kept-messages.ts';
import { MemoryChannel } from '../../support/memory-channel.ts';
import { connectionOf, type MemoryChat, memoryChat, publishEvent } from '../../support/memory-chat.ts';
import type { Told } from '../../support/memory-ports.ts';

let chat: MemoryChat;
const SECOND = Date.UTC(2026, 0, 1) / 1000;

const record = () => chat.connections.records.get('c1');
const isThere = (more: Partial<Connection> = {}) =>
  chat.connections.create(connectionOf('c1', { user: 'alice', ...more }));
/** The connection of an open handshake that named no token. */
const isUnnamed = () => isThere({ user: '', expires: 0 });
const grants = (identity: Partial<Identity> = {}) => chat.tokens.good.set('new', { user: 'alice', ...identity });
/** A frame that begins with `connect`. */
const connect = (request: object, ...more: object[]) => centrifugeReplies(chat, 'c1', { connect: request }, ...more);
/** What the connection was posted. */
const posted = () => chat.posts.told('c1');
const subscribes = () => chat.queue.events as SubscribeEvent[];
const publish = { publish: { channel: 'live:x', data: 1 } };

/** Puts so many messages into a channel's log. */
const keep = (channel: string, count: number) =>
  keepMessages(
    chat,
    channel,
    Array.from({ length: count }, (_, i) => i),
  );

beforeEach(() => {
  chat = memoryChat();
});

describe('connect', () => {
  it('with a token names the connection, says how long the token lasts, and promises pings', async () => {
    await isUnnamed();
    grants({ expires: SECOND + 60, info: { name: 'Alice' }, caps: [{ channels: ['closed:x'], allow: ['sub'] }] });
    expect(await connect({ token: 'new' })).toEqual([undefined]);
    expect(posted()).toEqual([
      { id: 1, connect: { client: 'c1', version: 'Parley', expires: true, ttl: 60, ping: 600 } },
    ]);
    expect(record()).toEqual({
      id: 'c1',
      user: 'alice',
      expires: SECOND + 60,
      info: { name: 'Alice' },
      caps: [{ channels: ['closed:x'], allow: ['sub'] }],
      format: 'centrifuge',
      connectedAt: SECOND * 1000,
      channels: {},
      ends: {},
    });
  });

  it('is answered without an end where the token has none', async () => {
    await isUnnamed();
    grants();
    await connect({ token: 'new' });
    expect(posted()).toEqual([{ id: 1, connect: { client: 'c1', version: 'Parley', ping: 600 } }]);
  });

  it('without a token is by that of the handshake', async () => {
    await isThere({ expires: SECOND + 60, info: 'kept' });
    await connect({});
    expect(posted()).toMatchObject([{ connect: { client: 'c1', ttl: 60 } }]);
    expect(record()).toMatchObject({ user: 'alice', expires: SECOND + 60, info: 'kept', format: 'centrifuge' });
  });

  it('without any is the anonymous user, where the handshake has let one in', async () => {
    await isThere({ user: '' });
    await connect({}, publish);
    expect(posted()).toMatchObject([{ connect: { client: 'c1' } }]);
    expect(chat.queue.events).toMatchObject([{ type: 'publish', user: '' }]);
  });

  it('by a token without a user is the anonymous user, too', async () => {
    await isUnnamed();
    grants({ user: '' });
    expect(await connect({ token: 'new' }, publish)).toEqual([undefined, { id: 2, publish: {} }]);
    expect(record()).not.toHaveProperty('expires');
  });

  it('without any is ended with 3501 where one is needed', async () => {
    await isUnnamed();
    await expect(connect({})).rejects.toMatchObject({ why: { code: 3501 } });
    await expect(connect({ token: '' })).rejects.toMatchObject({ why: { code: 3501 } });
    expect(chat.posts.attempts).toEqual([]);
  });

  it('with a token that has expired is error 109, and the rest of the frame is not done', async () => {
    await isUnnamed();
    chat.tokens.expired.add('old');
    expect(await connect({ token: 'old' }, publish)).toEqual([
      { id: 1, error: { code: 109, message: 'token expired' } },
      undefined,
    ]);
    expect(chat.queue.events).toEqual([]);
    expect(record()?.format).toBe('json');
  });

  it('is error 109 also where the handshake’s token has expired meanwhile', async () => {
    await isThere({ expires: SECOND });
    expect(await connect({}, publish)).toEqual([{ id: 1, error: { code: 109, message: 'token expired' } }, undefined]);
    expect(chat.queue.events).toEqual([]);
  });

  it('with a fresh token is possible where that of the handshake has expired', async () => {
    await isThere({ expires: SECOND });
    grants();
    expect(await connect({ token: 'new' }, publish)).toEqual([undefined, { id: 2, publish: {} }]);
  });

  it('with a token that is not good is ended with 3500', async () => {
    await isUnnamed();
    await expect(connect({ token: 'bad' })).rejects.toMatchObject({ why: { code: 3500, reason: 'invalid token' } });
  });

  it('with a token of another user than the handshake’s is ended with 3500, and changes nothing', async () => {
    await isThere({ user: 'bob' });
    grants();
    await expect(connect({ token: 'new' })).rejects.toMatchObject({ why: { code: 3500 } });
    expect(record()).toMatchObject({ user: 'bob', format: 'json' });
  });

  it('by an anonymous token does not lose who the handshake’s token said it is', async () => {
    await isThere();
    grants({ user: '' });
    await expect(connect({ token: 'new' })).rejects.toMatchObject({ why: { code: 3500 } });
  });

  it('fails where the keys cannot be had', async () => {
    await isUnnamed();
    chat.tokens.verify = () => Promise.reject(new Unavailable('no keys'));
    await expect(connect({ token: 'new' })).rejects.toThrow(Unavailable);
  });

  it('is there once: a second is ended with 3501, in the same frame and in a later one', async () => {
    await isThere();
    await expect(connect({}, { connect: {} })).rejects.toMatchObject({ why: { code: 3501 } });
    await expect(connect({})).rejects.toMatchObject({ why: { code: 3501 } });
    expect(posted()).toHaveLength(1);
  });

  it('is ended with 3501 on a connection that is a plain client’s by the channels of its handshake', async () => {
    await isThere({ channels: { general: 's1' } });
    await expect(connect({})).rejects.toMatchObject({ why: { code: 3501 } });
    expect(record()?.format).toBe('json');
  });

  it('is ended with 3501 behind another command of its frame', async () => {
    await isThere();
    const frame = centrifugeFrame(chat, 'c1', { id: 1, ...publish }, { id: 2, connect: {} });
    await expect(frame).rejects.toMatchObject({ why: { code: 3501 } });
    expect(chat.queue.events).toEqual([]);
  });

  it('holds for the later commands of its frame', async () => {
    await isUnnamed();
    grants({ caps: [{ channels: ['closed:x'], allow: ['sub', 'pub'] }] });
    const frame = [{ subscribe: { channel: 'closed:x' } }, { publish: { channel: 'closed:x', data: 1 } }];
    expect(await connect({ token: 'new' }, ...frame)).toEqual([undefined, undefined, { id: 3, publish: {} }]);
    expect(chat.queue.events).toMatchObject([
      { type: 'subscribe', channel: 'closed:x', user: 'alice', format: 'centrifuge', id: '2' },
      { type: 'publish', user: 'alice' },
    ]);
  });

  it('ends a connection whose record has gone, and the rest of the frame is not done', async () => {
    await isThere();
    chat.connections.refresh = async () => false;
    expect(await connect({}, publish)).toEqual([undefined, undefined]);
    expect(chat.later.ends).toEqual([{ connection: 'c1' }]);
    expect(posted()).toEqual([]);
    expect(chat.queue.events).toEqual([]);
  });
});

describe('the reply to connect', () => {
  beforeEach(() => isThere({ serverChannels: ['general'] }));

  it('is posted after what it says is noted, with which the client may publish, and before anything is sent', async () => {
    chat.queue.takes = () => {
      expect(posted()).toHaveLength(1);
      return true;
    };
    chat.posts.answer = () => {
      expect(Object.keys(record()?.channels ?? {})).toEqual(['general']);
      expect(chat.queue.events).toEqual([]);
      return 'delivered';
    };
    await connect({}, { subscribe: { channel: 'news' } });
    expect(subscribes().map(({ channel }) => channel)).toEqual(['general', 'news']);
    expect(Object.keys(record()?.channels ?? {})).toEqual(['general', 'news']);
  });

  it.each(['gone', 'unanswered', 'refused', 'busy'] as const)(
    'that is not delivered (%s) ends the connection, and nothing is sent',
    async (answer) => {
      chat.posts.answer = () => answer;
      expect(await connect({}, publish)).toEqual([undefined, undefined]);
      expect(chat.later.ends).toEqual([{ connection: 'c1' }]);
      expect(chat.queue.events).toEqual([]);
    },
  );

  it('that could not be posted in time is a fault, for which the client is to come back', async () => {
    chat.posts.answer = () => {
      throw new Unavailable('no credentials');
    };
    await expect(connect({}, publish)).rejects.toMatchObject({ why: { code: 3004 }, cause: expect.any(Unavailable) });
    expect(chat.queue.events).toEqual([]);
  });

  describe('says what cannot be kept: the client is ended with 3004 and comes back', () => {
    const ended = { name: 'Disconnected', why: { code: 3004, reason: 'internal server error' } };

    it('where the queue fails', async () => {
      chat.queue.takes = () => {
        throw new Unavailable('the queue is away');
      };
      await expect(connect({})).rejects.toMatchObject({ ...ended, cause: { message: 'the queue is away' } });
    });

    it('where the queue does not take all', async () => {
      chat.queue.takes = ({ event }) => event.type === 'publish';
      await expect(connect({}, publish)).rejects.toMatchObject({ ...ended, cause: expect.any(Unavailable) });
    });

    it('where the record cannot be written', async () => {
      chat.connections.note = () => Promise.reject<never>(new Unavailable('the table is away'));
      await expect(connect({})).rejects.toMatchObject(ended);
    });

    it('where other frames have taken the places of its channels: it is not done a second time', async () => {
      chat.connections.note = async () => 'full';
      await expect(connect({})).rejects.toMatchObject(ended);
      expect(posted()).toEqual([]);
    });

    it('where another command of the frame fails', async () => {
      chat.rpc.answer = () => Promise.reject(new Error('the function has failed'));
      await expect(connect({}, { rpc: { method: 'm', data: 1 } })).rejects.toMatchObject(ended);
      expect(chat.queue.events).toEqual([]);
    });
  });

  it('is followed by nothing where the record has gone meanwhile', async () => {
    chat.connections.note = async () => 'gone';
    expect(await connect({})).toEqual([undefined]);
    expect(chat.later.ends).toEqual([{ connection: 'c1' }]);
    expect(chat.queue.events).toEqual([]);
  });
});

describe('server-side channels', () => {
  const subs = async (serverChannels: string[], asked: object = {}) => {
    await isThere({ serverChannels });
    await connect({ subs: asked });
    return (posted()[0]?.connect as { subs?: object } | undefined)?.subs;
  };
  const recoverable = { recoverable: true, positioned: true };

  it('are named with where they stand, and subscribed to from there', async () => {
    await keep('general', 3);
    expect(await subs(['general', 'live:x'])).toEqual({
      general: { ...recoverable, epoch: 'epoch1', offset: 3 },
      'live:x': {},
    });
    expect(chat.queue.events).toEqual([
      {
        v: 2,
        type: 'subscribe',
        by: 'connect',
        channel: 'general',
        connection: 'c1',
        user: 'alice',
        format: 'centrifuge',
        token: record()?.channels.general,
        since: { epoch: 'epoch1', offset: 3 },
        recoverable: true,
        connectedAt: SECOND * 1000,
      },
      {
        v: 2,
        type: 'subscribe',
        by: 'connect',
        channel: 'live:x',
        connection: 'c1',
        user: 'alice',
        format: 'centrifuge',
        token: record()?.channels['live:x'],
        connectedAt: SECOND * 1000,
      },
    ]);
  });

  it('need no permission: the token’s word is enough', async () => {
    expect(Object.keys((await subs(['closed:x', '$secret', 'dm:x#bob'])) ?? {})).toEqual([
      'closed:x',
      '$secret',
      'dm:x#bob',
    ]);
    expect(subscribes()).toHaveLength(3);
  });

  it('of an unknown namespace, or with a name that is none, are left out', async () => {
    expect(await subs(['nowhere:x', 'two words', 'x'.repeat(256), 'live:x'])).toEqual({ 'live:x': {} });
    expect(subscribes().map(({ channel }) => channel)).toEqual(['live:x']);
  });

  it('are named once', async () => {
    expect(await subs(['live:x', 'live:x'])).toEqual({ 'live:x': {} });
    expect(subscribes()).toHaveLength(1);
  });

  it('that nobody has used yet begin at their beginning, whatever comes before the subscription', async () => {
    expect(await subs(['general'])).toEqual({ general: { ...recoverable, epoch: '' } });
    expect(subscribes()).toMatchObject([{ since: { epoch: '', offset: 0 } }]);
  });

  it('whose head has expired begin at their beginning, too', async () => {
    await keep('general', 3);
    chat.world.time += 3_600_000;
    expect(await subs(['general'])).toEqual({ general: { ...recoverable, epoch: '' } });
  });

  it('may be as many as a connection’s channels', async () => {
    const names = Array.from({ length: 128 }, (_, i) => `live:c${i}`);
    expect(Object.keys((await subs(names)) ?? {})).toHaveLength(128);
    expect(subscribes()).toHaveLength(128);
  });

  it('are ended with 3505 where they are one more', async () => {
    const names = Array.from({ length: 129 }, (_, i) => `live:c${i}`);
    await expect(subs(names)).rejects.toMatchObject({ why: { code: 3505, reason: 'channel limit' } });
    expect(posted()).toEqual([]);
    expect(chat.queue.events).toEqual([]);
  });

  it('are ended with 3505 where their names alone do not fit a frame', async () => {
    const names = Array.from({ length: 128 }, (_, i) => `live:${'x'.repeat(245)}${i}`);
    await expect(subs(names)).rejects.toMatchObject({ why: { code: 3505 } });
    expect(posted()).toEqual([]);
  });

  it('take places of the 128: what the frame asks for besides is refused', async () => {
    await isThere({ serverChannels: Array.from({ length: 127 }, (_, i) => `live:c${i}`) });
    const more = ['a', 'b'].map((channel) => ({ subscribe: { channel } }));
    expect(await connect({}, ...more)).toEqual([
      undefined,
      undefined,
      { id: 3, error: { code: 106, message: 'limit exceeded' } },
    ]);
    expect(subscribes()).toHaveLength(128);
  });

  it('are none where the token names none, whatever the client says of its own', async () => {
    expect(await subs([], { general: { recover: true, epoch: 'epoch1', offset: 3 } })).toBeUndefined();
    expect(chat.queue.events).toEqual([]);
  });

  describe('that the client has read before', () => {
    const from = (epoch: string, offset: number) => ({ general: { recover: true, epoch, offset } });
    const lost = { ...recoverable, epoch: 'epoch1', offset: 5, was_recovering: true };
    const recovered = { ...recoverable, epoch: 'epoch1', recovered: true, was_recovering: true };
    beforeEach(() => keep('general', 5));

    it.each([
      ['epoch1', 2, { ...recovered, offset: 2 }],
      ['epoch1', 5, { ...recovered, offset: 5 }],
      ['epoch1', 0, recovered],
      ['', 0, recovered],
      ['epoch1', 6, lost],
      ['epoch2', 2, lost],
      ['', 2, lost],
    ])('go on from epoch "%s" and offset %i where all of it is kept, or else from now', async (epoch, offset, told) => {
      expect(await subs(['general'], from(epoch, offset))).toEqual({ general: told });
      const at = 'recovered' in told ? offset : 5;
      expect(subscribes()).toMatchObject([{ since: { epoch: 'epoch1', offset: at } }]);
    });

    it('go on from now where their history has been removed, or is too small', async () => {
      await removeKept(chat, 'general', 3);
      expect(await subs(['general'], from('epoch1', 2))).toEqual({ general: lost });
      chat = memoryChat({ namespaces: { '': { historySize: 2, historyTtl: 60 } } });
      await keep('general', 5);
      expect(await subs(['general'], from('epoch1', 2))).toEqual({ general: lost });
    });

    it('and keep nothing tell that they have not recovered', async () => {
      expect(await subs(['live:x'], { 'live:x': { recover: true, epoch: 'e', offset: 3 } })).toEqual({
        'live:x': { was_recovering: true },
      });
      expect(subscribes()[0]).not.toHaveProperty('since');
    });
  });

  describe('are read', () => {
    const pushes = () => posted().flatMap(({ push }) => (push === undefined ? [] : [push as Told]));

    it('from where the reply says on: also what is published between the reply and the subscription, once', async () => {
      const channel = new MemoryChannel(chat);
      await channel.send(...['m1', 'm2', 'm3'].map((id) => publishEvent(id))).receiveAll();
      chat.posts.answer = (_, frame) => {
        if (frame.includes('"connect"')) channel.send(publishEvent('between'));
        return 'delivered';
      };
      await subs(['general']);
      channel.send(publishEvent('after'));
      await channel.receiveAll();
      expect(pushes()).toMatchObject([
        { channel: 'general', pub: { data: 'between', offset: 4 } },
        { channel: 'general', pub: { data: 'after', offset: 5 } },
      ]);
    });

    it('from the first message on where nobody had used them yet: then their epoch comes before it', async () => {
      const channel = new MemoryChannel(chat);
      await subs(['general']);
      channel.send(publishEvent('first'));
      await channel.receiveAll();
      expect(pushes()).toMatchObject([
        { channel: 'general', subscribe: { ...recoverable, epoch: 'epoch1' } },
        { channel: 'general', pub: { data: 'first', offset: 1 } },
      ]);
    });

    it('after a pause without a hole: what was missed comes once, and then what is new', async () => {
      const channel = new MemoryChannel(chat);
      await channel.send(...['m1', 'm2', 'm3'].map((id) => publishEvent(id))).receiveAll();
      await subs(['general'], { general: { recover: true, epoch: 'epoch1', offset: 1 } });
      channel.send(publishEvent('m4'));
      await channel.receiveAll();
      expect(pushes().map(({ pub }) => (pub as { offset: number }).offset)).toEqual([2, 3, 4]);
    });

    it('no more where what the reply promised has expired: the client comes back, and is told where it stands', async () => {
      await keepMessages(chat, 'general', ['m1', 'm2'], 1);
      chat.world.time += 1_000;
      const channel = new MemoryChannel(chat);
      await subs(['general'], { general: { recover: true, epoch: 'epoch1', offset: 1 } });
      await channel.receiveAll();
      expect(pushes()).toEqual([]);
      expect(chat.later.ends).toMatchObject([{ connection: 'c1', disconnect: { code: 3010 } }]);
    });
  });

  it('fail where a head cannot be read', async () => {
    chat.log.peek = () => Promise.reject(new Unavailable('the table is away'));
    await expect(subs(['general'])).rejects.toMatchObject({ why: { code: 3004 } });
    expect(posted()).toEqual([]);
  });

  it('fail as the configuration does: that is no mistake of the token', async () => {
    const namespaces = new Proxy(chat.namespaces, {
      getOwnPropertyDescriptor: () => {
        throw new TypeError('the configuration cannot be read');
      },
    });
    chat = { ...chat, namespaces };
    await expect(subs(['general'])).rejects.toMatchObject({ cause: expect.any(TypeError) });
  });
});

describe('refresh of a plain client', () => {
  const refresh = (...more: unknown[]) =>
    plainFrame(chat, 'c1', { action: 'refresh', token: 'new', id: 'r1' }, ...more);
  beforeEach(() => isThere());

  it('is answered with the new end, and what the token says holds from now on', async () => {
    const caps = [{ channels: ['closed:x'], allow: ['sub'] as const }];
    const ends = { general: SECOND + 5 };
    await isThere({ channels: { general: 's-1' }, ends, info: 'old', connectedAt: 7 });
    grants({ expires: SECOND + 60, caps });
    expect(await refresh()).toEqual([{ type: 'refreshed', id: 'r1', expires: SECOND + 60 }]);
    expect(record()).toEqual({
      id: 'c1',
      user: 'alice',
      expires: SECOND + 60,
      caps,
      format: 'json',
      connectedAt: 7,
      channels: { general: 's-1' },
      ends,
    });
    expect(await plainFrame(chat, 'c1', { action: 'subscribe', channel: 'closed:x' })).toEqual([]);
  });

  it('holds for the later documents of its frame', async () => {
    await isThere({ expires: SECOND - 1 });
    grants({ caps: [{ channels: ['closed:x'], allow: ['pub'] }] });
    const replies = await plainFrame(
      chat,
      'c1',
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
    expect(await refresh()).toEqual([{ type: 'refreshed', id: 'r1' }]);
    expect(await plainFrame(chat, 'c1', { action: 'refresh', token: 'new' })).toEqual([]);
    expect(record()).not.toHaveProperty('expires');
  });

  it('with a token of another user is refused, and changes nothing', async () => {
    grants({ user: 'bob' });
    expect(await refresh()).toEqual([
      { type: 'error', id: 'r1', code: 'permission_denied', message: 'token: it is of another user' },
    ]);
    expect(record()?.user).toBe('alice');
  });

  it('with an expired token is refused, and so is every other that is not good; it is not told back', async () => {
    chat.tokens.expired.add('new');
    expect(await refresh()).toMatchObject([{ id: 'r1', code: 'token_expired' }]);
    const [reply] = await plainFrame(chat, 'c1', { action: 'refresh', token: 'secret-token', id: 'r2' });
    expect(reply).toMatchObject({ type: 'error', id: 'r2', code: 'permission_denied' });
    expect(JSON.stringify(reply)).not.toContain('secret-token');
  });

  it('fails where the keys cannot be had', async () => {
    chat.tokens.verify = () => Promise.reject(new Unavailable('no keys'));
    await expect(refresh()).rejects.toThrow(Unavailable);
  });

  it('ends the connection where its record has gone meanwhile, and the rest of the frame is not done', async () => {
    grants();
    chat.connections.refresh = async () => false;
    expect(await refresh({ action: 'sendMessage', channel: 'live:x', data: 1, id: 'm1' })).toEqual([]);
    expect(chat.later.ends).toEqual([{ connection: 'c1' }]);
    expect(chat.queue.events).toEqual([]);
  });
});

describe('refresh of a client of the Centrifugo protocol', () => {
  const refresh = (...more: object[]) => centrifugeReplies(chat, 'c1', { refresh: { token: 'new' } }, ...more);
  beforeEach(() => isThere({ format: 'centrifuge', expires: SECOND }));

  it('is answered with how long the token lasts, if it ends, and what it says holds at once', async () => {
    grants({ expires: SECOND + 60, caps: [{ channels: ['closed:x'], allow: ['pub'] }] });
    expect(await refresh({ publish: { channel: 'closed:x', data: 1 } })).toEqual([
      { id: 1, refresh: { expires: true, ttl: 60 } },
      { id: 2, publish: {} },
    ]);
    expect(record()).toMatchObject({ format: 'centrifuge', expires: SECOND + 60 });
    grants();
    expect(await refresh()).toEqual([{ id: 1, refresh: {} }]);
  });

  it('tells no end below a second: an SDK would come at once', async () => {
    chat.world.time += 500;
    grants({ expires: SECOND + 1 });
    expect(await refresh()).toEqual([{ id: 1, refresh: { expires: true, ttl: 1 } }]);
  });

  it('with an expired token is ended with 3005: the SDK comes back with another', async () => {
    chat.tokens.expired.add('new');
    await expect(refresh()).rejects.toMatchObject({ why: { code: 3005, reason: 'connection expired' } });
  });

  it('with a token of another user, or none that is good, is ended with 3500, and changes nothing', async () => {
    await expect(refresh()).rejects.toMatchObject({ why: { code: 3500, reason: 'invalid token' } });
    grants({ user: 'bob' });
    await expect(refresh()).rejects.toMatchObject({ why: { code: 3500 } });
    expect(record()).toMatchObject({ user: 'alice', expires: SECOND });
  });

  it('fails where the keys cannot be had', async () => {
    chat.tokens.verify = () => Promise.reject(new Unavailable('no keys'));
    await expect(refresh()).rejects.toThrow(Unavailable);
  });
});
