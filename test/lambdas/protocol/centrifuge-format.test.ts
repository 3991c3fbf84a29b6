import { describe, expect, it } from 'vitest';
import type { SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
import type { Reply } from '../../../lambdas/chat/command.ts';
import type { Publication, Subscribed } from '../../../lambdas/chat/ports.ts';
import { centrifugeFormat } from '../../../lambdas/protocol/centrifuge-format.ts';
import { subscribeEvent } from '../../support/memory-chat.ts';

const NOW = 1_800_000_000;
const now = () => NOW * 1000 + 999;
const format = centrifugeFormat({ now });

/** What one document says. */
const told = (text: string) => {
  expect(text).not.toContain('\n');
  return JSON.parse(text);
};

const time = 1_764_000_000_000;
const publication = (offset: number, more: Partial<Publication> = {}): Publication => ({
  id: `m${offset}`,
  user: 'alice',
  connection: 'c9',
  data: { text: 'two\nlines' },
  time,
  offset,
  epoch: 'e',
  ...more,
});
const pub = (offset: number) => ({
  data: { text: 'two\nlines' },
  info: { user: 'alice', client: 'c9' },
  offset,
  time,
});

describe('a publication', () => {
  it('is pushed with its place and who published it', () => {
    expect(told(format.message('chat:general', publication(42)))).toEqual({
      push: { channel: 'chat:general', pub: pub(42) },
    });
  });

  it('carries what its publisher and the publisher’s token gave it, but for its key and id', () => {
    const push = format.message('c', publication(1, { info: { name: 'A' }, tags: { k: 'v' }, key: 'k1' }));
    expect(told(push).push.pub).toEqual({
      ...pub(1),
      info: { user: 'alice', client: 'c9', conn_info: { name: 'A' } },
      tags: { k: 'v' },
    });
  });

  it('names an anonymous publisher, and none where a server published it', () => {
    const { user: _, ...anonymous } = publication(1);
    expect(told(format.message('c', anonymous)).push.pub.info).toEqual({ user: '', client: 'c9' });
    const { connection: __, ...served } = anonymous;
    expect(told(format.message('c', served)).push.pub).not.toHaveProperty('info');
  });

  it('has no offset where there is no history, no tags where there are none, and null as data', () => {
    expect(told(format.message('c', { id: 'm', data: null, time, tags: {} }))).toEqual({
      push: { channel: 'c', pub: { data: null, time } },
    });
  });
});

describe('a subscribe is answered', () => {
  const answered = (event: Partial<SubscribeEvent>, outcome: Partial<Subscribed>) =>
    told(format.subscribed(subscribeEvent('c1', { id: '7', ...event }), { missed: [], ...outcome }));
  const position = { epoch: 'e', offset: 42 };

  it('with nothing where the channel has no history', () => {
    expect(answered({}, {})).toEqual({ id: 7, subscribe: {} });
    expect(answered({ recoverable: true }, {})).toEqual({ id: 7, subscribe: {} });
  });

  it('with the position, and that it may recover where it may', () => {
    expect(answered({}, { position })).toEqual({ id: 7, subscribe: position });
    expect(answered({ recoverable: true }, { position })).toEqual({
      id: 7,
      subscribe: { recoverable: true, positioned: true, ...position },
    });
    expect(answered({}, { position: { epoch: 'e', offset: 0 } })).toEqual({ id: 7, subscribe: { epoch: 'e' } });
  });

  it('with what it has missed and the offset of the last of it', () => {
    const missed = [43, 44].map((offset) => ({ publication: publication(offset), text: 'unused' }));
    const since = position;
    expect(answered({ since, recoverable: true }, { position, recovered: true, missed })).toEqual({
      id: 7,
      subscribe: {
        recoverable: true,
        positioned: true,
        epoch: 'e',
        offset: 44,
        recovered: true,
        was_recovering: true,
        publications: [pub(43), pub(44)],
      },
    });
  });

  it('with whether it has recovered where it asked to', () => {
    expect(answered({ since: position }, { position, recovered: true })).toEqual({
      id: 7,
      subscribe: { ...position, recovered: true, was_recovering: true },
    });
    expect(answered({ since: position }, { position, recovered: false })).toEqual({
      id: 7,
      subscribe: { ...position, was_recovering: true },
    });
  });

  it('with how long it lasts, a second at least', () => {
    expect(answered({ expires: NOW + 60 }, {})).toEqual({ id: 7, subscribe: { expires: true, ttl: 60 } });
    expect(answered({ expires: NOW - 60 }, {})).toEqual({ id: 7, subscribe: { expires: true, ttl: 1 } });
  });

  it('by a push where the server asked, and what was missed comes behind it', () => {
    const missed = [43, 44].map((offset) => ({
      publication: publication(offset),
      text: format.piece('general', publication(offset)),
    }));
    const event = subscribeEvent('c1', { by: 'server', recoverable: true });
    const lines = format.subscribed(event, { position, missed }).split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { push: { channel: 'general', subscribe: { recoverable: true, positioned: true, ...position } } },
      { push: { channel: 'general', pub: pub(43) } },
      { push: { channel: 'general', pub: pub(44) } },
    ]);
    expect(told(format.subscribed(subscribeEvent('c1', { by: 'server' }), { missed: [] }))).toEqual({
      push: { channel: 'general', subscribe: {} },
    });
  });

  it('by a push with the epoch, too, where the reply to connect could not name it yet', () => {
    const event = subscribeEvent('c1', { by: 'connect', since: { epoch: '', offset: 0 }, recoverable: true });
    const missed = [{ publication: publication(1), text: format.piece('general', publication(1)) }];
    const lines = format
      .subscribed(event, { position: { epoch: 'e', offset: 0 }, recovered: true, missed })
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { push: { channel: 'general', subscribe: { recoverable: true, positioned: true, epoch: 'e' } } },
      { push: { channel: 'general', pub: pub(1) } },
    ]);
  });

  it('by what was missed alone where the reply to connect has named it', () => {
    const event = subscribeEvent('c1', { by: 'connect', since: position, recoverable: true });
    expect(format.subscribed(event, { position, recovered: true, missed: [] })).toBe('');
    expect(format.subscribed(subscribeEvent('c1', { by: 'connect' }), { missed: [] })).toBe('');
    const missed = [{ publication: publication(43), text: format.piece('general', publication(43)) }];
    expect(told(format.subscribed(event, { position, recovered: true, missed }))).toEqual({
      push: { channel: 'general', pub: pub(43) },
    });
  });
});

