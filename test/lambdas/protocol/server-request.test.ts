import { describe, expect, it } from 'vitest';
import type { ServerMethod } from '../../../lambdas/chat/server-command.ts';
import { serverReadings } from '../../../lambdas/protocol/server-request.ts';

const read = (method: ServerMethod, request: unknown) => serverReadings[method](request);
const base64 = (text: string) => Buffer.from(text).toString('base64');
/** What is wrong with a request. */
const refusal = (method: ServerMethod, request: unknown) => {
  try {
    return serverReadings[method](request);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
};

describe('publish', () => {
  it('names a channel and what is published there', () => {
    expect(read('publish', { channel: 'general', data: { text: 'hello' } })).toEqual({
      method: 'publish',
      channel: 'general',
      message: { data: { text: 'hello' } },
    });
  });

  it('may have tags, a key and no place in the history', () => {
    const request = {
      channel: 'a',
      data: null,
      tags: { k: 'v', constructor: 'c' },
      skip_history: true,
      idempotency_key: 'k1',
    };
    expect(read('publish', request)).toEqual({
      method: 'publish',
      channel: 'a',
      message: { data: null, tags: { k: 'v', constructor: 'c' }, ephemeral: true, idempotencyKey: 'k1' },
    });
  });

  it('takes what is empty or null for what is not said, and overlooks what it does not know', () => {
    const empty = { b64data: '', idempotency_key: '', tags: null, skip_history: false, version: 0, delta: true };
    expect(read('publish', { channel: 'a', data: 1, ...empty })).toEqual({
      method: 'publish',
      channel: 'a',
      message: { data: 1 },
    });
  });

  it('may bring its data in base64, which counts before the other', () => {
    const request = { channel: 'a', data: 1, b64data: base64('{"text":"ä"}') };
    expect(read('publish', request)).toMatchObject({ message: { data: { text: 'ä' } } });
  });

  it.each([
    [{ data: 1 }, 'bad_request channel: is missing'],
    [{ channel: '', data: 1 }, 'bad_request channel: must not be empty'],
    [{ channel: 5, data: 1 }, 'bad_request channel: must be a string'],
    [{ channel: 'a' }, 'bad_request data: is missing'],
    [{ channel: 'a', b64data: 'no base64' }, 'bad_request b64data: must be JSON in base64'],
    [{ channel: 'a', b64data: base64('no JSON') }, 'bad_request b64data: must be JSON in base64'],
    [{ channel: 'a', data: 1, tags: { k: 1 } }, 'bad_request tags: must be an object of strings'],
    [{ channel: 'a', data: 1, tags: ['k'] }, 'bad_request tags: must be an object of strings'],
    [{ channel: 'a', data: 1, tags: 'k' }, 'bad_request tags: must be an object of strings'],
    [{ channel: 'a', data: 1, skip_history: 1 }, 'bad_request skip_history: must be true or false'],
    [
      { channel: 'a', data: 1, idempotency_key: 'k'.repeat(256) },
      'bad_request idempotency_key: must have at most 255 characters',
    ],
    [{ channel: 'a', data: 1, version: 2 }, 'not_available version: messages have none here'],
  ])('is refused where it is %j', (request, why) => {
    expect(refusal('publish', request)).toBe(why);
  });

  it('may be nested 128 levels deep, and no deeper, in base64 either', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
    expect(read('publish', { channel: 'a', data: JSON.parse(nested(128)) })).toBeTruthy();
    const why = 'must not be nested deeper than 128 levels';
    expect(refusal('publish', { channel: 'a', data: JSON.parse(nested(129)) })).toBe(`bad_request data: ${why}`);
    expect(refusal('publish', { channel: 'a', b64data: base64(nested(129)) })).toBe(`bad_request b64data: ${why}`);
  });
});

