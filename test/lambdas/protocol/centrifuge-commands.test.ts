import { describe, expect, it } from 'vitest';
import type { Connect } from '../../../lambdas/chat/command.ts';
import type { ParleyError } from '../../../lambdas/chat/errors.ts';
import { readings } from '../../../lambdas/protocol/centrifuge-commands.ts';

/** What a request of a method, under the id 1, asks for. */
const read = (method: keyof typeof readings, request: unknown) => readings[method](method, request, '1');

/** Why it is refused. */
function refused(method: keyof typeof readings, request: unknown): string {
  try {
    return `not refused: ${JSON.stringify(read(method, request))}`;
  } catch (error) {
    const { code, message } = error as ParleyError;
    return `${code}: ${message}`;
  }
}

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

describe('a connect', () => {
  it('may name a token, and ignores what Parley does not know', () => {
    expect(read('connect', { token: 't', name: 'js', version: '1', data: {}, headers: { a: 'b' }, flag: 1 })).toEqual({
      action: 'connect',
      id: '1',
      token: 't',
      subs: new Map(),
    });
  });

  it.each([{}, { token: '' }, { token: null, subs: null }])('names none where it is empty: %j', (request) => {
    expect(read('connect', request)).toEqual({ action: 'connect', id: '1', subs: new Map() });
  });

  it('says where it stood in server-side channels, whatever they are called, if it wants to recover', () => {
    const subs =
      '{"a":{"recover":true,"epoch":"e","offset":5},"b":{"recover":false,"offset":5},"c":{},"d":null,"__proto__":{"recover":true},"constructor":{"recover":true,"epoch":"x"}}';
    const { subs: positions } = read('connect', JSON.parse(`{"subs":${subs}}`)) as Connect;
    expect([...positions]).toEqual([
      ['a', { epoch: 'e', offset: 5 }],
      ['__proto__', { epoch: '', offset: 0 }],
      ['constructor', { epoch: 'x', offset: 0 }],
    ]);
  });

  it.each([
    [5, 'connect: must be an object'],
    [{ token: 5 }, 'connect.token: must be a string'],
    [{ subs: 'a' }, 'connect.subs: must be an object'],
    [{ subs: { a: 5 } }, 'connect.subs: must be an object'],
    [{ subs: { a: { recover: 1 } } }, 'connect.subs.recover: must be true or false'],
    [{ subs: { a: { recover: true, offset: -1 } } }, 'connect.subs.offset: must be a whole number, 0 or more'],
  ])('is refused with the name of the field that is wrong: %j', (request, why) => {
    expect(refused('connect', request)).toBe(`bad_request: ${why}`);
  });
});

describe('a subscribe', () => {
  const plain = { action: 'subscribe', id: '1', channel: 'c' };

  it.each([
    [{}, {}],
    [{ token: 't' }, { token: 't' }],
    [{ recover: true, epoch: 'e', offset: 5 }, { since: { epoch: 'e', offset: 5 } }],
    [{ recover: true }, { since: { epoch: '', offset: 0 } }],
    [{ recover: false, epoch: 'e', offset: 5 }, {}],
    [{ positioned: true }, { recoverable: true }],
    [{ recoverable: true }, { recoverable: true }],
    [{ join_leave: true }, { joinLeave: true }],
    [{ flag: 1 }, {}],
    [{ flag: 2 }, { strict: true }],
    [{ flag: 3 }, { strict: true }],
    [{ flag: 2 ** 52 }, {}],
    [{ type: 0, tf: null, delta: 'fossil', data: { a: 1 }, newer: 1 }, {}],
    [{ token: null, recover: null, offset: null, epoch: null, flag: null, type: null }, {}],
  ])('of %j asks for %j', (request, command) => {
    expect(read('subscribe', { channel: 'c', ...request })).toEqual({ ...plain, ...command });
  });

  it.each(['👩‍🚀\u0000', ' ', 'x'.repeat(256), '__proto__'])(
    'leaves it to others what a name may be: %j',
    (channel) => {
      expect(read('subscribe', { channel })).toEqual({ ...plain, channel });
    },
  );

  it.each([
    ['text', 'subscribe: must be an object'],
    [{ channel: 5 }, 'subscribe.channel: must be a string'],
    [{ channel: 'c', token: {} }, 'subscribe.token: must be a string'],
    [{ channel: 'c', recover: 'yes' }, 'subscribe.recover: must be true or false'],
    [{ channel: 'c', join_leave: 1 }, 'subscribe.join_leave: must be true or false'],
    [{ channel: 'c', epoch: 5 }, 'subscribe.epoch: must be a string'],
    ...[-1, 0.5, 2 ** 53, 1e300, '5', [5]].map((offset): [object, string] => [
      { channel: 'c', recover: true, offset },
      'subscribe.offset: must be a whole number, 0 or more',
    ]),
    [{ channel: 'c', flag: 'x' }, 'subscribe.flag: must be a whole number'],
    [{ channel: 'c', flag: 0.5 }, 'subscribe.flag: must be a whole number'],
    [{ channel: 'c', tf: { key: 'k', cmp: 'eq', val: 'v' } }, 'subscribe.tf: filters are not available'],
  ])('is refused with the name of the field that is wrong: %j', (request, why) => {
    expect(refused('subscribe', request)).toBe(`bad_request: ${why}`);
  });

  it('is refused where it is not for a stream', () => {
    expect(refused('subscribe', { channel: 'c', type: 1 })).toBe(
      'not_available: subscribe.type: only streams are available',
    );
  });
});

