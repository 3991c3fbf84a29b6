import { beforeEach, describe, expect, it } from 'vitest';
import { channelNamed } from '../../../lambdas/chat/channel.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection } from '../../../lambdas/chat/ports.ts';
import {
  type ServerWishes,
  subscribeConnection,
  unsubscribeConnection,
} from '../../../lambdas/chat/server-subscriptions.ts';
import { connectionOf, type MemoryChat, memoryChat } from '../../support/memory-chat.ts';

let chat: MemoryChat;
const SECOND = Date.UTC(2026, 0, 1) / 1000;
const WHY = { code: 2000, reason: 'server unsubscribe' };

const record = () => chat.connections.records.get('c1');
async function there(more: Partial<Connection> = {}): Promise<Connection> {
  const connection = connectionOf('c1', { user: 'alice', ...more });
  await chat.connections.create(connection);
  return connection;
}
const subscribe = async (connection: Connection, name = 'general', wishes: ServerWishes = {}) =>
  subscribeConnection(chat, connection, channelNamed(chat.namespaces, name), wishes);

beforeEach(() => {
  chat = memoryChat({
    namespaces: { '': { historySize: 10, historyTtl: 60 }, live: {}, crowd: { joinLeave: true } },
  });
});

describe('a subscription that a server makes', () => {
  it('is noted in the record, then sent as an event, and the client is told by a push', async () => {
    const connection = await there({ info: { name: 'Alice' }, format: 'centrifuge' });
    chat.queue.takes = () => {
      expect(record()?.channels).toHaveProperty('general');
      return true;
    };
    expect(await subscribe(connection)).toBe(true);
    expect(chat.queue.events).toEqual([
      {
        v: 2,
        type: 'subscribe',
        by: 'server',
        channel: 'general',
        connection: 'c1',
        user: 'alice',
        info: { name: 'Alice' },
        format: 'centrifuge',
        token: record()?.channels.general,
        recoverable: true,
        connectedAt: connection.connectedAt,
      },
    ]);
    expect(record()?.channels.general).toMatch(/^s.{11}$/);
  });

  it('is as the server wants it', async () => {
    const wishes = { since: { epoch: 'e', offset: 41 }, channelInfo: 'guest', expires: SECOND + 60 };
    await subscribe(await there(), 'live:x', wishes);
    expect(chat.queue.events).toMatchObject([{ ...wishes, format: 'json' }]);
    expect(chat.queue.events[0]).not.toHaveProperty('recoverable');
    expect(record()?.ends).toEqual({ 'live:x': SECOND + 60 });
  });

  it('is told of joins and leaves like a client’s own: a plain client always, an SDK where it is wanted', async () => {
    const tells = async (format: Connection['format'], name: string, joinLeave?: boolean) => {
      await subscribe(await there({ format }), name, { joinLeave });
      return 'joinLeave' in (chat.queue.events.at(-1) ?? {});
    };
    expect(await tells('json', 'crowd:x')).toBe(true);
    expect(await tells('centrifuge', 'crowd:x')).toBe(false);
    expect(await tells('centrifuge', 'crowd:x', true)).toBe(true);
    expect(await tells('json', 'live:x', true)).toBe(false);
  });

  it('changes nothing where there is one', async () => {
    expect(await subscribe(await there({ channels: { general: 's-1' } }))).toBe(true);
    expect(chat.queue.events).toEqual([]);
    expect(record()?.channels).toEqual({ general: 's-1' });
  });

  it('is made anew where the client is leaving the channel', async () => {
    expect(await subscribe(await there({ channels: { general: 'u-1' } }))).toBe(true);
    expect(chat.queue.events).toHaveLength(1);
  });

  it('is not made where the connection has no place for another channel', async () => {
    chat = { ...chat, limits: { ...chat.limits, channels: 1 } };
    expect(await subscribe(await there({ channels: { 'live:x': 's-1' } }))).toBe(false);
    expect(chat.queue.events).toEqual([]);
  });

  it('is not needed where the connection has gone meanwhile', async () => {
    const connection = await there();
    await chat.connections.remove('c1');
    expect(await subscribe(connection)).toBe(true);
    expect(chat.queue.events).toEqual([]);
  });

  it('fails where its event is not accepted', async () => {
    chat.queue.takes = () => false;
    await expect(subscribe(await there())).rejects.toThrow(Unavailable);
  });
});

describe('a subscription that a server ends', () => {
  const end = (connection: Connection) => unsubscribeConnection(chat, connection, 'general', WHY);

  it('is noted in the record, then sent as an event with what the client is told', async () => {
    const connection = await there({ channels: { general: 's-1' }, ends: { general: SECOND } });
    await end(connection);
    const token = record()?.channels.general;
    expect(token).toMatch(/^u.{11}$/);
    expect(record()?.ends).toEqual({});
    expect(chat.queue.events).toEqual([
      { v: 2, type: 'unsubscribe', channel: 'general', connection: 'c1', token, format: 'json', push: WHY },
    ]);
  });

  it('is left alone where there is none', async () => {
    await end(await there({ channels: { news: 's-1' } }));
    expect(chat.queue.events).toEqual([]);
    expect(record()?.channels).toEqual({ news: 's-1' });
  });

  it('is left alone where the connection has gone meanwhile', async () => {
    const connection = await there({ channels: { general: 's-1' } });
    await chat.connections.remove('c1');
    await end(connection);
    expect(chat.queue.events).toEqual([]);
  });

  it('is ended also where the connection has more channels than are allowed by now', async () => {
    const connection = await there({ channels: { general: 's-1', news: 's-2' } });
    chat = { ...chat, limits: { ...chat.limits, channels: 1 } };
    await end(connection);
    expect(chat.queue.events).toHaveLength(1);
  });

  it('fails where its event is not accepted', async () => {
    chat.queue.takes = () => false;
    await expect(end(await there({ channels: { general: 's-1' } }))).rejects.toThrow(Unavailable);
  });
});