describe('broadcast', () => {
  it('names many channels', () => {
    expect(read('broadcast', { channels: ['a', 'b', ''], data: 1, idempotency_key: 'k' })).toEqual({
      method: 'broadcast',
      channels: ['a', 'b', ''],
      message: { data: 1, idempotencyKey: 'k' },
    });
  });

  it.each([
    [{ data: 1 }, 'bad_request channels: is missing'],
    [{ channels: [], data: 1 }, 'bad_request channels: must not be empty'],
    [{ channels: 'a', data: 1 }, 'bad_request channels: must be a list'],
    [{ channels: ['a', 1], data: 1 }, 'bad_request channels.1: must be a string'],
    [{ channels: ['a'] }, 'bad_request data: is missing'],
  ])('is refused where it is %j', (request, why) => {
    expect(refusal('broadcast', request)).toBe(why);
  });
});

describe('subscribe', () => {
  it('names a user and a channel', () => {
    expect(read('subscribe', { user: 'alice', channel: 'a' })).toEqual({
      method: 'subscribe',
      target: { user: 'alice' },
      channel: 'a',
      wishes: {},
    });
  });

  it('may say of whom, from where on and how long', () => {
    const request = {
      user: 'alice',
      client: 'c1',
      channel: 'a',
      info: { role: 'guest' },
      expire_at: 1_800_000_000,
      recover_since: { offset: 7, epoch: 'e' },
      override: { force_push_join_leave: { value: true }, presence: { value: false } },
    };
    expect(read('subscribe', request)).toEqual({
      method: 'subscribe',
      target: { user: 'alice', connection: 'c1' },
      channel: 'a',
      wishes: {
        channelInfo: { role: 'guest' },
        expires: 1_800_000_000,
        since: { offset: 7, epoch: 'e' },
        joinLeave: true,
      },
    });
  });

  it('takes what is empty or null for what is not said', () => {
    const empty = { client: '', info: null, b64info: '', expire_at: 0, recover_since: null, override: {}, session: '' };
    expect(read('subscribe', { user: 'alice', channel: 'a', ...empty })).toMatchObject({
      target: { user: 'alice' },
      wishes: {},
    });
    expect(read('subscribe', { channel: 'a', recover_since: {} })).toMatchObject({
      target: { user: '' },
      wishes: { since: { epoch: '', offset: 0 } },
    });
  });

  it('may bring its info in base64, which counts before the other', () => {
    const request = { user: 'alice', channel: 'a', info: 1, b64info: base64('"x"') };
    expect(read('subscribe', request)).toMatchObject({ wishes: { channelInfo: 'x' } });
  });

  it.each([
    [{ user: 'alice' }, 'bad_request channel: is missing'],
    [{ user: 1, channel: 'a' }, 'bad_request user: must be a string'],
    [{ user: 'alice', channel: 'a', expire_at: -1 }, 'bad_request expire_at: must be a whole number, 0 or more'],
    [{ user: 'alice', channel: 'a', recover_since: 1 }, 'bad_request recover_since: must be an object'],
    [
      { user: 'alice', channel: 'a', recover_since: { offset: 1.5 } },
      'bad_request recover_since.offset: must be a whole number, 0 or more',
    ],
    [{ user: 'alice', channel: 'a', info: 'x'.repeat(4_095) }, 'bad_request info: has more than 4096 bytes'],
    [
      { user: 'alice', channel: 'a', b64info: base64(JSON.stringify('x'.repeat(4_095))) },
      'bad_request b64info: has more than 4096 bytes',
    ],
    [{ user: 'alice', channel: 'a', session: 's' }, 'not_available session: connections have none here, only "client"'],
  ])('is refused where it is %j', (request, why) => {
    expect(refusal('subscribe', request)).toBe(why);
  });
});

describe('disconnect', () => {
  it('names a user, whom it may spare, and why', () => {
    const request = { user: 'alice', whitelist: ['c1'], disconnect: { code: 4000, reason: 'tired' } };
    expect(read('disconnect', request)).toEqual({
      method: 'disconnect',
      target: { user: 'alice' },
      except: ['c1'],
      why: { code: 4000, reason: 'tired' },
    });
    expect(read('disconnect', { user: 'alice' })).toEqual({
      method: 'disconnect',
      target: { user: 'alice' },
      except: [],
    });
  });

  it.each([
    [{ disconnect: { code: 2999 } }, 'bad_request disconnect.code: must be 3000 to 4999'],
    [{ disconnect: { code: 5000 } }, 'bad_request disconnect.code: must be 3000 to 4999'],
    [{ disconnect: {} }, 'bad_request disconnect.code: must be 3000 to 4999'],
    [
      { disconnect: { code: 3000, reason: 'ä'.repeat(62) } },
      'bad_request disconnect.reason: must have at most 123 bytes',
    ],
    [{ whitelist: 'c1' }, 'bad_request whitelist: must be a list'],
    [{ whitelist: [1] }, 'bad_request whitelist.0: must be a string'],
  ])('is refused where it is %j', (request, why) => {
    expect(refusal('disconnect', { user: 'alice', ...request })).toBe(why);
  });
});

