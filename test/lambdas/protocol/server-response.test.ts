import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../../lambdas/chat/errors.ts';
import type { ServerCommand, ServerReply, ServerResult } from '../../../lambdas/chat/server-command.ts';
import { serverBody, serverErrorBody } from '../../../lambdas/protocol/server-response.ts';

const MOST = 5_000_000;
const request = { command: { method: 'info' } } as const;
/** The body that answers one command with this. */
const body = (result: ServerResult) => JSON.parse(serverBody({ requests: [request], form: 'one' }, [{ result }], MOST));
/** The body that answers a batch. */
const batch = (answers: readonly (readonly [ServerCommand, ServerReply])[], most = MOST) => {
  const requests = answers.map(([command]) => ({ command }));
  const replies = answers.map(([, reply]) => reply);
  return JSON.parse(serverBody({ requests, form: 'batch' }, replies, most));
};

describe('the answer to a server', () => {
  it('says of what is under way nothing more', () => {
    expect(body({ type: 'done' })).toEqual({ result: {} });
  });

  it("tells why a command had no effect in Centrifugo's code and words, and our own", () => {
    const reply = { refusal: new ParleyError('bad_request', 'channel: is missing') };
    const text = serverBody({ requests: [request], form: 'one' }, [reply], MOST);
    expect(JSON.parse(text)).toEqual({ error: { code: 107, message: 'bad request: channel: is missing' } });
    expect(serverErrorBody(reply.refusal)).toBe(text);
  });

  it('tells of each channel of a broadcast', () => {
    const full = { code: 'limit_exceeded', message: 'data: too large' } as const;
    expect(body({ type: 'broadcast', refusals: [undefined, full] })).toEqual({
      result: { responses: [{ result: {} }, { error: { code: 106, message: 'limit exceeded: data: too large' } }] },
    });
  });

  it('shows who is present by connection, with what is known of them', () => {
    const members = [
      { connection: 'c1', user: 'alice', info: { name: 'Alice' }, channelInfo: { role: 'guest' } },
      { connection: 'c2', user: '' },
    ];
    expect(body({ type: 'presence', members })).toEqual({
      result: {
        presence: {
          c1: { user: 'alice', client: 'c1', conn_info: { name: 'Alice' }, chan_info: { role: 'guest' } },
          c2: { user: '', client: 'c2' },
        },
      },
    });
    expect(body({ type: 'presence', members: [] })).toEqual({ result: { presence: {} } });
    expect(body({ type: 'presenceStats', connections: 0, users: 0 })).toEqual({
      result: { num_clients: 0, num_users: 0 },
    });
  });

  it('shows messages with who published them, where that was a client', () => {
    const publications = [
      { id: 'm1', user: 'alice', connection: 'c1', info: 1, data: 'hello', time: 5, offset: 1, epoch: 'e' },
      { id: 'm2', data: null, tags: { k: 'v' }, time: 6, offset: 2, epoch: 'e' },
    ];
    expect(body({ type: 'history', position: { epoch: 'e', offset: 2 }, publications })).toEqual({
      result: {
        publications: [
          { data: 'hello', info: { user: 'alice', client: 'c1', conn_info: 1 }, offset: 1, time: 5 },
          { data: null, offset: 2, tags: { k: 'v' }, time: 6 },
        ],
        epoch: 'e',
        offset: 2,
      },
    });
    expect(body({ type: 'history', position: { epoch: '', offset: 0 }, publications: [] })).toEqual({
      result: { publications: [], epoch: '', offset: 0 },
    });
  });

  it('shows channels with their readers, whatever they are called', () => {
    const text = serverBody(
      { requests: [request], form: 'one' },
      [{ result: { type: 'channels', channels: new Map(Object.entries({ 'chat:a': 2 })).set('__proto__', 1) } }],
      MOST,
    );
    expect(text).toBe('{"result":{"channels":{"chat:a":{"num_clients":2},"__proto__":{"num_clients":1}}}}');
  });

  it('shows the stack as one node', () => {
    expect(body({ type: 'info', connections: 3, users: 2, channels: 1, subscriptions: 4 })).toEqual({
      result: {
        nodes: [
          {
            uid: 'parley',
            name: 'parley',
            version: 'Parley',
            num_clients: 3,
            num_users: 2,
            num_channels: 1,
            num_subs: 4,
          },
        ],
      },
    });
  });
});

describe('the answer to a batch', () => {
  const done: ServerReply = { result: { type: 'done' } };
  const history: ServerCommand = { method: 'history', channel: 'a', limit: 1, order: 'oldestFirst' };
  const pageOf = (data: string): ServerReply => ({
    result: {
      type: 'history',
      position: { epoch: 'e', offset: 1 },
      publications: [{ id: 'm1', data, time: 5, offset: 1, epoch: 'e' }],
    },
  });

  it('has each result under the name of its method, and errors as they are', () => {
    const publish = { method: 'publish', channel: 'a', message: { data: 1 } } as const;
    const unread = { refusal: new ParleyError('unknown_action', 'no such method') };
    const answers = serverBody({ requests: [{ command: publish }, unread], form: 'batch' }, [done, unread], MOST);
    expect(JSON.parse(answers)).toEqual({
      replies: [{ publish: {} }, { error: { code: 104, message: 'method not found: no such method' } }],
    });
    expect(batch([])).toEqual({ replies: [] });
  });

  it('leaves out what would be too much together, but nothing that had an effect', () => {
    const large = pageOf('"'.repeat(400));
    const tooLarge = {
      error: { code: 106, message: 'limit exceeded: the answer does not fit a response: ask for less at once' },
    };
    const { replies } = batch(
      [
        [history, large],
        [history, large],
        [{ method: 'history_remove', channel: 'a' }, done],
        [history, pageOf('small')],
      ],
      2_500,
    );
    expect(replies).toMatchObject([{ history: {} }, tooLarge, { history_remove: {} }, { history: {} }]);
    expect(
      batch(
        [
          [history, large],
          [{ method: 'history_remove', channel: 'a' }, done],
        ],
        10,
      ).replies,
    ).toEqual([tooLarge, { history_remove: {} }]);
  });
});

describe('the answer to documents, one a line', () => {
  it('has one line each, with the id that its document had', () => {
    const unread = { refusal: new ParleyError('unknown_action', 'no such method') };
    const requests = [{ ...request, id: 7 }, { ...unread, id: 8 }, request];
    const done: ServerReply = { result: { type: 'done' } };
    expect(serverBody({ requests, form: 'lines' }, [done, unread, done], MOST).split('\n')).toEqual([
      '{"id":7,"result":{}}',
      '{"id":8,"error":{"code":104,"message":"method not found: no such method"}}',
      '{"result":{}}',
    ]);
  });
});
