import { expect } from 'vitest';
import type { Document } from '../support/plain-client.ts';
import { centrifugoHand, NO_NAMES, nested } from './hand-written.ts';
import { type Scenario, scenario } from './scenario.ts';

const BAD_REQUEST = { error: { code: 107, message: 'bad request' } };

/** What clients of the Centrifugo protocol send that makes no sense. */
export const badCommands: readonly Scenario[] = [
  scenario('frames', 'of a position is error 107, and nothing is lost', async (stage) => {
    const { ask, expectAlive } = await centrifugoHand(stage);
    const channel = stage.channel();
    const wrong = [...[-1, 1.5, 1e300, 2 ** 53, '1', [1]].map((offset) => ({ epoch: 'e', offset })), { epoch: 1 }];
    const subscribe = (position: object) => ({ subscribe: { channel, recover: true, ...position } });
    expect(await ask(...wrong.map(subscribe))).toEqual(wrong.map(() => BAD_REQUEST));
    const [answer] = await ask(subscribe({ epoch: 'e', offset: Number.MAX_SAFE_INTEGER }));
    expect(answer).toMatchObject({ subscribe: { was_recovering: true } });
    expect(answer?.subscribe).not.toHaveProperty('recovered');
    await expectAlive();
  }),

  scenario('frames', 'of a history’s range is error 107; too much is as much as there is', async (stage) => {
    const { channel, ask, expectAlive } = await centrifugoHand(stage);
    await expectAlive();
    const history = (more: object) => ({ history: { channel, ...more } });
    const wrong = [
      ...[1.5, '7', [1]].map((limit) => ({ limit })),
      ...[-1, 1.5, 1e300, '1'].map((offset) => ({ limit: 1, since: { offset, epoch: '' } })),
      { limit: 1, since: { offset: 0, epoch: '' }, reverse: true },
    ];
    expect(await ask(...wrong.map(history))).toEqual(wrong.map(() => BAD_REQUEST));
    expect(await ask(history({ limit: -1 }), history({ limit: 1_000_000 }))).toMatchObject([
      { history: { offset: 1, publications: [{ offset: 1 }] } },
      { history: { offset: 1, publications: [{ offset: 1 }] } },
    ]);
    const another = { limit: 1, since: { offset: 0, epoch: 'another' } };
    expect(await ask(history(another))).toMatchObject([{ error: { code: 112 } }]);
    await expectAlive();
  }),

  scenario('frames', 'of a channel’s name is error 107, longer than 255 characters it is none', async (stage) => {
    const { ask, expectAlive } = await centrifugoHand(stage);
    for (const method of ['subscribe', 'publish', 'history', 'presence', 'presence_stats']) {
      const names = [...NO_NAMES, 7, ['a']];
      const answers = await ask(...names.map((channel) => ({ [method]: { channel, data: 1 } })));
      expect(answers, method).toEqual(names.map(() => BAD_REQUEST));
    }
    // an SDK drops its connection at an error
    expect(await ask({ unsubscribe: { channel: '🙂' } })).toEqual([{ unsubscribe: {} }]);
    const longest = `${stage.channel()}-`.padEnd(255, 'x');
    expect(await ask({ subscribe: { channel: longest } })).toMatchObject([{ subscribe: { recoverable: true } }]);
    await expectAlive();
  }),

  scenario('frames', 'that the protocol does not have at all ends the connection with 3501', async (stage) => {
    const channel = stage.channel();
    const sent = [
      'hello',
      '[]',
      'null',
      '{"id":2,"ping":{}',
      '{"id":"2","ping":{}}',
      '{"id":-1,"ping":{}}',
      '{"id":1.5,"ping":{}}',
      '{"id":4294967296,"ping":{}}',
      '{"id":2}',
      '{"ping":{}}',
      '{"id":2,"connect":{}}',
      '{"id":2,"subscribe":{}}',
      '{"id":2,"publish":{"channel":"","data":1}}',
      `{"id":2,"ping":{}}\nhello\n{"id":3,"publish":{"channel":"${channel}","data":1}}`,
    ];
    await Promise.all(
      sent.map(async (frame) => {
        const client = await stage.frames('alice');
        client.send(frame);
        const { push } = await client.next((document) => 'push' in document);
        expect(push, frame).toEqual({ disconnect: { code: 3501, reason: 'bad request' } });
        expect([1000, 1005]).toContain((await client.closed).code);
      }),
    );
  }),

  scenario('frames', 'of a method that Parley does not have is an error, and pongs are taken', async (stage) => {
    const { ask, client, expectAlive } = await centrifugoHand(stage);
    expect(await ask({ dance: {} }, { rpc: { method: 'x' } }, { publish: { channel: stage.channel() } })).toEqual([
      { error: { code: 104, message: 'method not found' } },
      { error: { code: 108, message: 'not available' } },
      BAD_REQUEST,
    ]);
    client.send('{}', { send: { data: 1 } });
    await expectAlive();
  }),

  scenario('frames', 'on a connection with plain channels ends it with 3501', async (stage) => {
    const client = await stage.plain('alice', { query: { channels: stage.channel() } });
    await client.next({ type: 'subscribed' });
    client.send({ id: 1, connect: {} });
    // it still reads plain frames
    expect(await client.next({ type: 'disconnect' })).toMatchObject({ code: 3501, reason: 'bad request' });
    await client.closed;
  }),

  scenario('frames', 'that is nested too deeply is error 107', async (stage) => {
    const { channel, client, expectAlive } = await centrifugoHand(stage);
    for (const levels of [129, 1_000, 15_000]) {
      client.send(`{"id":${levels},"publish":{"channel":"${channel}","data":${nested(levels)}}}`);
      expect(await client.next({ id: levels })).toEqual({ id: levels, ...BAD_REQUEST });
    }
    const body: Document = { channel, data: JSON.parse(nested(129)) };
    expect(await stage.api('publish', body)).toMatchObject({ error: { code: 107 } });
    await expectAlive();
  }),
];
