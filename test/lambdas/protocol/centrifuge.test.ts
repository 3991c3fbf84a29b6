import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Disconnected } from '../../../lambdas/chat/errors.ts';
import { isCentrifugeFrame, parseCentrifugeFrame } from '../../../lambdas/protocol/centrifuge.ts';

/** What a frame is read as: its commands, the code and message of refusals with their id, or how its connection ends. */
function read(...documents: unknown[]) {
  const body = documents.map((d) => (typeof d === 'string' ? d : JSON.stringify(d))).join('\n');
  try {
    return parseCentrifugeFrame(body).map((request) =>
      'command' in request ? request.command : `${request.id}: ${request.refusal.code}: ${request.refusal.message}`,
    );
  } catch (error) {
    if (error instanceof Disconnected) return error.why;
    throw error;
  }
}

const ENDED = { code: 3501, reason: 'bad request' };

/** Any sequence of UTF-16 units, halves of pairs included. */
const anyText = fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes));

describe('a frame is known for one of the Centrifugo protocol', () => {
  const methods = ['connect', 'subscribe', 'unsubscribe', 'publish', 'presence', 'presence_stats', 'history', 'rpc'];
  it.each([
    '{}',
    ' {} ',
    '\n{"id":1}',
    '{"id":1,"newer":{}}',
    '{"connect":{},"id":1}\n{"subscribe":{"channel":"c"},"id":2}',
    '{"connect":{}}\nnonsense',
    '{\n  "connect": {}\n}',
    ...[...methods, 'ping', 'send', 'refresh', 'sub_refresh'].map((method) => `{"${method}":{}}`),
  ])('by its first document: %j', (body) => {
    expect(isCentrifugeFrame(body)).toBe(true);
  });

  it.each([
    '{"action":"ping"}',
    '{"action":"subscribe","subscribe":{},"id":1}',
    '{"action":null}',
    '{\n  "action": "ping"\n}',
    '{"action":"ping"}\n{"connect":{},"id":1}',
  ])('not where that has an action: %j', (body) => {
    expect(isCentrifugeFrame(body)).toBe(false);
  });

  it.each([
    '',
    '\n',
    'nonsense',
    'nonsense\n{}',
    'null',
    '1',
    '[]',
    '[{}]',
    '{"id":"1"}',
    '{"type":"ping"}',
    '{"a":1}',
  ])('or cannot be told: %j', (body) => {
    expect(isCentrifugeFrame(body)).toBeUndefined();
  });
});

