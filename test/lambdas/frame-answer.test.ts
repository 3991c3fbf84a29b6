import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../lambdas/chat/errors.ts';
import type { Connection } from '../../lambdas/chat/ports.ts';
import { answerFrame } from '../../lambdas/frame-answer.ts';
import { messageEvent } from '../support/function-environment.ts';
import { keepMessages } from '../support/kept-messages.ts';
import { MemoryChannel } from '../support/memory-channel.ts';
import { connectionOf, type MemoryChat, memoryChat, NAMESPACES, readerOf } from '../support/memory-chat.ts';
import type { Told } from '../support/memory-ports.ts';

let chat: MemoryChat;
const SECOND = Date.UTC(2026, 0, 1) / 1000;

const isThere = (more: Partial<Connection> = {}) => chat.connections.create(connectionOf('c1', more));
/** A frame of the connection `c1`, as it came over the socket. */
const answerText = (body: string | undefined) => answerFrame(chat, messageEvent(body), chat.world.now() + 13_000);
const answer = (...documents: unknown[]) => answerText(documents.map((d) => JSON.stringify(d)).join('\n'));
const read = (frames: readonly string[]): Told[] =>
  frames.flatMap((frame) => frame.split('\n').map((line): Told => JSON.parse(line)));
const disconnected = (code: number, reason: string) => ({ push: { disconnect: { code, reason } } });

beforeEach(async () => {
  chat = memoryChat();
  await isThere();
});

describe('the answer to a frame', () => {
  it('is one frame where all replies fit', async () => {
    const frames = await answer({ action: 'ping', id: '1' }, { action: 'ping', id: '2' });
    expect(frames).toEqual(['{"type":"pong","id":"1"}\n{"type":"pong","id":"2"}']);
  });

  it('is none where nothing is due', async () => {
    expect(await answer({ action: 'subscribe', channel: 'general' })).toEqual([]);
  });

  it('is none for a connection without a record, which is ended', async () => {
    await chat.connections.remove('c1');
    expect(await answer({ action: 'ping', id: 'p1' })).toEqual([]);
    expect(chat.later.ends).toEqual([{ connection: 'c1' }]);
  });

  it('is in the protocol that the frame speaks, whatever the connection has spoken before', async () => {
    for (const format of ['json', 'centrifuge'] as const) {
      await isThere({ format });
      expect(read(await answer({ id: 1, ping: {} }))).toEqual([{ id: 1, ping: {} }]);
      expect(read(await answer({ action: 'ping', id: '1' }))).toEqual([{ type: 'pong', id: '1' }]);
    }
  });

  it('is in that of its connection where the frame does not show one', async () => {
    expect(read(await answerText('nonsense'))).toMatchObject([{ type: 'error', code: 'bad_request' }]);
    expect(read(await answerText(undefined))).toMatchObject([{ type: 'error', message: 'the frame is empty' }]);
    expect(chat.later.ends).toEqual([]);
    await isThere({ format: 'centrifuge' });
    for (const body of ['nonsense', undefined]) {
      expect(read(await answerText(body))).toEqual([disconnected(3501, 'bad request')]);
    }
  });

  it('is nothing to a pong', async () => {
    await isThere({ format: 'centrifuge' });
    expect(await answer({})).toEqual([]);
    expect(chat.later.ends).toEqual([]);
  });

  it('names the request also where the queue did not take one of its events', async () => {
    chat.queue.takes = () => false;
    const frames = await answer({ action: 'subscribe', channel: 'general', id: 's1' });
    const message = 'not accepted: send it again, request api-request';
    expect(read(frames)).toEqual([{ type: 'error', id: 's1', channel: 'general', code: 'internal', message }]);
  });

  it('is in no frame above 32 KB, however long the channel is that a client names', async () => {
    const frames = await answer({ action: 'subscribe', channel: 'x'.repeat(40_000), id: 's1' });
    expect(read(frames)).toMatchObject([{ type: 'error', id: 's1', code: 'bad_request' }]);
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(32_768);
  });

  it('is an error each for a thousand commands that are wrong, and the connection lives', async () => {
    await isThere({ format: 'centrifuge' });
    const commands = Array.from({ length: 1_000 }, (_, i) => ({
      id: i + 1,
      publish: { channel: 'closed:x', data: i },
    }));
    const frames = await answer(...commands);
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(32_768);
    const replies = read(frames);
    expect(replies.map(({ id }) => id)).toEqual(commands.map(({ id }) => id));
    expect(new Set(replies.map(({ error }) => (error as { code: number }).code))).toEqual(new Set([103]));
    expect(chat.later.ends).toEqual([]);
  });
});

