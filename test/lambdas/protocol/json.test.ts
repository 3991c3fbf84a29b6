import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command, Request } from '../../../lambdas/chat/command.ts';
import { jsonFormat, parseFrame } from '../../../lambdas/protocol/json.ts';
import { publishEvent, subscribeEvent } from '../../support/memory-chat.ts';

/** What a document is read as: its command, or the code and the message of its refusal. */
const read = (document: unknown) => {
  const [request] = parseFrame(typeof document === 'string' ? document : JSON.stringify(document));
  return shown(request as Request);
};

const shown = (request: Request) =>
  'command' in request
    ? request.command
    : { ...request, refusal: `${request.refusal.code}: ${request.refusal.message}` };

const refused = (document: unknown) => (read(document) as { refusal?: string }).refusal;

/** Any sequence of UTF-16 units, halves of pairs included. */
const anyText = fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes));

/** What of a command its document must have said: how much history is wanted, and from where, may be Parley's own. */
function saidIn(command: Command): object {
  if (command.action !== 'history') return command;
  const { limit: _limit, order: _order, ...said } = command;
  return said;
}

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

describe('a document of a frame', () => {
  it.each([
    { action: 'sendMessage', channel: 'general', data: 'hello' },
    {
      action: 'sendMessage',
      channel: 'general',
      data: { any: ['JSON', null] },
      id: 'm1',
      idempotencyKey: 'k1',
      tags: { k: 'v' },
      ephemeral: true,
    },
    { action: 'subscribe', channel: 'general' },
    { action: 'subscribe', channel: 'general', id: 's1', since: { epoch: 'e', offset: 0 } },
    { action: 'subscribe', channel: 'general', id: 's1', rewind: 20, token: 't' },
    { action: 'unsubscribe', channel: 'general', id: 'u1' },
    { action: 'refresh', token: 't', id: 'r1' },
    { action: 'ping', id: 'p1' },
    { action: 'ping' },
    { action: 'presence', channel: 'general', id: 'p1' },
    { action: 'presence', channel: 'general', id: 'p1', after: 'alice' },
  ])('is the command that it says: $action', (document) => {
    expect(read(document)).toEqual(document);
  });

  const history = { action: 'history', channel: 'general', id: 'h1' };
  it.each([
    [{}, { limit: 50, order: 'newest' }],
    [{ limit: 0 }, { limit: 0, order: 'newest' }],
    [{ limit: 1_000 }, { limit: 1_000, order: 'newest' }],
    [{ limit: 1_000_000 }, { limit: 1_000, order: 'newest' }],
    [{ limit: 1e300 }, { limit: 1_000, order: 'newest' }],
    [{ before: 5 }, { limit: 50, order: 'newest', before: 5 }],
    [{ after: 0 }, { limit: 50, order: 'oldestFirst', after: 0 }],
    [
      { after: 2, before: 9, limit: 3 },
      { limit: 3, order: 'oldestFirst', after: 2, before: 9 },
    ],
  ])('asks for history with %j from the end that it names: %j', (asked, command) => {
    expect(read({ ...history, ...asked })).toEqual({ ...history, ...command });
  });

  it.each([null, false, 0, '', [], {}, 'text', '\u0000\u{1F600}\uD800'])('may carry %j as data', (data) => {
    expect(read({ action: 'sendMessage', channel: 'c', data })).toEqual({ action: 'sendMessage', channel: 'c', data });
  });

  it('is read without what Parley does not know', () => {
    expect(read({ action: 'ping', id: 'p', color: 'red', user: 'mallory' })).toEqual({ action: 'ping', id: 'p' });
  });

  it('is refused where it is not JSON, and no cause is told', () => {
    expect(read('{"action":')).toEqual({
      refusal: 'bad_request: not JSON: a frame holds JSON objects, one a line',
    });
  });

  it.each(['null', '1', 'true', '"ping"', '[]', '[{"action":"ping"}]'])(
    'is refused where it is no object: %s',
    (text) => {
      expect(refused(text)).toBe('bad_request: not an object: a frame holds JSON objects, one a line');
    },
  );

  it.each([
    [{}, 'bad_request: action: must be a string'],
    [{ action: null }, 'bad_request: action: must be a string'],
    [{ action: 7 }, 'bad_request: action: must be a string'],
    [{ action: ['ping'] }, 'bad_request: action: must be a string'],
    [{ action: 'publish' }, 'unknown_action: action: "publish" is none that Parley knows'],
    [{ action: '' }, 'unknown_action: action: "" is none that Parley knows'],
    [{ action: 'constructor' }, 'unknown_action: action: "constructor" is none that Parley knows'],
    [{ action: '__proto__' }, 'unknown_action: action: "__proto__" is none that Parley knows'],
    [{ action: 'x'.repeat(5_000) }, `unknown_action: action: "${'x'.repeat(64)}" is none that Parley knows`],
  ])('is refused where its action is none: %j', (document, refusal) => {
    expect(refused(document)).toBe(refusal);
  });

  it('does not take its fields from what every object has', () => {
    expect(refused('{"__proto__":{"action":"ping"}}')).toBe('bad_request: action: must be a string');
    expect(refused('{"action":"sendMessage","channel":"c","__proto__":{"data":1}}')).toBe(
      'bad_request: data: is missing',
    );
  });

  const toLong = 'x'.repeat(65);
  it.each([
    [{ action: 'sendMessage', data: 1 }, 'channel: is missing'],
    [{ action: 'sendMessage', channel: 5, data: 1 }, 'channel: must be a string'],
    [{ action: 'sendMessage', channel: null, data: 1 }, 'channel: must be a string'],
    [{ action: 'sendMessage', channel: '', data: 1 }, 'channel: must not be empty'],
    [{ action: 'sendMessage', channel: 'c' }, 'data: is missing'],
    [{ action: 'sendMessage', channel: 'c', data: nested(129) }, 'data: must not be nested deeper than 128 levels'],
    [{ action: 'sendMessage', channel: 'c', data: 1, id: '' }, 'id: must have 1 to 64 characters'],
    [{ action: 'sendMessage', channel: 'c', data: 1, id: toLong }, 'id: must have 1 to 64 characters'],
    [{ action: 'sendMessage', channel: 'c', data: 1, id: 1 }, 'id: must be a string of 1 to 64 characters'],
    [{ action: 'sendMessage', channel: 'c', data: 1, id: null }, 'id: must be a string of 1 to 64 characters'],
    [
      { action: 'sendMessage', channel: 'c', data: 1, idempotencyKey: '' },
      'idempotencyKey: must have 1 to 64 characters',
    ],
    [
      { action: 'sendMessage', channel: 'c', data: 1, idempotencyKey: toLong },
      'idempotencyKey: must have 1 to 64 characters',
    ],
    [{ action: 'sendMessage', channel: 'c', data: 1, tags: 'k' }, 'tags: must be an object of strings'],
    [{ action: 'sendMessage', channel: 'c', data: 1, tags: { k: 1 } }, 'tags: must be an object of strings'],
    [
      { action: 'sendMessage', channel: 'c', data: 1, tags: { a: 'b', k: { c: 'd' } } },
      'tags: must be an object of strings',
    ],
    [{ action: 'sendMessage', channel: 'c', data: 1, ephemeral: 'yes' }, 'ephemeral: must be true or false'],
    [{ action: 'subscribe' }, 'channel: is missing'],
    [{ action: 'subscribe', channel: 'c', since: 41 }, 'since: must be an object'],
    [{ action: 'subscribe', channel: 'c', since: { offset: 1 } }, 'since.epoch: is missing'],
    [{ action: 'subscribe', channel: 'c', since: { epoch: 1, offset: 1 } }, 'since.epoch: must be a string'],
    [{ action: 'subscribe', channel: 'c', since: { epoch: 'e' } }, 'since.offset: is missing'],
    [
      { action: 'subscribe', channel: 'c', since: { epoch: 'e', offset: '1' } },
      'since.offset: must be a whole number, 0 or more',
    ],
    [
      { action: 'subscribe', channel: 'c', since: { epoch: 'e', offset: -1 } },
      'since.offset: must be a whole number, 0 or more',
    ],
    [
      { action: 'subscribe', channel: 'c', since: { epoch: 'e', offset: 1.5 } },
      'since.offset: must be a whole number, 0 or more',
    ],
    [
      { action: 'subscribe', channel: 'c', since: { epoch: 'e', offset: 2 ** 53 } },
      'since.offset: must be a whole number, 0 or more',
    ],
    [{ action: 'subscribe', channel: 'c', rewind: -1 }, 'rewind: must be a whole number, 0 or more'],
    [{ action: 'subscribe', channel: 'c', rewind: 1.5 }, 'rewind: must be a whole number, 0 or more'],
    [{ action: 'subscribe', channel: 'c', rewind: '20' }, 'rewind: must be a whole number, 0 or more'],
    [
      { action: 'subscribe', channel: 'c', rewind: 1, since: { epoch: 'e', offset: 1 } },
      'rewind: not together with "since"',
    ],
    [{ action: 'subscribe', channel: 'c', token: '' }, 'token: must not be empty'],
    [{ action: 'subscribe', channel: 'c', token: 1 }, 'token: must be a string'],
    [{ action: 'unsubscribe' }, 'channel: is missing'],
    [{ action: 'refresh' }, 'token: is missing'],
    [{ action: 'refresh', token: 1 }, 'token: must be a string'],
    [{ action: 'refresh', token: '' }, 'token: must not be empty'],
    [{ action: 'ping', id: ['p'] }, 'id: must be a string of 1 to 64 characters'],
    [{ action: 'history' }, 'channel: is missing'],
    ...['limit', 'after', 'before'].flatMap((field) =>
      [-1, 0.5, '1', null, [1], true].map((value): [object, string] => [
        { action: 'history', channel: 'c', [field]: value },
        `${field}: must be a whole number, 0 or more`,
      ]),
    ),
    [{ action: 'history', channel: 'c', after: 2 ** 53 }, 'after: must be a whole number, 0 or more'],
    [{ action: 'history', channel: 'c', before: 1e300 }, 'before: must be a whole number, 0 or more'],
    [{ action: 'presence' }, 'channel: is missing'],
    [{ action: 'presence', channel: 'c', after: 5 }, 'after: must be a string'],
    [{ action: 'presence', channel: 'c', after: '' }, 'after: must not be empty'],
  ])('is refused with the name of the field that is wrong: %j', (document, why) => {
    expect(refused(document)).toBe(`bad_request: ${why}`);
  });

  it('may be nested down to 128 levels', () => {
    expect(read({ action: 'sendMessage', channel: 'c', data: nested(128) })).toMatchObject({ data: nested(128) });
  });

  it('is refused where a number is beyond what JSON can hold', () => {
    expect(refused('{"action":"history","channel":"c","limit":1e999}')).toBe(
      'bad_request: limit: must be a whole number, 0 or more',
    );
    expect(refused('{"action":"subscribe","channel":"c","since":{"epoch":"e","offset":9007199254740993}}')).toBe(
      'bad_request: since.offset: must be a whole number, 0 or more',
    );
  });

  it('is refused, and fells nobody, however deep it is', () => {
    const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
    expect(refused(`{"action":"sendMessage","channel":"c","data":${deep}}`)).toBe(
      'bad_request: data: must not be nested deeper than 128 levels',
    );
    expect(refused(deep)).toContain('not an object');
    expect(read(`{"action":"ping","x":${deep}}`)).toEqual({ action: 'ping' });
  });

  it('may have an id of 1 and of 64 characters, of any kind', () => {
    for (const id of ['x', 'x'.repeat(64), '\u0000\n', '👩‍🚀', '__proto__']) {
      expect(read({ action: 'ping', id })).toEqual({ action: 'ping', id });
    }
  });

  it('is refused with the id and the channel that it names', () => {
    expect(read({ action: 'sendMessage', channel: 'general', id: 'm1' })).toEqual({
      refusal: 'bad_request: data: is missing',
      id: 'm1',
      channel: 'general',
    });
    expect(read({ action: 'nothing', channel: 'general', id: 'm1' })).toMatchObject({ id: 'm1', channel: 'general' });
  });

  it('is refused without an id or a channel that could not be one', () => {
    for (const id of [1, '', 'x'.repeat(65), null, {}]) {
      expect(read({ action: 'nothing', id })).toEqual({ refusal: expect.any(String) });
    }
    for (const channel of [1, null, ['c'], 'x'.repeat(256)]) {
      expect(read({ action: 'nothing', channel })).toEqual({ refusal: expect.any(String) });
    }
    expect(read({ action: 'nothing', channel: 'x'.repeat(255) })).toMatchObject({ channel: 'x'.repeat(255) });
  });

  it('keeps a channel that is called as what every object has', () => {
    for (const channel of ['__proto__', 'constructor', 'toString']) {
      expect(read({ action: 'subscribe', channel })).toEqual({ action: 'subscribe', channel });
    }
  });

  it('keeps tags that are called as what every object has', () => {
    const document = JSON.parse('{"action":"sendMessage","channel":"c","data":1,"tags":{"constructor":"a","b":"c"}}');
    expect(read(document)).toEqual(document);
  });
});