describe('a frame of the Centrifugo protocol', () => {
  it('holds one command a line, in order, with ids of their own', () => {
    expect(read({ id: 1, connect: {} }, '', { subscribe: { channel: 'c' }, id: 4_294_967_295 }, '')).toEqual([
      { action: 'connect', id: '1', subs: new Map() },
      { action: 'subscribe', id: '4294967295', channel: 'c' },
    ]);
  });

  it('holds nothing to answer where it is a pong, or sends what nobody reads', () => {
    expect(read('{}')).toEqual([]);
    expect(read('{"id":0}')).toEqual([]);
    expect(read('{"id":null}')).toEqual([]);
    expect(read('{"send":{"data":1}}')).toEqual([]);
    expect(read('{"send":{"data":1},"id":3}')).toEqual([]);
    expect(read('{}', { id: 1, ping: {} })).toEqual([{ action: 'ping', id: '1' }]);
  });

  it('takes the first method of a command that has several, and none for one that is null', () => {
    expect(read({ id: 1, history: { channel: 'a' }, subscribe: { channel: 'b' }, send: {} })).toEqual([
      { action: 'subscribe', id: '1', channel: 'b' },
    ]);
    expect(read({ id: 1, subscribe: null, ping: {} })).toEqual([{ action: 'ping', id: '1' }]);
  });

  it.each([
    '',
    '\n \n',
    'nonsense',
    '{"id":1,"ping":{}}\nnonsense',
    'null',
    '[{"id":1,"ping":{}}]',
    '"ping"',
    '{"id":1}',
    '{"id":1,"subscribe":null}',
    '{"id":1,"newer":null}',
    '{"id":1,"newer":"text"}',
    '{"connect":{}}',
    '{"id":0,"connect":{}}',
    '{"id":null,"connect":{}}',
    '{"newer":{}}',
    '{"id":-1,"connect":{}}',
    '{"id":1.5,"connect":{}}',
    '{"id":4294967296,"connect":{}}',
    '{"id":1e400,"connect":{}}',
    '{"id":"1","connect":{}}',
    '{"id":[1],"connect":{}}',
    '{"id":true,"send":{}}',
  ])('ends the connection where it is none: %j', (body) => {
    expect(read(body)).toEqual(ENDED);
  });

  it.each([
    { subscribe: {} },
    { subscribe: { channel: '' } },
    { subscribe: { channel: null } },
    { unsubscribe: {} },
    { publish: { data: 1 } },
    { presence: {} },
    { presence_stats: {} },
    { history: { limit: 1 } },
    { refresh: {} },
    { refresh: { token: '' } },
    { sub_refresh: { token: 't' } },
  ])('ends the connection where a command leaves out what it is about: %j', (command) => {
    expect(read({ id: 1, ...command })).toEqual(ENDED);
  });

  it('refuses the commands that are wrong, and no others', () => {
    expect(read({ id: 1, ping: {} }, { id: 2, subscribe: { channel: 5 } }, { id: 3, ping: {} })).toEqual([
      { action: 'ping', id: '1' },
      '2: bad_request: subscribe.channel: must be a string',
      { action: 'ping', id: '3' },
    ]);
  });

  it('refuses what looks like a method of a newer protocol', () => {
    expect(read({ id: 7, color: 'red', newer: {} })).toEqual([
      '7: unknown_action: "newer" is no method that Parley knows',
    ]);
    expect(read(`{"id":7,"__proto__":{"connect":{}}}`)).toEqual([
      '7: unknown_action: "__proto__" is no method that Parley knows',
    ]);
    expect(read({ id: 7, ['x'.repeat(5_000)]: {} })).toEqual([
      `7: unknown_action: "${'x'.repeat(64)}" is no method that Parley knows`,
    ]);
  });

  it('may hold 1,000 documents; with one more each command is refused, by its id', () => {
    const subscribes = (count: number) =>
      parseCentrifugeFrame(
        ['{"id":1,"connect":5}', ...Array.from({ length: count - 1 }, (_, i) => `{"id":${i + 2},"ping":{}}`)].join(
          '\n',
        ),
      );
    expect(subscribes(1_000).filter((request) => 'command' in request)).toHaveLength(999);
    const refused = subscribes(1_001);
    expect(refused).toHaveLength(1_001);
    refused.forEach((request, i) => {
      expect(request).toEqual({ id: String(i + 1), refusal: expect.objectContaining({ code: 'limit_exceeded' }) });
    });
  });

  it('of pongs alone asks for nothing, however many they are', () => {
    expect(read(Array.from({ length: 2_000 }, () => '{}').join('\n'))).toEqual([]);
  });

  const anyFrame = fc.oneof(
    anyText,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString()),
    fc.json(),
    fc.array(fc.oneof(fc.json(), anyText)).map((lines) => lines.join('\n')),
  );
  const field = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>(null, '', -1, 0.5, 1e300, 2 ** 53, '__proto__', '👩‍🚀\u0000', 'x'.repeat(300)),
  );
  const fields = fc.dictionary(
    fc.constantFrom(
      ...['channel', 'token', 'data', 'recover', 'epoch', 'offset', 'positioned', 'recoverable', 'join_leave', 'flag'],
      ...['type', 'tf', 'subs', 'limit', 'since', 'reverse', 'method'],
    ),
    field,
  );
  const command = fc.tuple(
    fc.constantFrom(...methodsOfProtocol()),
    fc.oneof({ weight: 4, arbitrary: fields }, { weight: 1, arbitrary: field }),
    fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 0xffff_ffff }) }, { weight: 1, arbitrary: field }),
  );
  const likely = fc
    .array(command.map(([method, request, id]) => JSON.stringify({ id, [method]: request })))
    .map((lines) => lines.join('\n'));

  it('is read as requests, each with its id, or ends the connection, whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(anyFrame, likely), (body) => {
        isCentrifugeFrame(body);
        try {
          for (const request of parseCentrifugeFrame(body)) {
            const { id } = 'command' in request ? request.command : request;
            expect(id).toMatch(/^[1-9]\d*$/);
            if ('refusal' in request) expect(request.refusal.message).not.toBe('');
          }
        } catch (error) {
          expect(error).toBeInstanceOf(Disconnected);
          expect((error as Disconnected).why).toEqual(ENDED);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

function methodsOfProtocol(): string[] {
  const asking = ['subscribe', 'unsubscribe', 'publish', 'presence', 'presence_stats', 'history', 'rpc', 'sub_refresh'];
  return [...asking, 'connect', 'ping', 'refresh', 'send', 'newer'];
}
