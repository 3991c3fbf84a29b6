import { beforeEach, describe, expect, it } from 'vitest';
import type { SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Subscription } from '../../../lambdas/chat/ports.ts';
import { MemoryChannel } from '../../support/memory-channel.ts';
import {
  connectionOf,
  leaveEvent,
  type MemoryChat,
  memoryChat,
  moreEvent,
  publishEvent,
  readerOf,
  removeHistoryEvent,
  subscribeEvent,
  unsubscribeEvent,
} from '../../support/memory-chat.ts';

let chat: MemoryChat;
let channel: MemoryChannel;

const here = (connection: string, more: Partial<Subscription> = {}) =>
  chat.subscriptions.put('general', readerOf(connection, { joinLeave: true, ...more }));
const subscribe = (connection: string, more: Partial<SubscribeEvent> = {}) =>
  subscribeEvent(connection, { joinLeave: true, ...more });
/** Joins and leaves that a plain reader was told of, by user. */
const told = (connection: string) =>
  chat.posts
    .told(connection)
    .filter(({ type }) => type === 'join' || type === 'leave')
    .map(({ type, user }) => `${type} ${user}`);
/** The same of an SDK's, by connection. */
const toldSdk = (connection: string) =>
  chat.posts.told(connection).flatMap((document) => {
    const push = Object(Object(document).push);
    return ['join', 'leave'].flatMap((kind) => (push[kind] ? [`${kind} ${push[kind].info.client}`] : []));
  });
const ids = (count: number) => Array.from({ length: count }, (_, i) => `r${i + 1}`);

beforeEach(async () => {
  chat = memoryChat({ namespaces: { '': { historySize: 10, historyTtl: 60, joinLeave: true }, quiet: {} } });
  channel = new MemoryChannel(chat);
});

describe('who comes to a channel and goes', () => {
  it('is told to who reads it and wants to know', async () => {
    await here('r1');
    await chat.subscriptions.put('general', readerOf('r2'));
    await channel.send(subscribe('bob'), publishEvent('m1'), leaveEvent('bob')).receiveAll();
    expect(told('r1')).toEqual(['join bob', 'leave bob']);
    expect(told('r2')).toEqual([]);
    expect(chat.posts.told('r1')[0]).toEqual({ type: 'join', channel: 'general', user: 'bob' });
  });

  it('is told by an unsubscribe, too, and not to who unsubscribes', async () => {
    await here('r1');
    await here('bob');
    await channel.send(unsubscribeEvent('bob')).receiveAll();
    expect(told('r1')).toEqual(['leave bob']);
    expect(chat.posts.told('bob')).toEqual([{ type: 'unsubscribed', channel: 'general' }]);
  });

  it('is told in one frame a reader for all of a run, in the order in which they came', async () => {
    await here('r1');
    for (const user of ['bob', 'carol', 'dave']) await here(user);
    channel.send(leaveEvent('carol'), subscribe('erin'), unsubscribeEvent('bob'), subscribe('frank'));
    await channel.receiveAll();
    expect(chat.posts.frames('r1')).toHaveLength(1);
    expect(told('r1')).toEqual(['leave carol', 'join erin', 'leave bob', 'join frank']);
  });

  it('is told after the replies', async () => {
    await here('r1');
    await channel.send(subscribe('bob'), subscribe('carol')).receiveAll();
    const order = chat.posts.attempts.map(
      ({ connection, frame }) => `${connection} ${JSON.parse(frame.split('\n')[0] ?? '').type}`,
    );
    expect(order.slice(0, 2).sort()).toEqual(['bob subscribed', 'carol subscribed']);
    expect(order.slice(2).sort()).toEqual(['bob join', 'r1 join']);
  });

  it('is told to who came before it in the same run, and not to who came after it', async () => {
    await channel.send(subscribe('r1'), subscribe('r2'), subscribe('r3')).receiveAll();
    expect([told('r1'), told('r2'), told('r3')]).toEqual([['join r2', 'join r3'], ['join r3'], []]);
  });

  it('is not told where the namespace does not say so', async () => {
    await chat.subscriptions.put('quiet:x', readerOf('r1', { joinLeave: true }));
    chat.subscriptions.of = () => Promise.reject(new Error('not asked for'));
    await channel
      .send(subscribe('bob', { channel: 'quiet:x' }), leaveEvent('bob', { channel: 'quiet:x' }))
      .receiveAll();
    expect(told('r1')).toEqual([]);
  });

  it('is nobody where a leave or an unsubscribe is of somebody who does not read the channel', async () => {
    await here('r1');
    await channel.send(leaveEvent('nobody'), unsubscribeEvent('nobody')).receiveAll();
    expect(chat.posts.frames('r1')).toEqual([]);
  });

  it('is nobody where the connection is gone before it has its answer', async () => {
    await here('r1');
    await chat.connections.create(connectionOf('bob', { channels: { general: 's-bob' } }));
    chat.posts.answer = (connection) => (connection === 'bob' ? 'gone' : 'delivered');
    await channel.send(subscribe('bob')).receiveAll();
    expect(told('r1')).toEqual([]);
  });

  it('is not told to a reader that was cut', async () => {
    await here('r1', { cut: true });
    await channel.send(subscribe('bob')).receiveAll();
    expect(chat.posts.frames('r1')).toEqual([]);
  });

  it('is nobody when the history is removed', async () => {
    await here('r1');
    chat.subscriptions.of = () => Promise.reject(new Error('not asked for'));
    expect(await channel.send(removeHistoryEvent()).receive()).toEqual([]);
  });
});