describe('a frame', () => {
  it.each(['', ' ', '\n', ' \r\n\t\n'])('that is empty is refused: %j', (body) => {
    expect(parseFrame(body).map(shown)).toEqual([{ refusal: 'bad_request: the frame is empty' }]);
  });

  it('holds one document a line, in order, and empty lines count for nothing', () => {
    const body = '{"action":"ping","id":"1"}\n\n{"action":"ping","id":"2"}\r\n  {"action":"ping","id":"3"}\n';
    expect(parseFrame(body).map(shown)).toEqual(['1', '2', '3'].map((id) => ({ action: 'ping', id })));
  });

  it('refuses the documents that are wrong, and no others', () => {
    const body = '{"action":"ping","id":"1"}\nnonsense\n{"action":"ping","id":"3"}';
    expect(parseFrame(body).map((request) => 'command' in request)).toEqual([true, false, true]);
  });

  it('may hold one document that is laid out over several lines', () => {
    const document = { action: 'sendMessage', channel: 'c', data: { text: 'two\nlines' }, id: 'm' };
    expect(parseFrame(JSON.stringify(document, null, 2)).map(shown)).toEqual([document]);
  });

  it('that is laid out and no object is refused once', () => {
    expect(parseFrame('[\n{"action":"ping"},\n{"action":"ping"}\n]')).toHaveLength(1);
  });

  it('may hold 1,000 documents, and is refused whole with one more', () => {
    const pings = (count: number) => parseFrame(Array.from({ length: count }, () => '{"action":"ping"}').join('\n'));
    expect(pings(1_000)).toHaveLength(1_000);
    expect(pings(1_001)).toEqual([{ refusal: expect.objectContaining({ code: 'limit_exceeded' }) }]);
  });

  it('is read without a failure, whatever it says', () => {
    const text = fc.oneof(
      anyText,
      fc.json(),
      fc.array(fc.oneof(fc.json(), fc.string())).map((lines) => lines.join('\n')),
    );
    fc.assert(
      fc.property(text, (body) => {
        const requests = parseFrame(body);
        expect(requests.length).toBeGreaterThan(0);
        for (const request of requests) expect('command' in request || request.refusal.code).toBeTruthy();
      }),
    );
  });

  it('is read without a failure, whatever its fields are', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom('__proto__', 'constructor', ''));
    const names = ['channel', 'data', 'id', 'idempotencyKey', 'tags', 'ephemeral', 'since', 'rewind', 'token'];
    const more = ['limit', 'after', 'before'];
    const action = fc.constantFrom('sendMessage', 'subscribe', 'unsubscribe', 'refresh', 'ping', 'history', 'presence');
    const document = fc
      .tuple(action, fc.dictionary(fc.constantFrom(...names, ...more), field))
      .map(([a, fields]) => ({ action: a, ...fields }));
    fc.assert(
      fc.property(document, (one) => {
        const [request] = parseFrame(JSON.stringify(one));
        if (request && 'command' in request) expect(one).toMatchObject(saidIn(request.command));
        else
          expect(request?.refusal).toMatchObject({ code: 'bad_request', message: expect.stringMatching(/^[\w.]+: /) });
      }),
    );
  });

  it('gives back every document that was joined into it', () => {
    const data = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(fc.array(data, { minLength: 1, maxLength: 5 }), (all) => {
        const documents = all.map((value) => ({ action: 'sendMessage', channel: 'c', data: value }));
        const requests = parseFrame(documents.map((d) => JSON.stringify(d)).join('\n'));
        expect(requests.map(shown)).toEqual(JSON.parse(JSON.stringify(documents)));
      }),
    );
  });
});

