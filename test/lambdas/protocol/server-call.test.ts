import { describe, expect, it, vi } from 'vitest';
import { readServerCall } from '../../../lambdas/protocol/server-call.ts';
import { serverReadings } from '../../../lambdas/protocol/server-request.ts';

const read = (method: string, body: unknown) => readServerCall(method, JSON.stringify(body));
/** What is wrong with each request of a batch. */
const refusals = (commands: unknown) =>
  read('batch', { commands }).requests.map((request) =>
    'refusal' in request ? `${request.refusal.code} ${request.refusal.message}` : request.command.method,
  );

describe('a call of the server API', () => {
  it('is one command', () => {
    expect(read('presence', { channel: 'a' })).toEqual({
      requests: [{ command: { method: 'presence', channel: 'a' } }],
      form: 'one',
      parallel: false,
    });
  });

  it('may be one with something wrong, which names the field', () => {
    expect(read('presence', {}).requests).toMatchObject([
      { refusal: { code: 'bad_request', message: 'channel: is missing' } },
    ]);
  });

  it.each(['connections', 'constructor', '', 'Publish'])('has no method "%s"', (method) => {
    const wrong = expect.objectContaining({ code: 'unknown_action', message: `"${method}" is no method of Parley` });
    expect(() => read(method, {})).toThrow(wrong);
  });

  it.each([
    ['', 'the body is not JSON'],
    ['hello', 'the body is not JSON'],
    ['[]', 'the body is no JSON object'],
    ['null', 'the body is no JSON object'],
    ['"text"', 'the body is no JSON object'],
  ])('has no body %j', (body, message) => {
    const wrong = expect.objectContaining({ code: 'bad_request', message });
    expect(() => readServerCall('info', body)).toThrow(wrong);
    expect(() => readServerCall('batch', body)).toThrow(wrong);
  });

  it('fails where the reading of it fails: that is no fault of the caller', () => {
    vi.spyOn(serverReadings, 'info').mockImplementationOnce(() => {
      throw new TypeError('a bug');
    });
    expect(() => read('info', {})).toThrow(TypeError);
  });
});

describe('a batch', () => {
  it('holds commands, each under the name of its method', () => {
    expect(read('batch', { commands: [{ info: {} }, { presence: { channel: 'a' } }], parallel: true })).toEqual({
      requests: [{ command: { method: 'info' } }, { command: { method: 'presence', channel: 'a' } }],
      form: 'batch',
      parallel: true,
    });
  });

  it('may be empty', () => {
    expect(read('batch', {})).toEqual({ requests: [], form: 'batch', parallel: false });
  });

  it("goes by the first method in Centrifugo's order where a command names several, and overlooks null", () => {
    expect(
      refusals([
        { info: {}, publish: { channel: 'a', data: 1 } },
        { publish: null, info: {} },
      ]),
    ).toEqual(['publish', 'info']);
  });

  it('says of each command what is wrong with it', () => {
    expect(refusals([{ publish: { channel: 'a' } }, null, 1, [], {}, { dance: {} }, { batch: {} }])).toEqual([
      'bad_request commands.0.publish.data: is missing',
      'bad_request commands.1: must be an object',
      'bad_request commands.2: must be an object',
      'bad_request commands.3: must be an object',
      'unknown_action commands.4: names no method of Parley',
      'unknown_action commands.5: names no method of Parley',
      'unknown_action commands.6: names no method of Parley',
    ]);
  });

  it('is none without a list of commands, or with too many', () => {
    const wrong = (message: string) => expect.objectContaining({ code: 'bad_request', message });
    expect(() => refusals({})).toThrow(wrong('commands: must be a list'));
    expect(refusals(Array.from({ length: 1_000 }, () => ({ info: {} })))).toHaveLength(1_000);
    expect(() => refusals(Array.from({ length: 1_001 }, () => ({})))).toThrow(
      wrong('commands: a batch holds at most 1000 commands'),
    );
  });
});

describe('documents, one a line', () => {
  const lines = (...documents: unknown[]) =>
    readServerCall(undefined, documents.map((document) => JSON.stringify(document)).join('\n'));

  it('name their method, in whatever letters, and may have an id', () => {
    const one = { id: 7, method: 'presence', params: { channel: 'a' } };
    expect(lines(one, { method: 'INFO' }, { method: 'info', params: null, id: 'x' })).toEqual({
      form: 'lines',
      requests: [
        { command: { method: 'presence', channel: 'a' }, id: 7 },
        { command: { method: 'info' } },
        { command: { method: 'info' } },
      ],
      parallel: false,
    });
  });

  it('say each what is wrong with it', () => {
    expect(lines({ method: 'presence', id: 1 }, { method: 'dance', id: 2 }, {}).requests).toMatchObject([
      { refusal: { code: 'bad_request', message: 'params.channel: is missing' }, id: 1 },
      { refusal: { code: 'unknown_action', message: '"dance" is no method of Parley' }, id: 2 },
      { refusal: { code: 'unknown_action' } },
    ]);
  });

  it.each([
    ['', 'the body is empty'],
    ['hello', 'the body is not JSON'],
    ['{"method":"info"}\n1', 'the body is no JSON object'],
    ['{"method":"info"}\n'.repeat(1_001), 'a body holds at most 1000 commands'],
  ])('are none where the body is %.40j', (body, message) => {
    expect(() => readServerCall(undefined, body)).toThrow(expect.objectContaining({ code: 'bad_request', message }));
  });
});