describe('a client is pushed', () => {
  it('that it has left, or that the server has ended it, and why', () => {
    expect(told(format.unsubscribed({ channel: 'c', id: '9' }))).toEqual({ id: 9, unsubscribe: {} });
    const push = { code: 2500, reason: 'insufficient state' };
    expect(told(format.unsubscribed({ channel: 'c', push }))).toEqual({ push: { channel: 'c', unsubscribe: push } });
  });

  it('which connection has come and gone, and what tokens say of it', () => {
    const member = { connection: 'c1', user: 'bob', info: { a: 1 }, channelInfo: 'ci' };
    const info = { user: 'bob', client: 'c1', conn_info: { a: 1 }, chan_info: 'ci' };
    expect(told(format.join('c', member))).toEqual({ push: { channel: 'c', join: { info } } });
    expect(told(format.leave('c', member))).toEqual({ push: { channel: 'c', leave: { info } } });
    const anonymous = { push: { channel: 'c', join: { info: { user: '', client: 'c2' } } } };
    expect(told(format.join('c', { connection: 'c2', user: '' }))).toEqual(anonymous);
    expect(format.tells).toBe('connections');
  });

  it('why it is ended, and now and then nothing', () => {
    const disconnect = { code: 3005, reason: 'connection expired' };
    expect(told(format.disconnect(disconnect))).toEqual({ push: { disconnect } });
    expect(told(format.ping)).toEqual({});
  });
});