describe('what a plain client is told', () => {
  const told = (text: string) => {
    expect(text).not.toContain('\n');
    return JSON.parse(text);
  };

  it('is a reply as it is', () => {
    const ack = { type: 'ack', id: '\n👩‍🚀\u0000', channel: 'c', messageId: 'm' } as const;
    expect(told(jsonFormat.reply(ack))).toEqual(ack);
    const error = { type: 'error', id: 's2', channel: 'c', code: 'already_subscribed', message: 'c: it is' } as const;
    expect(told(jsonFormat.reply(error))).toEqual(error);
  });

  it('is when its new token ends, and not how long that is', () => {
    const refreshed = { type: 'refreshed', id: 'r1', expires: 1_800_000_000 } as const;
    expect(told(jsonFormat.reply({ ...refreshed, ttl: 600 }))).toEqual(refreshed);
  });

  const { id, user, data, time } = publishEvent('m1', { data: { text: 'two\nlines' } });
  const stored = { id, user: 'alice', data, time, offset: 43, epoch: 'e', connection: 'secret', info: 'secret' };
  const shownMessage = { offset: 43, epoch: 'e', id, user, data, time };
  const shownPush = { type: 'message', channel: 'general', ...shownMessage };

  it('is a history with the position and its messages', () => {
    const position = { epoch: 'e', offset: 43 };
    const reply = jsonFormat.reply({ type: 'history', id: 'h1', channel: 'general', position, publications: [stored] });
    expect(told(reply)).toEqual({
      type: 'history',
      id: 'h1',
      channel: 'general',
      ...position,
      messages: [shownMessage],
    });
  });

  it('is who is there, and where there are more', () => {
    const reply = { type: 'presence', id: 'p1', channel: 'c', members: [{ user: 'alice', connections: 2 }] } as const;
    expect(told(jsonFormat.reply(reply))).toEqual(reply);
    expect(told(jsonFormat.reply({ ...reply, next: 'alice' }))).toEqual({ ...reply, next: 'alice' });
  });

  it('is a message with its place', () => {
    expect(told(jsonFormat.message('general', stored))).toEqual(shownPush);
  });

  it('is a message without a place where it has none, with what its publisher gave it', () => {
    const push = jsonFormat.message('general', { id, data, time, key: 'k1', tags: { k: 'v' } });
    expect(told(push)).toEqual({ type: 'message', channel: 'general', id, data, time, key: 'k1', tags: { k: 'v' } });
  });

  it('is never the connection of a publisher, nor what its token says', () => {
    expect(jsonFormat.message('general', stored)).not.toContain('secret');
  });

  it('is a null as data, which is not the same as none', () => {
    expect(told(jsonFormat.message('c', { id, data: null, time }))).toHaveProperty('data', null);
  });

  it('is the position of a subscribe, and whether it recovered where that was asked', () => {
    const event = subscribeEvent('c1', { id: 's1' });
    expect(
      told(jsonFormat.subscribed(event, { position: { epoch: 'e', offset: 42 }, recovered: true, missed: [] })),
    ).toEqual({ type: 'subscribed', id: 's1', channel: 'general', epoch: 'e', offset: 42, recovered: true });
    expect(told(jsonFormat.subscribed(subscribeEvent('c1', { by: 'server' }), { missed: [] }))).toEqual({
      type: 'subscribed',
      channel: 'general',
    });
  });

  it('is the position before what it missed, and then each message of it as a push', () => {
    const missed = [{ publication: stored, text: jsonFormat.piece('general', stored) }];
    const frame = jsonFormat.subscribed(subscribeEvent('c1'), { position: { epoch: 'e', offset: 42 }, missed });
    expect(frame.split('\n').map((line) => JSON.parse(line))).toEqual([
      { type: 'subscribed', channel: 'general', epoch: 'e', offset: 42 },
      shownPush,
    ]);
  });

  it('is that it has left, or that the server has ended it, and why', () => {
    const left = { type: 'unsubscribed', channel: 'general' };
    expect(told(jsonFormat.unsubscribed({ channel: 'general', id: 'u1' }))).toEqual({ ...left, id: 'u1' });
    expect(told(jsonFormat.unsubscribed({ channel: 'general' }))).toEqual(left);
    const push = { code: 2500, reason: 'insufficient state' };
    expect(told(jsonFormat.unsubscribed({ channel: 'general', push }))).toEqual({ ...left, ...push });
  });

  it('is which user has come and gone, and nothing of the connection', () => {
    const member = { connection: 'c1', user: 'bob', info: 'i', channelInfo: 'ci' };
    expect(told(jsonFormat.join('general', member))).toEqual({ type: 'join', channel: 'general', user: 'bob' });
    expect(told(jsonFormat.leave('general', member))).toEqual({ type: 'leave', channel: 'general', user: 'bob' });
    expect(jsonFormat.tells).toBe('users');
  });

  it('is why it is ended, and now and then nothing', () => {
    const reason = { code: 3005, reason: 'connection expired' };
    expect(told(jsonFormat.disconnect(reason))).toEqual({ type: 'disconnect', ...reason });
    expect(told(jsonFormat.ping)).toEqual({ type: 'ping' });
  });
});
