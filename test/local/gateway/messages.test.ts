import { afterEach, describe, expect, it } from 'vitest';
import { type GatewayEvent, type GatewayServer, type ServerSetup, startGateway } from './gateway-server.ts';
import { connectRaw } from './raw-client.ts';

let server: GatewayServer;
afterEach(() => server.close());

async function start(setup: ServerSetup = {}) {
  server = await startGateway(setup);
  return server;
}

const ok = () => ({ statusCode: 200 });
const echo = (event: GatewayEvent) => ({ statusCode: 200, body: `you said ${event.body}` });

describe('a message', () => {
  it('reaches the function of its route in the shape of a MESSAGE event', async () => {
    const authorizer = (event: GatewayEvent) => ({
      principalId: 'alice',
      policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }] },
      context: { user: 'alice' },
    });
    const { connect, event, port } = await start({ handlers: { authorizer, sendMessage: ok } });
    const { socket, connectionId } = await connect('/live?token=t', { headers: { 'User-Agent': 'test/1' } });
    const body = '{"action":"sendMessage","data":"hé"}';
    socket.send(body);
    const told = await event('sendMessage');
    expect(told).toMatchObject({
      body,
      isBase64Encoded: false,
      requestContext: {
        routeKey: 'sendMessage',
        eventType: 'MESSAGE',
        messageDirection: 'IN',
        stage: 'live',
        apiId: 'a1b2c3',
        domainName: `127.0.0.1:${port}`,
        connectionId,
        identity: { sourceIp: '127.0.0.1', userAgent: 'test/1' },
        authorizer: { user: 'alice', principalId: 'alice' },
      },
    });
    for (const key of ['messageId', 'extendedRequestId', 'requestId']) {
      expect(told.requestContext[key]).toMatch(/^[\w-]{15}=$/);
    }
    expect(told.requestContext.connectedAt).toBe((await event('$connect')).requestContext.connectedAt);
    expect(told).not.toHaveProperty('headers');
    expect(told).not.toHaveProperty('queryStringParameters');
  });

  it.each([
    ['is not JSON', 'hello'],
    ['is several documents', '{"action":"sendMessage"}\n{"action":"sendMessage"}'],
    ['is no object', '["sendMessage"]'],
    ['names no action', '{"data":1}'],
    ['names an action that is no route', '{"action":"fly"}'],
    ['names an object', '{"action":{"action":"sendMessage"}}'],
    ['names $connect', '{"action":"$connect"}'],
    ['names $disconnect', '{"action":"$disconnect"}'],
    ['names a property of all objects', '{"action":"toString"}'],
    ['is empty', ''],
  ])('takes $default where it %s', async (_, body) => {
    const { connect, event } = await start({ handlers: { sendMessage: ok, $disconnect: ok, $default: ok } });
    const { socket } = await connect();
    socket.send(body);
    expect(await event('$default')).toMatchObject({ body, requestContext: { routeKey: '$default' } });
  });

  it('is answered by Forbidden where no route takes it, and the client stays connected', async () => {
    const { connect, event } = await start({ handlers: { sendMessage: ok } });
    const { socket, next, connectionId } = await connect();
    socket.send('hello');
    expect(JSON.parse(await next())).toEqual({ message: 'Forbidden', connectionId, requestId: expect.any(String) });
    socket.send('{"action":"sendMessage"}');
    await event('sendMessage');
  });

  it('is answered by Internal server error where the function fails, and the client stays connected', async () => {
    const fail = () => {
      throw new Error('no table');
    };
    const { connect, event } = await start({ handlers: { $default: fail, sendMessage: ok } });
    const { socket, next, connectionId } = await connect();
    socket.send('hello');
    const { requestId } = (await event('$default')).requestContext;
    expect(JSON.parse(await next())).toEqual({ message: 'Internal server error', connectionId, requestId });
    socket.send('{"action":"sendMessage"}');
    await event('sendMessage');
  });

  it('is answered by Endpoint request timed out after the integration timeout', async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    const { connect } = await start({ handlers: { $default: () => promise }, integrationTimeoutMs: 50 });
    const { socket, next, connectionId } = await connect();
    socket.send('hello');
    expect(JSON.parse(await next())).toMatchObject({ message: 'Endpoint request timed out', connectionId });
    resolve({ statusCode: 200 });
  });

  it('reaches its function while the ones before it are still in work', async () => {
    const third = Promise.withResolvers<void>();
    let begun = 0;
    const $default = async (event: GatewayEvent) => {
      if (++begun === 3) third.resolve();
      // the first ends only once the third is there
      await third.promise;
      return echo(event);
    };
    const { connect } = await start({ handlers: { $default }, routeResponses: ['$default'] });
    const { socket, next } = await connect();
    for (const text of ['1', '2', '3']) socket.send(text);
    expect([await next(), await next(), await next()].sort()).toEqual(['you said 1', 'you said 2', 'you said 3']);
  });

  it('is answered by what the function returns only where the route has a route response', async () => {
    const { connect, event } = await start({
      handlers: { silent: echo, $default: echo },
      routeResponses: ['$default'],
    });
    const { socket, next } = await connect();
    socket.send('{"action":"silent"}');
    await event('silent');
    socket.send('hello');
    expect(await next()).toBe('you said hello');
  });

  it('is answered by the body whatever the status is, and decoded where it is Base64', async () => {
    const body = Buffer.from('hé').toString('base64');
    const $default = () => ({ statusCode: 500, headers: { a: 'b' }, body, isBase64Encoded: true });
    const { connect } = await start({ handlers: { $default }, routeResponses: ['$default'] });
    const { socket, next } = await connect();
    socket.send('hello');
    expect(await next()).toBe('hé');
  });

  it.each([{ body: '' }, {}, { body: null }])('is not answered where the function returns %j', async (result) => {
    const handlers = { empty: () => ({ statusCode: 200, ...result }), $default: echo };
    const { connect, event } = await start({ handlers, routeResponses: ['empty', '$default'] });
    const { socket, next } = await connect();
    socket.send('{"action":"empty"}');
    await event('empty');
    socket.send('hello');
    expect(await next()).toBe('you said hello');
  });

  it.each([
    ['other keys', { statusCode: 200, body: 'x', type: 'ack' }],
    ['no statusCode', { body: 'x' }],
    ['a body that is no text', { statusCode: 200, body: { x: 1 } }],
    ['nothing', undefined],
    ['a text', 'x'],
  ])('is answered by Internal server error where the function returns %s', async (_, result) => {
    const { connect, warnings } = await start({ handlers: { $default: () => result }, routeResponses: ['$default'] });
    const { socket, next } = await connect();
    socket.send('hello');
    expect(JSON.parse(await next())).toMatchObject({ message: 'Internal server error' });
    expect(warnings).toHaveLength(1);
  });

  it('may have 128 KB in frames of 32 KB', async () => {
    const { port, event } = await start({ handlers: { $default: ok } });
    const { send, socket } = await connectRaw(port);
    const part = Buffer.alloc(32 * 1024, 'x');
    for (let i = 0; i < 4; i++) send(i === 0 ? 1 : 0, part, i === 3);
    expect((await event('$default')).body).toHaveLength(128 * 1024);
    socket.destroy();
  });

  it('closes with 1009 where it has more than 128 KB', async () => {
    const { port, event, eventsOf } = await start({ handlers: { $default: ok, $disconnect: ok } });
    const { send, nextFrame, socket } = await connectRaw(port);
    const part = Buffer.alloc(32 * 1024, 'x');
    for (let i = 0; i < 4; i++) send(i === 0 ? 1 : 0, part, false);
    send(0, Buffer.from('x'));
    const { opcode, payload } = await nextFrame();
    expect([opcode, payload.readUInt16BE(0)]).toEqual([8, 1009]);
    socket.destroy();
    expect((await event('$disconnect')).requestContext.disconnectStatusCode).toBe(1009);
    expect(eventsOf('$default')).toEqual([]);
  });

  it('closes with 1009 where one frame has more than 32 KB, and what came before it counts', async () => {
    const { connect, event, eventsOf } = await start({ handlers: { $default: ok, $disconnect: ok } });
    const { socket, closed } = await connect();
    socket.send('before');
    socket.send('x'.repeat(32 * 1024 + 1));
    socket.send('after');
    expect((await closed).code).toBe(1009);
    expect((await event('$disconnect')).requestContext.disconnectStatusCode).toBe(1009);
    expect(eventsOf('$default').map(({ body }) => body)).toEqual(['before']);
  });

  it('passes where its one frame has 32 KB', async () => {
    const { connect, event } = await start({ handlers: { $default: ok } });
    const { socket } = await connect();
    socket.send('x'.repeat(32 * 1024));
    expect((await event('$default')).body).toHaveLength(32 * 1024);
  });

  it('closes with 1003 where it is binary', async () => {
    const { connect, event, eventsOf } = await start({ handlers: { $default: ok, $disconnect: ok } });
    const { socket, closed } = await connect();
    socket.send(Buffer.from('hello'));
    socket.send('after');
    expect((await closed).code).toBe(1003);
    expect((await event('$disconnect')).requestContext.disconnectStatusCode).toBe(1003);
    expect(eventsOf('$default')).toEqual([]);
  });

  it('closes with 1007 where it is not UTF-8', async () => {
    const { port, event } = await start({ handlers: { $default: ok, $disconnect: ok } });
    const { send, nextFrame, socket } = await connectRaw(port);
    send(1, Uint8Array.of(0xff, 0xff));
    expect((await nextFrame()).payload.readUInt16BE(0)).toBe(1007);
    socket.destroy();
    expect((await event('$disconnect')).requestContext.disconnectStatusCode).toBe(1007);
  });

  it('is not what a ping is: that one is answered by the gateway, and no function sees it', async () => {
    const { port, event, eventsOf } = await start({ handlers: { $default: ok } });
    const { send, nextFrame, socket } = await connectRaw(port);
    send(9, Buffer.from('are you there'));
    const { opcode, payload } = await nextFrame();
    expect([opcode, String(payload)]).toEqual([10, 'are you there']);
    send(1, Buffer.from('hello'));
    await event('$default');
    expect(eventsOf('$default')).toHaveLength(1);
    socket.destroy();
  });
});