describe('a user with two connections', () => {
  beforeEach(async () => {
    await here('r1');
    await here('sdk', { format: 'centrifuge' });
    await here('phone', { user: 'bob' });
  });
  const tablet = () => subscribe('tablet', { user: 'bob' });

  it('comes once and goes once for plain clients, and with each connection for SDKs', async () => {
    await channel.send(tablet()).receiveAll();
    expect([told('r1'), toldSdk('sdk')]).toEqual([[], ['join tablet']]);
    await channel.send(leaveEvent('phone')).receiveAll();
    expect([told('r1'), toldSdk('sdk')]).toEqual([[], ['join tablet', 'leave phone']]);
    await channel.send(unsubscribeEvent('tablet')).receiveAll();
    expect([told('r1'), toldSdk('sdk')]).toEqual([['leave bob'], ['join tablet', 'leave phone', 'leave tablet']]);
  });

  it('that goes with both at once goes once for plain clients', async () => {
    await here('tablet', { user: 'bob' });
    await channel.send(leaveEvent('phone'), leaveEvent('tablet')).receiveAll();
    expect([told('r1'), toldSdk('sdk')]).toEqual([['leave bob'], ['leave phone', 'leave tablet']]);
  });

  it('that comes with both at once comes once for plain clients', async () => {
    channel.send(subscribe('c1', { user: 'carol' }), subscribe('c2', { user: 'carol' }));
    await channel.receiveAll();
    expect([told('r1'), toldSdk('sdk')]).toEqual([['join carol'], ['join c1', 'join c2']]);
  });

  it('that changes from one to the other has neither come nor gone for plain clients', async () => {
    await channel.send(leaveEvent('phone'), tablet()).receiveAll();
    expect([told('r1'), toldSdk('sdk')]).toEqual([[], ['leave phone', 'join tablet']]);
  });
});

describe("an SDK's reader", () => {
  it('is told of its own join behind its reply, and who it is', async () => {
    await channel
      .send(subscribe('sdk', { format: 'centrifuge', id: '1', info: { n: 1 }, channelInfo: 'host' }))
      .receiveAll();
    expect(chat.posts.told('sdk')).toEqual([
      { id: 1, subscribe: expect.any(Object) },
      {
        push: {
          channel: 'general',
          join: { info: { user: 'sdk', client: 'sdk', conn_info: { n: 1 }, chan_info: 'host' } },
        },
      },
    ]);
  });

  it('is not told of its own leave', async () => {
    await here('sdk', { format: 'centrifuge' });
    await channel.send(unsubscribeEvent('sdk', { format: 'centrifuge', id: '2' })).receiveAll();
    expect(chat.posts.told('sdk')).toEqual([{ id: 2, unsubscribe: {} }]);
  });

  it('is told its own way, and plain clients theirs, of the same', async () => {
    await here('sdk', { format: 'centrifuge' });
    await here('r1');
    await channel.send(subscribe('bob')).receiveAll();
    expect(toldSdk('sdk')).toEqual(['join bob']);
    expect(told('r1')).toEqual(['join bob']);
  });
});

