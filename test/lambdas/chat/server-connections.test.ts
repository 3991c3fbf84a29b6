import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection } from '../../../lambdas/chat/ports.ts';
import { disconnect, refresh, subscribe, unsubscribe } from '../../../lambdas/chat/server-connections.ts';
import { connectionOf, type MemoryChat, memoryChat } from '../../support/memory-chat.ts';

const alice = { user: 'alice' };
const NOW_S = Date.UTC(2026, 0, 1) / 1000;

let chat: MemoryChat;
const record = (id: string) => chat.connections.records.get(id);
const connected = (id: string, more: Partial<Connection> = {}) =>
  chat.connections.create(connectionOf(id, { user: 'alice', ...more }));
/** Which connections something was sent for, and what. */
const sent = () =>
  chat.queue.events.map((event) => [event.type, 'connection' in event && event.connection, event.channel]);

beforeEach(async () => {
  chat = memoryChat();
  await connected('a1');
  await connected('a2', { format: 'centrifuge' });
  await connected('b1', { user: 'bob' });
});

describe('the connections that a server means', () => {
  it("are all of a user's", async () => {
    await subscribe(chat, alice, 'closed:x', {});
    expect(sent()).toEqual([
      ['subscribe', 'a1', 'closed:x'],
      ['subscribe', 'a2', 'closed:x'],
    ]);
  });

  it("are one of them, if it is that user's", async () => {
    await disconnect(chat, { user: 'alice', connection: 'a2' }, []);
    await disconnect(chat, { user: 'alice', connection: 'b1' }, []);
    await disconnect(chat, { user: 'alice', connection: 'nobody' }, []);
    expect(chat.later.ends.map(({ connection }) => connection)).toEqual(['a2']);
  });

  it("are not those that the index takes for a user's, and are gone or another's", async () => {
    vi.spyOn(chat.index, 'ofUser').mockResolvedValue(['a1', 'gone', 'b1']);
    await disconnect(chat, alice, []);
    expect(chat.later.ends.map(({ connection }) => connection)).toEqual(['a1']);
  });

  it('are of the anonymous user one at a time, and only where it has said that it is nobody', async () => {
    await connected('x1', { user: '' });
    await connected('x2', { user: '', expires: 0 });
    const nobody = { name: 'ParleyError', code: 'bad_request', message: expect.stringContaining('"client"') };
    await expect(disconnect(chat, { user: '' }, [])).rejects.toMatchObject(nobody);
    await disconnect(chat, { user: '', connection: 'x1' }, []);
    await disconnect(chat, { user: '', connection: 'x2' }, []);
    expect(chat.later.ends.map(({ connection }) => connection)).toEqual(['x1']);
  });
});

describe('subscribe', () => {
  it('needs no permission, and says what was wished', async () => {
    const wishes = { since: { epoch: 'e', offset: 7 }, channelInfo: 'guest', expires: NOW_S + 60 };
    await subscribe(chat, { user: 'alice', connection: 'a1' }, '$general', wishes);
    expect(chat.queue.events).toMatchObject([{ by: 'server', user: 'alice', recoverable: true, ...wishes }]);
    expect(record('a1')).toMatchObject({ channels: { $general: expect.stringMatching(/^s/) } });
  });

  it('leaves those alone that are subscribed', async () => {
    await connected('a1', { channels: { general: 's1' } });
    await subscribe(chat, { user: 'alice', connection: 'a1' }, 'general', {});
    expect(sent()).toEqual([]);
  });

  it('ends a connection that has no place for another channel', async () => {
    chat = memoryChat({ limits: { channels: 1 } });
    await connected('a1', { channels: { other: 's1' } });
    await subscribe(chat, alice, 'general', {});
    expect(chat.later.ends).toEqual([{ connection: 'a1', disconnect: { code: 3505, reason: 'channel limit' } }]);
  });

  it('is refused for what is no channel, or over already', async () => {
    await expect(subscribe(chat, alice, 'none:x', {})).rejects.toMatchObject({ code: 'unknown_channel' });
    await expect(subscribe(chat, alice, 'general', { expires: NOW_S })).rejects.toMatchObject({
      code: 'bad_request',
      message: 'expire_at: is over already',
    });
    expect(sent()).toEqual([]);
  });

  it('fails where one of them fails, when the others are done', async () => {
    chat.queue.takes = ({ event }) => 'connection' in event && event.connection !== 'a1';
    await expect(subscribe(chat, alice, 'general', {})).rejects.toThrow(Unavailable);
    expect(sent()).toEqual([['subscribe', 'a2', 'general']]);
  });
});

describe('unsubscribe', () => {
  it('ends the subscriptions that there are, and tells the clients', async () => {
    await connected('a1', { channels: { general: 's1' } });
    await unsubscribe(chat, alice, 'general');
    expect(chat.queue.events).toMatchObject([
      { type: 'unsubscribe', connection: 'a1', push: { code: 2000, reason: 'server unsubscribe' } },
    ]);
  });

  it('is refused for what is no channel', async () => {
    await expect(unsubscribe(chat, alice, 'none:x')).rejects.toMatchObject({ code: 'unknown_channel' });
  });
});

describe('disconnect', () => {
  it('ends connections for good, but for those to be spared', async () => {
    await disconnect(chat, alice, ['a1']);
    expect(chat.later.ends).toEqual([{ connection: 'a2', disconnect: { code: 3503, reason: 'force disconnect' } }]);
  });

  it("says the server's own reason", async () => {
    const why = { code: 4000, reason: 'tired' };
    await disconnect(chat, { user: 'alice', connection: 'a1' }, [], why);
    expect(chat.later.ends).toEqual([{ connection: 'a1', disconnect: why }]);
  });
});

describe('refresh', () => {
  it('says when connections end, and leaves all else as it is', async () => {
    const more = {
      info: { name: 'Alice' },
      caps: [{ channels: ['x'], allow: ['pub'] }],
      serverChannels: ['y'],
    } as const;
    await connected('a1', { ...more, expires: NOW_S - 5, channels: { general: 's1' } });
    await refresh(chat, { target: alice, expired: false, expires: NOW_S + 60 });
    expect(record('a1')).toEqual(
      connectionOf('a1', { user: 'alice', ...more, expires: NOW_S + 60, channels: { general: 's1' } }),
    );
    expect(record('a2')).toMatchObject({ expires: NOW_S + 60, format: 'centrifuge' });
    expect(record('b1')).not.toHaveProperty('expires');
  });

  it('without a time lets them live on, and may say anew what is known of them', async () => {
    await connected('a1', { info: 'old', expires: NOW_S + 5 });
    await refresh(chat, { target: { user: 'alice', connection: 'a1' }, expired: false, info: 'new' });
    expect(record('a1')).toEqual(connectionOf('a1', { user: 'alice', info: 'new' }));
  });

  it.each([
    ['it says so', { expired: true, expires: NOW_S + 60 }],
    ['that is over', { expired: false, expires: NOW_S }],
  ])('ends them where %s', async (_, how) => {
    await refresh(chat, { target: { user: 'alice', connection: 'a1' }, ...how });
    expect(chat.later.ends).toEqual([{ connection: 'a1', disconnect: { code: 3005, reason: 'connection expired' } }]);
  });
});
