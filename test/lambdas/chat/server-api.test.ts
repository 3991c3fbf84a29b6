import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ParleyError, Unavailable } from '../../../lambdas/chat/errors.ts';
import { runServerCall } from '../../../lambdas/chat/server-api.ts';
import type { ServerCommand } from '../../../lambdas/chat/server-command.ts';
import { connectionOf, type MemoryChat, memoryChat, readerOf } from '../../support/memory-chat.ts';

const NAMESPACES = { '': { historySize: 10, historyTtl: 60, presence: true }, live: {} };
const done = { result: { type: 'done' } };
const alice = { user: 'alice' };
const publish = (channel: string, data: unknown = 1): ServerCommand => ({
  method: 'publish',
  channel,
  message: { data },
});
const toMany = (...channels: string[]): ServerCommand => ({ method: 'broadcast', channels, message: { data: 1 } });

let chat: MemoryChat;
const run = (commands: readonly ServerCommand[], more: { parallel?: boolean; until?: number } = {}) =>
  runServerCall(chat, {
    requests: commands.map((command) => ({ command })),
    until: Number.POSITIVE_INFINITY,
    requestId: 'r1',
    ...more,
  });

beforeEach(() => {
  chat = memoryChat({ namespaces: NAMESPACES });
});

describe('a call of the server API', () => {
  it('runs each method', async () => {
    await chat.connections.create(connectionOf('a1', { user: 'alice' }));
    await chat.subscriptions.put('general', readerOf('a1'));
    const replies = await run([
      publish('general'),
      toMany('live:x', 'none:x'),
      { method: 'subscribe', target: alice, channel: 'general', wishes: {} },
      { method: 'unsubscribe', target: alice, channel: 'general' },
      { method: 'refresh', target: alice, expired: false },
      { method: 'presence', channel: 'general' },
      { method: 'presence_stats', channel: 'general' },
      { method: 'history', channel: 'general', limit: 1, order: 'oldestFirst' },
      { method: 'history_remove', channel: 'general' },
      { method: 'channels', pattern: '' },
      { method: 'info' },
      { method: 'disconnect', target: alice, except: [] },
      { method: 'rpc' },
    ]);
    expect(replies).toMatchObject([
      done,
      { result: { type: 'broadcast', refusals: [undefined, { code: 'unknown_channel' }] } },
      done,
      done,
      done,
      { result: { type: 'presence', members: [{ connection: 'a1' }] } },
      { result: { type: 'presenceStats', connections: 1, users: 1 } },
      { result: { type: 'history', publications: [] } },
      done,
      { result: { type: 'channels' } },
      { result: { type: 'info', connections: 1 } },
      done,
      { refusal: { code: 'not_available', message: 'rpc: nobody answers it here' } },
    ]);
    expect(chat.queue.events.map(({ type }) => type)).toEqual([
      'publish',
      'publish',
      'subscribe',
      'unsubscribe',
      'removeHistory',
    ]);
    expect(chat.later.ends).toMatchObject([{ connection: 'a1' }]);
  });

  it('says what is wrong with a command, and goes on with the next', async () => {
    const refusal = new ParleyError('bad_request', 'channel: is missing');
    const requests = [{ refusal }, { command: publish('none:x') }, { command: publish('general') }];
    expect(await runServerCall(chat, { requests, until: Number.POSITIVE_INFINITY, requestId: 'r1' })).toEqual([
      { refusal: { code: 'bad_request', message: 'channel: is missing' } },
      { refusal: { code: 'unknown_channel', message: 'channel: no namespace "none"' } },
      done,
    ]);
  });

  it('tells of a fault nothing but the request to ask about, and the log its cause', async () => {
    const error = new Unavailable('table connections is away');
    vi.spyOn(chat.census, 'count').mockRejectedValue(error);
    expect(await run([{ method: 'info' }, publish('general')])).toEqual([
      { refusal: { code: 'internal', message: 'request r1' } },
      done,
    ]);
    expect(chat.logger.lines).toEqual([
      { level: 'error', message: 'a request of the server API failed', fields: { apiRequestId: 'r1', error } },
    ]);
  });

  it('begins nothing when its time is over', async () => {
    expect(await run([publish('general')], { until: chat.world.now() })).toEqual([
      { refusal: { code: 'internal', message: 'the time of the request is over: send it again' } },
    ]);
    expect(chat.queue.events).toEqual([]);
  });
});

describe('what a call sends', () => {
  it('goes with one call of the queue, in the order of the commands', async () => {
    const send = vi.spyOn(chat.queue, 'send');
    await run([publish('general', 1), toMany('general', 'live:x'), publish('general', 4)]);
    expect(send).toHaveBeenCalledTimes(1);
    expect(chat.queue.events.map(({ channel }) => channel)).toEqual(['general', 'general', 'live:x', 'general']);
  });

  it('goes before a command that comes after it', async () => {
    await chat.connections.create(connectionOf('a1', { user: 'alice' }));
    await run([
      publish('general', 'before'),
      { method: 'subscribe', target: alice, channel: 'general', wishes: {} },
      publish('general', 'after'),
    ]);
    expect(chat.queue.events.map(({ type }) => type)).toEqual(['publish', 'subscribe', 'publish']);
  });

  it('may be refused one by one', async () => {
    chat.queue.takes = (_, place) => place !== 1;
    const notAccepted = { code: 'internal', message: 'not accepted: send it again' };
    expect(await run([publish('general'), toMany('live:x', 'live:y'), publish('live:z')])).toEqual([
      done,
      { result: { type: 'broadcast', refusals: [notAccepted, undefined] } },
      done,
    ]);
  });

  it('may be refused as a whole, which is told once to the log and to each command', async () => {
    chat.queue.takes = () => {
      throw new Unavailable('the queue is away');
    };
    const refusal = { code: 'internal', message: 'request r1' };
    expect(await run([publish('general'), publish('live:x')])).toEqual([{ refusal }, { refusal }]);
    expect(chat.logger.lines).toHaveLength(1);
  });

  it('is nothing where all is refused', async () => {
    const send = vi.spyOn(chat.queue, 'send');
    expect(await run([toMany('none:x')])).toMatchObject([
      { result: { type: 'broadcast', refusals: [{ code: 'unknown_channel' }] } },
    ]);
    expect(send).not.toHaveBeenCalled();
  });

  it('is a thousand messages at most, however many commands ask for them', async () => {
    const names = Array.from({ length: 600 }, (_, i) => `live:${i}`);
    expect(await run([toMany(...names), toMany(...names), publish('general')])).toMatchObject([
      { result: { type: 'broadcast' } },
      { refusal: { code: 'limit_exceeded', message: 'at most 1000 messages a request' } },
      done,
    ]);
    expect(chat.queue.events).toHaveLength(601);
  });
});

describe('commands side by side', () => {
  it('are answered in the order in which they were asked', async () => {
    vi.spyOn(chat.census, 'count').mockImplementation(async () => {
      await chat.world.sleep(5);
      return { channels: new Map(), connections: 0, users: 0 };
    });
    expect(await run([{ method: 'info' }, publish('general'), publish('none:x')], { parallel: true })).toMatchObject([
      { result: { type: 'info' } },
      done,
      { refusal: { code: 'unknown_channel' } },
    ]);
  });
});
