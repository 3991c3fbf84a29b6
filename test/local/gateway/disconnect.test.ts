import { afterEach, describe, expect, it } from 'vitest';
import { fakeClock } from '../../support/clock.ts';
import { type GatewayServer, type ServerSetup, startGateway } from './gateway-server.ts';
import { connectRaw } from './raw-client.ts';

let server: GatewayServer;
afterEach(() => server.close());

async function start(setup: ServerSetup = {}) {
  server = await startGateway({ ...setup, handlers: { $disconnect: ok, $default: ok, ...setup.handlers } });
  return server;
}

const ok = () => ({ statusCode: 200 });
const MINUTE = 60_000;

describe('the end of a connection', () => {
  it('is told in the shape of a DISCONNECT event', async () => {
    const { connect, event, port } = await start();
    const { socket, connectionId } = await connect();
    socket.close(4001, 'enough');
    expect(await event('$disconnect')).toMatchObject({
      headers: { Host: `127.0.0.1:${port}`, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' },
      multiValueHeaders: { Host: [`127.0.0.1:${port}`] },
      isBase64Encoded: false,
      requestContext: {
        routeKey: '$disconnect',
        eventType: 'DISCONNECT',
        messageDirection: 'IN',
        disconnectStatusCode: 4001,
        disconnectReason: 'enough',
        stage: 'live',
        apiId: 'a1b2c3',
        connectionId,
      },
    });
  });

  it('carries the authorizer’s context', async () => {
    const authorizer = (event: { methodArn?: string }) => ({
      principalId: 'alice',
      policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }] },
      context: { user: 'alice' },
    });
    const { connect, event } = await start({ handlers: { authorizer } });
    (await connect()).socket.close();
    expect((await event('$disconnect')).requestContext.authorizer).toMatchObject({ user: 'alice' });
  });

  it('is 1005 where the client closes without a status', async () => {
    const { connect, event } = await start();
    (await connect()).socket.close();
    expect((await event('$disconnect')).requestContext).toMatchObject({
      disconnectStatusCode: 1005,
      disconnectReason: 'Client-side close frame status not set',
    });
  });

  it('is told, as 1006, where the socket is destroyed without a close', async () => {
    const { connect, event } = await start();
    const { socket, connectionId } = await connect();
    socket.terminate();
    const { requestContext } = await event('$disconnect');
    expect(requestContext).toMatchObject({ connectionId, disconnectStatusCode: 1006 });
  });

  it('is told, as 1006, where the socket is reset', async () => {
    const { port, event } = await start();
    const { socket } = await connectRaw(port);
    socket.resetAndDestroy();
    expect((await event('$disconnect')).requestContext.disconnectStatusCode).toBe(1006);
  });

  it('comes as 1001 after the idle timeout', async () => {
    const clock = fakeClock();
    const { connect, event, eventsOf } = await start({ options: { clock } });
    const { closed } = await connect();
    clock.advance(10 * MINUTE - 1);
    expect(eventsOf('$disconnect')).toEqual([]);
    clock.advance(1);
    expect(await closed).toEqual({ code: 1001, reason: 'Going away' });
    expect((await event('$disconnect')).requestContext).toMatchObject({ disconnectStatusCode: 1001 });
  });

  it('is put off by a message of the client', async () => {
    const clock = fakeClock();
    const { connect, event } = await start({ options: { clock, idleTimeoutMs: MINUTE } });
    const { socket, closed } = await connect();
    clock.advance(MINUTE - 1);
    socket.send('hello');
    await event('$default');
    clock.advance(MINUTE - 1);
    socket.send('still here');
    await event('$default', 2);
    clock.advance(MINUTE);
    expect((await closed).code).toBe(1001);
  });

  it('is put off by a message to the client', async () => {
    const clock = fakeClock();
    const echo = () => ({ statusCode: 200, body: 'hello' });
    const reply = Promise.withResolvers<void>();
    const handlers = { $default: async () => reply.promise.then(echo) };
    const { connect, event } = await start({
      handlers,
      routeResponses: ['$default'],
      options: { clock, idleTimeoutMs: MINUTE },
      integrationTimeoutMs: 10 * MINUTE,
    });
    const { socket, next, closed } = await connect();
    socket.send('hello');
    await event('$default');
    clock.advance(MINUTE - 1);
    reply.resolve();
    await next();
    clock.advance(MINUTE - 1);
    socket.send('still here');
    await event('$default', 2);
    clock.advance(MINUTE);
    expect((await closed).code).toBe(1001);
  });

  it('is not put off by a ping, which is no message', async () => {
    const clock = fakeClock();
    const { port, event } = await start({ options: { clock, idleTimeoutMs: MINUTE } });
    const { send, nextFrame, socket } = await connectRaw(port);
    clock.advance(MINUTE - 1);
    send(9, Buffer.from('ping'));
    expect((await nextFrame()).opcode).toBe(10);
    clock.advance(1);
    expect((await nextFrame()).payload.readUInt16BE(0)).toBe(1001);
    socket.destroy();
    expect((await event('$disconnect')).requestContext.disconnectStatusCode).toBe(1001);
  });

  it('comes as 1001 after the longest duration, however much is said', async () => {
    const clock = fakeClock();
    const { connect, event } = await start({ options: { clock, maxDurationMs: 15 * MINUTE } });
    const { socket, closed } = await connect();
    clock.advance(9 * MINUTE);
    socket.send('hello');
    await event('$default');
    clock.advance(6 * MINUTE);
    expect((await closed).code).toBe(1001);
    expect((await event('$disconnect')).requestContext.disconnectStatusCode).toBe(1001);
  });

  it('comes also where the client never answers the close', async () => {
    const clock = fakeClock();
    const { port, event } = await start({ options: { clock, idleTimeoutMs: MINUTE } });
    const { socket } = await connectRaw(port);
    clock.advance(MINUTE);
    clock.advance(2_000);
    expect((await event('$disconnect')).requestContext.disconnectStatusCode).toBe(1001);
    socket.destroy();
  });
});

