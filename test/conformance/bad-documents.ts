import { expect } from 'vitest';
import { upTo } from '../support/pouring.ts';
import { NO_NAMES, nested, plainHand } from './hand-written.ts';
import { type Scenario, scenario } from './scenario.ts';

const bad = (field: string) =>
  expect.objectContaining({
    type: 'error',
    code: 'bad_request',
    message: expect.stringMatching(`^${field.replaceAll('.', '\\.')}: .`),
  });

/** What plain clients send that makes no sense. */
export const badDocuments: readonly Scenario[] = [
  scenario('plain', 'of a position is told with the field, and nothing is lost', async (stage) => {
    const { ask, expectAlive } = await plainHand(stage);
    const subscribe = { action: 'subscribe', channel: stage.channel() };
    const offsets = [-1, 1.5, 1e300, 2 ** 53, '1', null, [1]];
    const sinces = offsets.map((offset) => ({ ...subscribe, since: { epoch: 'e', offset } }));
    expect(await ask(...sinces)).toEqual(offsets.map(() => bad('since.offset')));
    const rewinds = [-1, 0.5, '2', null, 2 ** 53];
    expect(await ask(...rewinds.map((rewind) => ({ ...subscribe, rewind })))).toEqual(rewinds.map(() => bad('rewind')));
    const since = { epoch: 'e', offset: Number.MAX_SAFE_INTEGER };
    expect(
      await ask(
        { ...subscribe, since: { offset: 1 } },
        { ...subscribe, since: { epoch: 1, offset: 1 } },
        { ...subscribe, since: { epoch: 'e' } },
        { ...subscribe, since: 'e:1' },
        { ...subscribe, since, rewind: 1 },
      ),
    ).toEqual(['since.epoch', 'since.epoch', 'since.offset', 'since', 'rewind'].map(bad));
    expect(await ask({ ...subscribe, since })).toMatchObject([{ type: 'subscribed', recovered: false }]);
    await expectAlive();
  }),

  scenario('plain', 'of a history’s range is told with the field; too much is as much as there is', async (stage) => {
    const { channel, ask, expectAlive } = await plainHand(stage);
    await expectAlive();
    const history = { action: 'history', channel };
    for (const field of ['limit', 'before', 'after']) {
      const wrong = [-1, 1.5, '7', null];
      expect(await ask(...wrong.map((value) => ({ ...history, [field]: value })))).toEqual(wrong.map(() => bad(field)));
    }
    const ranges = [{ limit: 1_000_000 }, { limit: 1e300 }, { before: Number.MAX_SAFE_INTEGER }];
    expect(await ask(...ranges.map((range) => ({ ...history, ...range })))).toMatchObject(
      ranges.map(() => ({ type: 'history', messages: [{ offset: 1 }] })),
    );
    expect(await ask({ ...history, after: Number.MAX_SAFE_INTEGER })).toMatchObject([{ messages: [] }]);
    await expectAlive();
  }),

  scenario('plain', 'of a channel’s name is told, and longer than 255 characters it is none', async (stage) => {
    const { client, ask, expectAlive } = await plainHand(stage);
    for (const action of ['subscribe', 'unsubscribe', 'sendMessage', 'history', 'presence']) {
      const names = ['', ...NO_NAMES, 7, null, ['a']];
      const answers = await ask(...names.map((channel) => ({ action, channel, data: 1 })));
      expect(answers, action).toEqual(names.map(() => bad('channel')));
    }
    const longest = `${stage.channel()}-`.padEnd(255, 'x');
    expect(
      await ask({ action: 'subscribe', channel: longest }, { action: 'sendMessage', channel: longest, data: 1 }),
    ).toMatchObject([{ type: 'subscribed' }, { type: 'ack' }]);
    expect(await client.next({ type: 'message', channel: longest })).toMatchObject({ offset: 1 });
    await expectAlive();
  }),

  scenario('plain', 'of a handshake’s channels is 403', async (stage) => {
    for (const channels of ['a b', '🙂', 'x'.repeat(256), 'a*', 'a/b', upTo(1, 129).join()]) {
      const refused = stage.plain('alice', { query: { channels } });
      await expect(refused, channels).rejects.toMatchObject({ name: 'RefusedHandshake', status: 403 });
    }
    const client = await stage.plain('alice', { query: { channels: stage.channel(), rewind: 'all', limit: '?' } });
    expect(await client.next({ type: 'subscribed' })).toMatchObject({ offset: 0 });
  }),

  scenario('plain', 'that is no document is told, and the rest of the frame is done', async (stage) => {
    const { client, ask, expectAlive } = await plainHand(stage);
    const nonsense = ['hello', '{"action":"ping"', '"ping"', '[]', '7', 'null', '{"action":"ping"}}', '\u0000'];
    const told = { type: 'error', code: 'bad_request', message: expect.stringMatching(/JSON|object|empty/) };
    for (const text of [...nonsense, ' ']) {
      client.send(text);
      expect(await client.next({ type: 'error' }), text).toEqual(told);
    }
    client.send(...nonsense, { action: 'ping', id: 'last' });
    await client.next({ id: 'last' });
    for (const text of nonsense) expect(await client.next({ type: 'error' }), text).toEqual(told);
    expect(await ask({ action: 'dance' })).toMatchObject([{ type: 'error', code: 'unknown_action' }]);
    await expectAlive();
  }),

  scenario('plain', 'of a field is told with its name', async (stage) => {
    const { channel, client, ask, expectAlive } = await plainHand(stage);
    const message = { action: 'sendMessage', channel, data: 1 };
    const wrong = [
      ['data', { action: 'sendMessage', channel }],
      ['idempotencyKey', { ...message, idempotencyKey: '' }],
      ['idempotencyKey', { ...message, idempotencyKey: 'k'.repeat(65) }],
      ['idempotencyKey', { ...message, idempotencyKey: 7 }],
      ['tags', { ...message, tags: { mood: 1 } }],
      ['tags', { ...message, tags: ['a'] }],
      ['ephemeral', { ...message, ephemeral: 'yes' }],
      ['token', { action: 'refresh' }],
      ['token', { action: 'subscribe', channel: stage.channel(), token: '' }],
      ['action', {}],
      ['action', { action: null }],
      ['after', { action: 'presence', channel, after: 7 }],
    ] as const;
    expect(await ask(...wrong.map(([, document]) => document))).toEqual(wrong.map(([field]) => bad(field)));
    for (const id of ['', 'x'.repeat(65), 7, {}]) {
      client.send({ action: 'ping', id });
      expect(await client.next({ type: 'error' })).toEqual(bad('id'));
    }
    await expectAlive();
  }),

  scenario('plain', 'that is nested too deeply is refused', async (stage) => {
    const { channel, client, ask, expectAlive } = await plainHand(stage);
    const publish = (to: string, id: string, data: string) => {
      client.send(`{"action":"sendMessage","channel":"${to}","id":"${id}","data":${data}}`);
      return client.next({ id });
    };
    for (const levels of [129, 1_000, 15_000]) {
      const answer = await publish(channel, `deep ${levels}`, nested(levels));
      expect(answer).toMatchObject({ type: 'error', channel, code: 'bad_request' });
      expect(answer.message).toMatch(/^data: .*128/);
    }
    client.send(`{"action":"ping","id":"ignored","x":${nested(15_000)}}`);
    expect(await client.next({ id: 'ignored' })).toEqual({ type: 'pong', id: 'ignored' });
    const quiet = stage.channel();
    await ask({ action: 'subscribe', channel: quiet });
    expect(await publish(quiet, 'deepest', nested(128))).toMatchObject({ type: 'ack' });
    const { data } = await client.next({ type: 'message', channel: quiet });
    expect(JSON.stringify(data)).toBe(nested(128));
    await expectAlive();
  }),
];