describe('a command is answered', () => {
  const answered = (reply: Reply) => told(format.reply(reply));

  it.each<[Reply, object]>([
    [{ type: 'ack', id: '1', channel: 'c', messageId: 'm' }, { publish: {} }],
    [{ type: 'pong', id: '1' }, { ping: {} }],
    [{ type: 'unsubscribed', id: '1', channel: 'c' }, { unsubscribe: {} }],
    [{ type: 'refreshed', id: '1', expires: NOW + 60, ttl: 60 }, { refresh: { expires: true, ttl: 60 } }],
    [{ type: 'refreshed', id: '1' }, { refresh: {} }],
    [{ type: 'subRefreshed', id: '1', ttl: 60 }, { sub_refresh: { expires: true, ttl: 60 } }],
    [{ type: 'subRefreshed', id: '1' }, { sub_refresh: {} }],
    [{ type: 'rpc', id: '1', data: [1] }, { rpc: { data: [1] } }],
    [{ type: 'rpc', id: '1', data: null }, { rpc: { data: null } }],
    [{ type: 'rpcError', id: '1', code: 400, message: 'no' }, { error: { code: 400, message: 'no' } }],
    [
      { type: 'presenceStats', id: '1', connections: 0, users: 0 },
      { presence_stats: { num_clients: 0, num_users: 0 } },
    ],
  ])('under the name of its method: %j', (reply, body) => {
    expect(answered(reply)).toEqual({ id: 1, ...body });
  });

  it('with the connection’s id and how long its token lasts, if it ends', () => {
    const connected = { type: 'connected', id: '1', connection: 'c1', subs: new Map() } as const;
    expect(answered(connected)).toEqual({ id: 1, connect: { client: 'c1', version: 'Parley' } });
    expect(answered({ ...connected, ttl: 600 })).toEqual({
      id: 1,
      connect: { client: 'c1', version: 'Parley', expires: true, ttl: 600 },
    });
  });

  it('with the longest time between two pings, if it is known', () => {
    const connected = { type: 'connected', id: '1', connection: 'c1', subs: new Map() } as const;
    const promising = centrifugeFormat({ now, pingSeconds: 600 });
    expect(told(promising.reply(connected))).toEqual({
      id: 1,
      connect: { client: 'c1', version: 'Parley', ping: 600 },
    });
    expect(told(promising.reply({ type: 'pong', id: '1' }))).toEqual({ id: 1, ping: {} });
  });

  it('with the server-side channels, whatever they are called, and where each stands', () => {
    const subs = new Map([
      ['a', { position: { epoch: 'e', offset: 5 }, recovered: true }],
      ['b', { position: { epoch: 'e', offset: 0 }, recovered: false }],
      ['__proto__', {}],
    ]);
    const text = format.reply({ type: 'connected', id: '1', connection: 'c1', subs });
    const recoverable = { recoverable: true, positioned: true, epoch: 'e' };
    expect(Object.entries(told(text).connect.subs)).toEqual([
      ['a', { ...recoverable, offset: 5, recovered: true, was_recovering: true }],
      ['b', { ...recoverable, was_recovering: true }],
      ['__proto__', {}],
    ]);
  });

  it('with a history, also an empty one', () => {
    const history = { type: 'history', id: '1', channel: 'c' } as const;
    expect(answered({ ...history, position: { epoch: 'e', offset: 42 }, publications: [publication(42)] })).toEqual({
      id: 1,
      history: { publications: [pub(42)], epoch: 'e', offset: 42 },
    });
    expect(answered({ ...history, position: { epoch: 'e', offset: 0 }, publications: [] })).toEqual({
      id: 1,
      history: { publications: [], epoch: 'e', offset: 0 },
    });
  });

  it('with who is there, by connection', () => {
    const members = [
      { connection: 'c1', user: 'bob', info: 1, channelInfo: 2 },
      { connection: 'c2', user: '' },
    ];
    expect(answered({ type: 'presentConnections', id: '1', members })).toEqual({
      id: 1,
      presence: {
        presence: {
          c1: { user: 'bob', client: 'c1', conn_info: 1, chan_info: 2 },
          c2: { user: '', client: 'c2' },
        },
      },
    });
    expect(answered({ type: 'presentConnections', id: '1', members: [] })).toEqual({
      id: 1,
      presence: { presence: {} },
    });
  });

  it.each([
    ['internal', { code: 100, message: 'internal server error', temporary: true }],
    ['unknown_channel', { code: 102, message: 'unknown channel' }],
    ['permission_denied', { code: 103, message: 'permission denied' }],
    ['unknown_action', { code: 104, message: 'method not found' }],
    ['already_subscribed', { code: 105, message: 'already subscribed' }],
    ['limit_exceeded', { code: 106, message: 'limit exceeded' }],
    ['bad_request', { code: 107, message: 'bad request' }],
    ['not_available', { code: 108, message: 'not available' }],
    ['token_expired', { code: 109, message: 'token expired' }],
    ['too_many_requests', { code: 111, message: 'too many requests', temporary: true }],
    ['unrecoverable_position', { code: 112, message: 'unrecoverable position' }],
  ] as const)('with an error in Centrifugo’s words: %s', (code, error) => {
    expect(answered({ type: 'error', id: '1', channel: 'c', code, message: 'Parley’s own' })).toEqual({ id: 1, error });
  });

  it('never with a list of users, which is for plain clients', () => {
    expect(() => format.reply({ type: 'presence', id: '1', channel: 'c', members: [] })).toThrow(TypeError);
  });
});
