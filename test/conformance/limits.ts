import { expect } from 'vitest';
import { upTo } from '../support/pouring.ts';
import { plainHand } from './hand-written.ts';
import { type Scenario, scenario } from './scenario.ts';

const LIMIT_EXCEEDED = { code: 106, message: 'limit exceeded' };

/** How much there may be of it. */
export const limits: readonly Scenario[] = [
  scenario('plain and sdk', 'of a message: one byte more is refused, the largest reaches both', async (stage) => {
    const { channel, client, ask, expectAlive } = await plainHand(stage);
    const sdk = await stage.join('sdk', 'bob');
    await sdk.subscribe(channel);
    await expectAlive();
    const sized = (bytes: number) => `é${'x'.repeat(bytes - 2)}`;
    const publish = async (bytes: number) => {
      client.send({ action: 'sendMessage', channel, data: sized(bytes), id: `${bytes}` });
      return client.next({ id: `${bytes}` });
    };
    const tooLarge = await publish(32_660);
    expect(tooLarge).toMatchObject({ type: 'error', channel, code: 'limit_exceeded' });
    const largest = 32_660 - Number(/is (\d+) bytes too large/.exec(`${tooLarge.message}`)?.[1]);
    expect(await publish(largest + 1)).toMatchObject({ type: 'error', channel, code: 'limit_exceeded' });
    expect(await publish(largest)).toMatchObject({ type: 'ack' });
    expect(await client.next({ type: 'message', offset: 2 })).toMatchObject({ data: sized(largest) });
    await sdk.untilMessages(channel, 2);
    expect(sdk.messages(channel)[1]).toMatchObject({ data: sized(largest), offset: 2 });
    // (what is left is for an offset of 16 digits)
    const push = Math.max(...client.frames.map((frame) => Buffer.byteLength(frame)));
    expect(push).toBeGreaterThan(32 * 1024 - 32);
    expect(push).toBeLessThanOrEqual(32 * 1024);

    // in several WebSocket frames it may be larger than one, and is told
    expect(await ask({ action: 'sendMessage', channel, data: sized(100_000) })).toMatchObject([
      { type: 'error', code: 'limit_exceeded' },
    ]);
    expect(await ask({ action: 'ping' })).toMatchObject([{ type: 'pong' }]);
  }),

  scenario('server API', 'of a server’s message: it is as that of a client', async (stage) => {
    const channel = stage.channel();
    const publish = (bytes: number) => stage.api('publish', { channel, data: 'x'.repeat(bytes) });
    expect(await publish(32_000)).toEqual({ result: {} });
    for (const bytes of [33_000, 64_000, 100_000]) {
      expect(await publish(bytes)).toMatchObject({ error: { code: 106 } });
    }
  }),

  scenario('plain', 'of a frame: API Gateway ends the connection, with its codes', async (stage) => {
    const [binary, large, huge] = [await stage.plain('a'), await stage.plain('b'), await stage.plain('c')];
    binary.socket.send(Buffer.from('{"action":"ping"}'), { binary: true });
    expect((await binary.closed).code).toBe(1003);
    large.send({ action: 'ping', pad: 'x'.repeat(33 * 1024) });
    expect((await large.closed).code).toBe(1009);
    huge.sendInPieces({ action: 'ping', pad: 'x'.repeat(129 * 1024) });
    expect((await huge.closed).code).toBe(1009);
  }),

  scenario('plain', 'of a frame’s documents: a thousand, and not one more', async (stage) => {
    const client = await stage.plain('alice');
    const pings = (count: number) => upTo(1, count).map((id) => ({ action: 'ping', id: `${id}` }));
    client.send(...pings(1000));
    await client.until(() => client.documents.length === 1000, 'a thousand replies');
    expect(client.documents).toEqual(upTo(1, 1000).map((id) => ({ type: 'pong', id: `${id}` })));
    for (const frame of client.frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(32 * 1024);
    client.send(...pings(1001));
    expect(await client.next({ type: 'error' })).toEqual({
      type: 'error',
      code: 'limit_exceeded',
      message: expect.stringContaining('1000'),
    });
    expect(await client.ask({ action: 'ping', id: 'last' })).toEqual({ type: 'pong', id: 'last' });
  }),

  scenario('frames', 'of a frame’s commands: a thousand, and not one more', async (stage) => {
    const client = await stage.frames('alice');
    const pings = (count: number) => upTo(2, count + 1).map((id) => ({ id, ping: {} }));
    client.send(...pings(1000));
    await client.until(() => client.documents.length === 1001, 'a thousand replies');
    expect(client.documents.slice(1)).toEqual(pings(1000));
    client.send(...pings(1001));
    await client.until(() => client.documents.length === 2002, 'as many errors');
    const errors = upTo(2, 1002).map((id) => ({ id, error: LIMIT_EXCEEDED }));
    expect(client.documents.slice(1001)).toEqual(errors);
    expect(await client.ask({ id: 9999, ping: {} })).toEqual({ id: 9999, ping: {} });
  }),

  scenario('plain', 'of a connection’s channels: of a thousand in a frame it reads 128', async (stage) => {
    const client = await stage.plain('alice');
    const channels = upTo(1, 1000).map(() => stage.channel());
    client.sendInPieces(...channels.map((channel) => ({ action: 'subscribe', channel })));
    await client.until(() => client.documents.length >= 1000, 'a thousand answers');
    const types = Map.groupBy(client.documents, ({ type }) => type);
    expect(types.get('subscribed')).toHaveLength(128);
    expect(new Set(types.get('error')?.map(({ code }) => code))).toEqual(new Set(['limit_exceeded']));
    const [channel] = channels;
    expect(await client.ask({ action: 'sendMessage', channel, data: 1, id: 'm' })).toMatchObject({ type: 'ack' });
    expect(await client.next({ type: 'message' })).toMatchObject({ channel, offset: 1 });
    await client.ask({ action: 'unsubscribe', channel, id: 'u' });
    const another = { action: 'subscribe', channel: channels[999], id: 's' };
    expect(await client.ask(another)).toMatchObject({ type: 'subscribed' });
  }),

  scenario('frames', 'of a connection’s channels: of a thousand in a frame it reads 128', async (stage) => {
    const client = await stage.frames('alice');
    const channels = upTo(1, 1000).map(() => stage.channel());
    client.sendInPieces(...channels.map((channel, i) => ({ id: i + 2, subscribe: { channel } })));
    await client.until(() => client.documents.length >= 1001, 'a thousand answers');
    expect(client.documents.filter((document) => 'subscribe' in document)).toHaveLength(128);
    const errors = client.documents.filter((document) => 'error' in document).map(({ error }) => error);
    expect(errors).toEqual(upTo(1, 872).map(() => LIMIT_EXCEEDED));
    await client.ask({ id: 9998, publish: { channel: channels[0], data: 1 } });
    const { push } = await client.next((document) => 'push' in document);
    expect(push).toMatchObject({ channel: channels[0], pub: { offset: 1 } });
  }),
];