describe('closing the gateway', () => {
  it('closes every connection with 1001, tells each $disconnect, and leaves no timer', async () => {
    const clock = fakeClock();
    const { connect, gateway, eventsOf } = await start({ options: { clock } });
    const clients = await Promise.all([connect(), connect(), connect()]);
    await gateway.close();
    for (const { closed } of clients) expect((await closed).code).toBe(1001);
    expect(eventsOf('$disconnect')).toHaveLength(3);
    expect(clock.next).toBeUndefined();
  });

  it('waits for $disconnect', async () => {
    let told = false;
    const $disconnect = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      told = true;
    };
    const { connect, gateway } = await start({ handlers: { $disconnect } });
    await connect();
    await gateway.close();
    expect(told).toBe(true);
  });

  it('does not wait for ever for clients and functions that never answer', async () => {
    const never = new Promise<object>(() => undefined);
    const { port, gateway, connect, eventsOf } = await start({
      handlers: { $disconnect: () => never, $default: () => never },
      options: { closeWaitMs: 20 },
    });
    const { socket } = await connectRaw(port);
    (await connect()).socket.send('hello');
    await gateway.close();
    expect(eventsOf('$disconnect')).toHaveLength(2);
    socket.destroy();
  });

  it('ends handshakes that are under way', async () => {
    const never = new Promise<object>(() => undefined);
    const { connect, gateway, event } = await start({
      handlers: { $connect: () => never },
      options: { closeWaitMs: 20 },
    });
    const refused = expect(connect()).rejects.toThrow();
    await event('$connect');
    await gateway.close();
    await refused;
  });

  it('tells $disconnect of a connection whose $connect returns only then', async () => {
    const returned = Promise.withResolvers<object>();
    const { connect, gateway, event, eventsOf } = await start({ handlers: { $connect: () => returned.promise } });
    const refused = expect(connect()).rejects.toThrow();
    const { connectionId } = (await event('$connect')).requestContext;
    const closed = gateway.close();
    returned.resolve({ statusCode: 200 });
    await closed;
    await refused;
    expect(eventsOf('$disconnect').map(({ requestContext }) => requestContext.connectionId)).toEqual([connectionId]);
  });

  it('refuses handshakes from then on', async () => {
    const { gateway, refused } = await start();
    await gateway.close();
    expect((await refused()).status).toBe(503);
  });
});