describe('a frame that fails', () => {
  it('is answered for each document with the request to ask about; the cause is in the log', async () => {
    chat.connections.read = () => Promise.reject(new Unavailable('dynamodb says no', { cause: new Error('deeper') }));
    const frames = await answer(
      { action: 'ping', id: 'p1' },
      { action: 'sendMessage', channel: 'live:x', data: 'a secret' },
      'nonsense',
    );
    const message = 'internal error, request api-request';
    expect(read(frames)).toEqual([
      { type: 'error', id: 'p1', code: 'internal', message },
      { type: 'error', channel: 'live:x', code: 'internal', message },
      { type: 'error', code: 'internal', message },
    ]);
    expect(chat.logger.lines).toEqual([
      {
        level: 'error',
        message: 'a frame failed',
        fields: { connection: 'c1', apiRequestId: 'api-request', error: expect.any(Unavailable) },
      },
    ]);
  });

  it('is answered in its own protocol, with an error that an SDK tries again', async () => {
    chat.connections.read = () => Promise.reject(new Unavailable('dynamodb says no'));
    const error = { code: 100, message: 'internal server error', temporary: true };
    expect(read(await answer({ id: 1, connect: {} }, { id: 2, subscribe: { channel: 'general' } }))).toEqual([
      { id: 1, error },
      { id: 2, error },
    ]);
  });

  it('and could not be read anyway ends the connection', async () => {
    chat.connections.read = () => Promise.reject(new Unavailable('dynamodb says no'));
    expect(read(await answerText('{"id":1,"connect":{}}\nnonsense'))).toEqual([disconnected(3501, 'bad request')]);
    expect(chat.later.ends).toEqual([{ connection: 'c1', disconnect: { code: 3501, reason: 'bad request' } }]);
  });
});

describe('a client that is disconnected', () => {
  beforeEach(() => isThere({ format: 'centrifuge' }));

  it('is told why at once, and ended', async () => {
    const frames = await answer({ id: 1, ping: {} }, { id: 2, connect: {} });
    expect(read(frames)).toEqual([disconnected(3501, 'bad request')]);
    expect(chat.later.ends).toEqual([{ connection: 'c1', disconnect: { code: 3501, reason: 'bad request' } }]);
    expect(chat.logger.lines).toMatchObject([{ level: 'info', message: 'a client was disconnected' }]);
  });

  it('for a token that is no good has that reason in the log, and not the token', async () => {
    await isThere({ expires: 0, user: '' });
    expect(read(await answer({ id: 1, connect: { token: 'secret-token' } }))).toEqual([
      disconnected(3500, 'invalid token'),
    ]);
    expect(chat.logger.lines).toMatchObject([{ level: 'info', fields: { error: { code: 'permission_denied' } } }]);
    expect(JSON.stringify(chat.logger.lines)).not.toContain('secret-token');
  });

  it('for a fault of the server has its cause in the log, as an error', async () => {
    await isThere({ serverChannels: ['general'] });
    chat.queue.takes = () => {
      throw new Unavailable('the queue is away');
    };
    expect(read(await answer({ id: 1, connect: {} }))).toEqual([disconnected(3004, 'internal server error')]);
    expect(chat.logger.lines).toMatchObject([{ level: 'error', fields: { error: { message: 'the queue is away' } } }]);
  });

  it('is told also where the queue that would end it fails: it goes by itself', async () => {
    chat.later.end = () => Promise.reject(new Unavailable('the queue is away'));
    expect(read(await answer({ id: 1, connect: {} }))).toEqual([disconnected(3501, 'bad request')]);
    expect(chat.logger.lines).toMatchObject([{ level: 'info' }, { level: 'error', fields: { connection: 'c1' } }]);
  });
});