describe('refresh', () => {
  it('says when a connection ends, and what is known of it', () => {
    const request = { user: 'alice', client: 'c1', expire_at: 1_800_000_000, info: { name: 'Alice' } };
    expect(read('refresh', request)).toEqual({
      method: 'refresh',
      target: { user: 'alice', connection: 'c1' },
      expired: false,
      expires: 1_800_000_000,
      info: { name: 'Alice' },
    });
  });

  it('without a time says that it does not end', () => {
    expect(read('refresh', { user: 'alice', expired: true })).toEqual({
      method: 'refresh',
      target: { user: 'alice' },
      expired: true,
    });
  });
});

describe('history', () => {
  it('without a limit asks for the position alone', () => {
    const position = { method: 'history', channel: 'a', limit: 0, order: 'oldestFirst' };
    expect(read('history', { channel: 'a' })).toEqual(position);
    expect(read('history', { channel: 'a', limit: null, since: null, reverse: null })).toEqual(position);
  });

  it('goes on from a position, or back from one', () => {
    const since = { offset: 7, epoch: 'e' };
    expect(read('history', { channel: 'a', limit: 10, since })).toEqual({
      method: 'history',
      channel: 'a',
      limit: 10,
      order: 'oldestFirst',
      after: 7,
      epoch: 'e',
    });
    expect(read('history', { channel: 'a', limit: 10, since, reverse: true })).toEqual({
      method: 'history',
      channel: 'a',
      limit: 10,
      order: 'newestFirst',
      before: 7,
      epoch: 'e',
    });
  });

  it('goes on in whatever epoch it is, where it names none', () => {
    expect(read('history', { channel: 'a', limit: 1, since: { offset: 7 } })).not.toHaveProperty('epoch');
  });

  it.each([
    [-1, 1_000],
    [1_000_000, 1_000],
    [1_000, 1_000],
  ])('answers to a limit of %d at most %d messages', (limit, most) => {
    expect(read('history', { channel: 'a', limit })).toMatchObject({ limit: most });
  });

  it.each([
    [{ limit: 1.5 }, 'bad_request limit: must be a whole number'],
    [{ limit: '1' }, 'bad_request limit: must be a whole number'],
    [{ since: { offset: -1 } }, 'bad_request since.offset: must be a whole number, 0 or more'],
    [{ since: { offset: 0 }, reverse: true }, 'bad_request since.offset: must be 1 or more with "reverse"'],
  ])('is refused where it is %j', (request, why) => {
    expect(refusal('history', { channel: 'a', ...request })).toBe(why);
  });
});

describe('the other methods', () => {
  it('name a channel, or a user and a channel', () => {
    for (const method of ['presence', 'presence_stats', 'history_remove'] as const) {
      expect(read(method, { channel: 'a' })).toEqual({ method, channel: 'a' });
      expect(refusal(method, {})).toBe('bad_request channel: is missing');
    }
    expect(read('unsubscribe', { user: 'alice', channel: 'a' })).toEqual({
      method: 'unsubscribe',
      target: { user: 'alice' },
      channel: 'a',
    });
  });

  it('name a pattern, or nothing', () => {
    expect(read('channels', {})).toEqual({ method: 'channels', pattern: '' });
    expect(read('channels', { pattern: 'chat:*' })).toEqual({ method: 'channels', pattern: 'chat:*' });
    expect(refusal('channels', { pattern: '*'.repeat(1_001) })).toBe(
      'bad_request pattern: must have at most 1000 characters',
    );
    expect(read('info', {})).toEqual({ method: 'info' });
    expect(read('rpc', { method: 'sum', params: [1, 2] })).toEqual({ method: 'rpc' });
  });
});