describe('more readers than joins and leaves are told to', () => {
  it('are told of none: it would be as many posts as their square', async () => {
    for (const id of ids(100)) await here(id);
    await channel.send(subscribe('one too many')).receiveAll();
    expect(chat.posts.attempts.map(({ connection }) => connection)).toEqual(['one too many']);
    await channel.send(leaveEvent('r2'), leaveEvent('r3')).receiveAll();
    expect(chat.posts.attempts).toHaveLength(1);
    await channel.send(leaveEvent('r4')).receiveAll();
    expect(told('r1')).toEqual(['leave r4']);
  });

  it('are as many as the owner says', async () => {
    chat = { ...chat, joinLeaveReaders: 2 };
    channel = new MemoryChannel(chat);
    await channel
      .send(subscribe('r1'), publishEvent('m1'), subscribe('r2'), publishEvent('m2'), subscribe('r3'))
      .receiveAll();
    expect(told('r1')).toEqual(['join r2']);
  });

  it('a thousand that come back at once are a thousand answers, and no more', async () => {
    for (const id of ids(1_000)) channel.send(subscribe(id));
    await channel.receiveAll();
    expect(chat.posts.attempts.length).toBeLessThan(1_000 + 10 * 100);
  });
});

describe('a join or a leave', () => {
  it('is told again when its event is repeated, and the reply is not', async () => {
    await here('r1');
    chat.posts.answer = (connection) => {
      if (connection === 'r1') throw new Unavailable('now');
      return 'delivered';
    };
    expect(await channel.send(subscribe('bob'), subscribe('carol')).receive()).toHaveLength(2);
    chat.posts.answer = () => 'delivered';
    await channel.receiveAll();
    expect(told('r1')).toEqual(['join bob', 'join carol']);
    expect(chat.posts.told('bob').filter(({ type }) => type === 'subscribed')).toHaveLength(1);
  });

  it('is told before the row goes, so that a repeat tells it again', async () => {
    await here('r1');
    await here('bob');
    const remove = chat.subscriptions.remove.bind(chat.subscriptions);
    chat.subscriptions.remove = () => Promise.reject(new Unavailable('now'));
    expect(await channel.send(leaveEvent('bob')).receive()).toHaveLength(1);
    expect(told('r1')).toEqual(['leave bob']);
    chat.subscriptions.remove = remove;
    await channel.receiveAll();
    expect(told('r1')).toEqual(['leave bob', 'leave bob']);
    expect(await chat.subscriptions.find('general', 'bob')).toBeUndefined();
  });

  it('is not told where the row is younger than the unsubscribe, which is a repeat', async () => {
    await here('r1');
    await here('bob', { seq: '9'.repeat(39) });
    await channel.send(unsubscribeEvent('bob')).receiveAll();
    expect(told('r1')).toEqual([]);
    expect(await chat.subscriptions.find('general', 'bob')).toBeDefined();
  });

  it('of a connection that is gone takes its row away, however young', async () => {
    await here('bob', { seq: '9'.repeat(39) });
    await channel.send(leaveEvent('bob')).receiveAll();
    expect(await chat.subscriptions.find('general', 'bob')).toBeUndefined();
  });

  it('before the event with which a reader has caught up is told to it, also in one run with that', async () => {
    await channel.send(publishEvent('m1')).receiveAll();
    await here('r1', { at: 0 });
    await here('carol');
    await channel.send(subscribe('bob'), leaveEvent('carol'), moreEvent('r1')).receiveAll();
    expect(told('r1')).toEqual(['join bob', 'leave carol']);
    expect(chat.posts.told('r1').map(({ type }) => type)).toEqual(['join', 'leave', 'message']);
    expect(await chat.subscriptions.find('general', 'r1')).not.toHaveProperty('at');
  });

  it('cuts a reader that does not answer, and takes down one that is gone', async () => {
    await here('silent');
    await here('gone');
    chat.posts.answer = (connection) =>
      connection === 'silent' ? 'unanswered' : connection === 'gone' ? 'gone' : 'delivered';
    await channel.send(subscribe('bob')).receive();
    expect(await chat.subscriptions.find('general', 'silent')).toMatchObject({ cut: true });
    expect(channel.waiting).toEqual([leaveEvent('gone')]);
  });
});