describe('a publish', () => {
  it.each([null, false, 0, '', [], {}, 'text\u0000👩‍🚀', nested(128)])('may carry any data', (data) => {
    expect(read('publish', { channel: 'c', data })).toEqual({ action: 'sendMessage', id: '1', channel: 'c', data });
  });

  it.each([
    [{ channel: 'c' }, 'bad_request: publish.data: is missing'],
    [{ channel: 'c', data: nested(129) }, 'bad_request: publish.data: must not be nested deeper than 128 levels'],
    [{ channel: ['c'], data: 1 }, 'bad_request: publish.channel: must be a string'],
    [{ channel: 'c', data: 1, type: 1 }, 'not_available: publish.type: only streams are available'],
  ])('is refused with the name of the field that is wrong: %j', (request, why) => {
    expect(refused('publish', request)).toBe(why);
  });

  it('is refused, and fells nobody, however deep its data is', () => {
    const request = JSON.parse(`{"channel":"c","data":${'['.repeat(60_000)}${']'.repeat(60_000)}}`);
    expect(refused('publish', request)).toBe('bad_request: publish.data: must not be nested deeper than 128 levels');
  });
});

describe('a history', () => {
  const history = { action: 'history', id: '1', channel: 'c' };

  it.each([
    [{}, { limit: 0, order: 'oldestFirst' }],
    [
      { limit: 0, reverse: true },
      { limit: 0, order: 'newestFirst' },
    ],
    [{ limit: 10 }, { limit: 10, order: 'oldestFirst' }],
    [{ limit: -1 }, { limit: 1_000, order: 'oldestFirst' }],
    [{ limit: 1_000_000 }, { limit: 1_000, order: 'oldestFirst' }],
    [
      { limit: 5, since: { offset: 3, epoch: 'e' } },
      { limit: 5, order: 'oldestFirst', after: 3, epoch: 'e' },
    ],
    [
      { limit: 5, since: {} },
      { limit: 5, order: 'oldestFirst', after: 0 },
    ],
    [
      { since: { offset: 3 }, reverse: true },
      { limit: 0, order: 'newestFirst', before: 3 },
    ],
    [
      { limit: null, since: null, reverse: null },
      { limit: 0, order: 'oldestFirst' },
    ],
  ])('of %j asks for %j', (request, command) => {
    expect(read('history', { channel: 'c', ...request })).toEqual({ ...history, ...command });
  });

  it.each([
    [{ channel: 'c', limit: 0.5 }, 'history.limit: must be a whole number'],
    [{ channel: 'c', limit: '5' }, 'history.limit: must be a whole number'],
    [{ channel: 'c', since: 5 }, 'history.since: must be an object'],
    [{ channel: 'c', since: { offset: -1 } }, 'history.since.offset: must be a whole number, 0 or more'],
    [{ channel: 'c', since: { offset: 2 ** 53 } }, 'history.since.offset: must be a whole number, 0 or more'],
    [{ channel: 'c', reverse: 1 }, 'history.reverse: must be true or false'],
    [{ channel: 'c', since: {}, reverse: true }, 'history.since.offset: must be 1 or more with "reverse"'],
  ])('is refused with the name of the field that is wrong: %j', (request, why) => {
    expect(refused('history', request)).toBe(`bad_request: ${why}`);
  });
});

describe('the other methods', () => {
  it.each([
    ['ping', {}, { action: 'ping' }],
    ['ping', 'anything', { action: 'ping' }],
    ['unsubscribe', { channel: 'c' }, { action: 'unsubscribe', channel: 'c' }],
    ['presence', { channel: 'c' }, { action: 'presence', channel: 'c' }],
    ['presence_stats', { channel: 'c' }, { action: 'presenceStats', channel: 'c' }],
    ['rpc', { method: 'm', data: { a: 1 } }, { action: 'rpc', method: 'm', data: { a: 1 } }],
    ['rpc', {}, { action: 'rpc', method: '', data: undefined }],
    ['refresh', { token: 't' }, { action: 'refresh', token: 't' }],
    ['sub_refresh', { channel: 'c', token: 't' }, { action: 'subRefresh', channel: 'c', token: 't' }],
  ] as const)('ask for what they say: %s of %j', (method, request, command) => {
    expect(read(method, request)).toEqual({ id: '1', ...command });
  });

  it.each([
    ['unsubscribe', { channel: 1 }, 'unsubscribe.channel: must be a string'],
    ['presence_stats', { channel: {} }, 'presence_stats.channel: must be a string'],
    ['rpc', { method: 5 }, 'rpc.method: must be a string'],
    ['rpc', { data: nested(129) }, 'rpc.data: must not be nested deeper than 128 levels'],
    ['refresh', { token: 5 }, 'refresh.token: must be a string'],
    ['sub_refresh', { channel: 'c' }, 'sub_refresh.token: is missing'],
    ['sub_refresh', { channel: 'c', token: '' }, 'sub_refresh.token: must not be empty'],
  ] as const)('are refused with the name of the field that is wrong: %s of %j', (method, request, why) => {
    expect(refused(method, request)).toBe(`bad_request: ${why}`);
  });
});