describe('a bug', () => {
  it('is no disconnect: it is answered as a fault', async () => {
    await isThere({ format: 'centrifuge' });
    chat.queue.waiting = () => Promise.reject(new TypeError('a bug'));
    expect(read(await answer({ id: 1, publish: { channel: 'live:x', data: 1 } }))).toMatchObject([
      { id: 1, error: { code: 100 } },
    ]);
  });
});

/** Each mistake of a client, and the code of the Centrifugo protocol that tells of it. */
describe('the code', () => {
  const namespaces = {
    ...NAMESPACES,
    kept: { historySize: 10, historyTtl: 60, allowHistoryForClient: true },
    crowd: { presence: true, allowPresenceForClient: true },
  };
  const expired = () => isThere({ format: 'centrifuge', expires: SECOND });
  const unnamed = () => isThere({ user: '', expires: 0 });

  beforeEach(async () => {
    chat = memoryChat({ namespaces });
    await isThere({ format: 'centrifuge' });
  });

  it.each<[number, string, object, (() => unknown)?]>([
    [100, 'a subscribe that the queue did not take', { subscribe: { channel: 'general' } }, () => takesNothing()],
    [102, 'a channel of an unknown namespace', { subscribe: { channel: 'nowhere:x' } }],
    [102, 'a publication into one', { publish: { channel: 'nowhere:x', data: 1 } }],
    [103, 'a channel that nothing allows', { subscribe: { channel: 'closed:x' } }],
    [103, 'a publication that nothing allows', { publish: { channel: 'closed:x', data: 1 } }],
    [103, 'a channel of other users', { subscribe: { channel: 'dm:x#bob' } }],
    [103, 'a channel that needs a token', { subscribe: { channel: '$secret' } }],
    [103, 'a subscription token that is no good', { subscribe: { channel: '$secret', token: 'bad' } }],
    [103, 'a new token for a channel that is not subscribed to', { sub_refresh: { channel: 'general', token: 't' } }],
    [104, 'a method that there is not', { dance: {} }],
    [106, 'a message that is too large', { publish: { channel: 'live:x', data: 'x'.repeat(33_000) } }],
    [106, 'one channel too many', { subscribe: { channel: 'more' } }, () => isThere({ channels: channels(128) })],
    [106, 'a presence that does not fit a frame', { presence: { channel: 'crowd:x' } }, () => isCrowded()],
    [107, 'a name that is none', { subscribe: { channel: 'two words' } }],
    [107, 'a name that is too long', { publish: { channel: 'x'.repeat(256), data: 1 } }],
    [107, 'a publication of nothing', { publish: { channel: 'live:x' } }],
    [107, 'a field of another kind', { history: { channel: 'kept:x', limit: 'all' } }],
    [
      107,
      'a history before its first message',
      { history: { channel: 'kept:x', since: { offset: 0 }, reverse: true } },
    ],
    [108, 'a history that is not kept', { history: { channel: 'live:x', limit: 1 } }],
    [108, 'a presence that is not known', { presence: { channel: 'live:x' } }],
    [108, 'how many are there, where it is not known', { presence_stats: { channel: 'live:x' } }],
    [109, 'a command after the end of the token', { publish: { channel: 'live:x', data: 1 } }, expired],
    [109, 'a subscription token that has expired', { subscribe: { channel: '$s', token: 'old' } }, () => isOld()],
    [109, 'a connect by a token that has expired', { connect: { token: 'old' } }, () => isOld(unnamed)],
    [111, 'a message while too many wait', { publish: { channel: 'live:x', data: 1 } }, () => isBusy()],
    [112, 'a history of another epoch', { history: { channel: 'kept:x', since: { epoch: 'e', offset: 1 } } }, keeps],
  ])('%i is told of %s', async (code, _, command, arrange) => {
    await arrange?.();
    expect(read(await answer({ id: 7, ...command }))).toEqual([
      { id: 7, error: expect.objectContaining({ code, message: expect.any(String) }) },
    ]);
    expect(chat.later.ends).toEqual([]);
  });

  it.each<[number, string, object, (() => unknown)?]>([
    [3004, 'a fault after connect was answered', { connect: {} }, () => takesNothing(() => hasServerChannels(1))],
    [3005, 'a refresh by a token that has expired', { refresh: { token: 'old' } }, () => isOld()],
    [3500, 'a connect by a token that is no good', { connect: { token: 'bad' } }, unnamed],
    [3500, 'a connect by another user’s', { connect: { token: 'bobs' } }, () => isBobs(isThere)],
    [3500, 'a refresh by a token that is no good', { refresh: { token: 'bad' } }],
    [3500, 'a refresh by another user’s', { refresh: { token: 'bobs' } }, () => isBobs()],
    [3500, 'a subscription token of another user', { subscribe: { channel: '$s', token: 'bobs' } }, () => isBobs()],
    [3501, 'a connect without a token', { connect: {} }, unnamed],
    [3501, 'a second connect', { connect: {} }],
    [3501, 'a connect after the channels of a handshake', { connect: {} }, () => isThere({ channels: channels(1) })],
    [3501, 'a command before connect', { ping: {} }, unnamed],
    [3501, 'a channel without a name', { subscribe: { channel: '' } }],
    [3501, 'a command without a method', {}],
    [3505, 'too many server-side channels', { connect: {} }, () => hasServerChannels(129)],
  ])('%i ends the connection for %s', async (code, _, command, arrange) => {
    await arrange?.();
    expect(read(await answer({ id: 7, ...command }))).toEqual([disconnected(code, expect.any(String))]);
    expect(chat.later.ends).toEqual([{ connection: 'c1', disconnect: { code, reason: expect.any(String) } }]);
  });

  it('105 is told of a channel that is subscribed to already, and 112 of what is to be recovered and cannot: by the channel', async () => {
    const channel = new MemoryChannel(chat);
    for (const subscribe of [
      { channel: 'live:x' },
      { channel: 'live:x' },
      { channel: 'kept:x', token: 'good', recover: true, epoch: 'e', offset: 1, flag: 2 },
    ]) {
      chat.tokens.goodSubscriptions.set('good', { user: 'c1', channel: subscribe.channel });
      await answer({ id: chat.queue.events.length + 1, subscribe });
    }
    await channel.receiveAll();
    const told = chat.posts.told('c1').toSorted((a, b) => Number(a.id) - Number(b.id));
    expect(told).toEqual([
      { id: 1, subscribe: {} },
      { id: 2, error: { code: 105, message: 'already subscribed' } },
      { id: 3, error: { code: 112, message: 'unrecoverable position' } },
    ]);
  });

  const channels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, `s${i}`]));
  const hasServerChannels = (count: number) =>
    isThere({ serverChannels: Array.from({ length: count }, (_, i) => `live:c${i}`) });
  function isOld(more?: () => unknown) {
    chat.tokens.expired.add('old');
    return more?.();
  }
  function isBobs(more?: () => unknown) {
    chat.tokens.good.set('bobs', { user: 'bob' });
    chat.tokens.goodSubscriptions.set('bobs', { user: 'bob', channel: '$s' });
    return more?.();
  }
  function takesNothing(more?: () => unknown) {
    chat.queue.takes = () => false;
    return more?.();
  }
  function isBusy() {
    chat.queue.backlog = 20_001;
  }
  async function isCrowded() {
    for (let i = 0; i < 1_000; i++) await chat.subscriptions.put('crowd:x', readerOf(`connection-${i}`));
  }
  async function keeps() {
    await keepMessages(chat, 'kept:x', ['a']);
  }
});
