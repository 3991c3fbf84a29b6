import {
  DeleteConnectionCommand,
  GetConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { afterEach, describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../../local/declarations.ts';
import { fakeClock } from '../../support/clock.ts';
import { type GatewayEvent, type GatewayServer, type ServerSetup, startGateway } from './gateway-server.ts';
import { connectRaw } from './raw-client.ts';

let server: GatewayServer;
afterEach(() => server.close());

async function start(setup: ServerSetup = {}) {
  server = await startGateway(setup);
  return server;
}

const ok = () => ({ statusCode: 200 });
const UNKNOWN = 'L0SM9cOFvHcCIhw=';

function post(ConnectionId: string, Data: string | Buffer) {
  return server.management.send(new PostToConnectionCommand({ ConnectionId, Data }));
}

/** Posts until the answer is not 200, at most 100 MB. */
async function postUntilRefused(connectionId: string): Promise<Error> {
  for (let i = 0; i < 800; i++) {
    try {
      await post(connectionId, 'x'.repeat(128 * 1024));
    } catch (error) {
      return error as Error;
    }
  }
  throw new Error('every post was taken');
}

function allow(resource: string, effect: 'Allow' | 'Deny' = 'Allow'): PolicyStatement {
  return {
    effect,
    actions: ['execute-api:ManageConnections'],
    resources: [`arn:aws:execute-api:us-east-1:000000000000:${resource}`],
    conditions: {},
  };
}

describe('@connections', () => {
  it('sends what is posted as a text message, and answers 200', async () => {
    const { connect } = await start();
    const { connectionId, next, socket } = await connect();
    const binary = new Promise((resolve) => socket.once('message', (_, isBinary) => resolve(isBinary)));
    const { $metadata } = await post(connectionId, 'hé');
    expect($metadata.httpStatusCode).toBe(200);
    expect(await next()).toBe('hé');
    expect(await binary).toBe(false);
  });

  it('sends each of several posts in their order', async () => {
    const { connect } = await start();
    const { connectionId, next } = await connect();
    for (const text of ['1', '2', '3']) await post(connectionId, text);
    expect([await next(), await next(), await next()]).toEqual(['1', '2', '3']);
  });

  it('sends a post of 128 KB as one message in frames of 32 KB', async () => {
    const { port, event } = await start();
    const client = await connectRaw(port);
    const { connectionId } = (await event('$connect')).requestContext;
    const text = Array.from({ length: 128 * 1024 }, (_, i) => 'abcdefg'[i % 7]).join('');
    await post(connectionId, text);
    const frames = [];
    for (let i = 0; i < 4; i++) frames.push(await client.nextFrame());
    expect(frames.map(({ opcode, fin, payload }) => [opcode, fin, payload.length])).toEqual([
      [1, false, 32_768],
      [0, false, 32_768],
      [0, false, 32_768],
      [0, true, 32_768],
    ]);
    expect(Buffer.concat(frames.map(({ payload }) => payload)).toString()).toBe(text);
    client.socket.destroy();
  });

  it('does not mix two large posts to one connection', async () => {
    const { connect } = await start();
    const { connectionId, next } = await connect();
    const [a, b] = ['a'.repeat(100_000), 'b'.repeat(100_000)];
    await Promise.all([post(connectionId, a), post(connectionId, b)]);
    expect([await next(), await next()].sort()).toEqual([a, b]);
  });

  it('refuses more than 128 KB with 413', async () => {
    const { connect } = await start();
    const { connectionId } = await connect();
    await expect(post(connectionId, 'x'.repeat(128 * 1024 + 1))).rejects.toMatchObject({
      name: 'PayloadTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });

  it('answers 410 for a connection that never was', async () => {
    await start();
    const gone = { name: 'GoneException', $metadata: { httpStatusCode: 410 } };
    await expect(post(UNKNOWN, 'x')).rejects.toMatchObject(gone);
    await expect(post(UNKNOWN, 'x')).rejects.toBeInstanceOf(GoneException);
    await expect(server.management.send(new GetConnectionCommand({ ConnectionId: UNKNOWN }))).rejects.toMatchObject(
      gone,
    );
    const remove = new DeleteConnectionCommand({ ConnectionId: UNKNOWN });
    await expect(server.management.send(remove)).rejects.toMatchObject(gone);
  });

  it('answers 410 once the connection is closed', async () => {
    const { connect, event } = await start({ handlers: { $disconnect: ok } });
    const { connectionId, socket } = await connect();
    socket.close();
    await event('$disconnect');
    await expect(post(connectionId, 'x')).rejects.toBeInstanceOf(GoneException);
  });

  it('answers 410 while the connection is closing', async () => {
    const { port, event, management } = await start();
    const client = await connectRaw(port);
    const { connectionId } = (await event('$connect')).requestContext;
    await management.send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
    // this client has not answered the close, and never will
    await expect(post(connectionId, 'x')).rejects.toBeInstanceOf(GoneException);
    const get = new GetConnectionCommand({ ConnectionId: connectionId });
    await expect(management.send(get)).rejects.toBeInstanceOf(GoneException);
    client.socket.destroy();
  });

  it.each(['x', 'not-an-id-at-all', 'L0SM9cOFvHcCIhw', 'L0SM9 OFvHcCIhw='])('answers 400 for the id %s', async (id) => {
    await start();
    await expect(post(id, 'x')).rejects.toMatchObject({
      name: 'BadRequestException',
      message: `Invalid connectionId: ${id}`,
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('tells of a connection when it was made, when it was last active and whose it is', async () => {
    const clock = fakeClock();
    const { connect, event, management } = await start({ handlers: { $default: ok }, options: { clock } });
    const { connectionId, socket } = await connect('/live', { headers: { 'User-Agent': 'test/1' } });
    const connectedAt = new Date(clock.now());
    clock.advance(60_000);
    socket.send('hello');
    await event('$default');
    const told = await management.send(new GetConnectionCommand({ ConnectionId: connectionId }));
    expect(told).toMatchObject({
      ConnectedAt: connectedAt,
      LastActiveAt: new Date(connectedAt.getTime() + 60_000),
      Identity: { SourceIp: '127.0.0.1', UserAgent: 'test/1' },
    });
  });

  it('counts a post as activity', async () => {
    const clock = fakeClock();
    const { connect, management } = await start({ options: { clock } });
    const { connectionId } = await connect();
    clock.advance(60_000);
    await post(connectionId, 'hello');
    const { LastActiveAt } = await management.send(new GetConnectionCommand({ ConnectionId: connectionId }));
    expect(LastActiveAt?.getTime()).toBe(clock.now());
  });

  it('deletes a connection: 204, the client is closed with 1000, and $disconnect hears of it', async () => {
    const { connect, event, management } = await start({ handlers: { $disconnect: ok } });
    const { connectionId, closed } = await connect();
    const { $metadata } = await management.send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
    expect($metadata.httpStatusCode).toBe(204);
    expect((await closed).code).toBe(1000);
    expect((await event('$disconnect')).requestContext).toMatchObject({
      connectionId,
      disconnectStatusCode: 1000,
      disconnectReason: 'Connection Closed Normally',
    });
  });

  it('answers 429 where the client never reads, and can still end it', async () => {
    const clock = fakeClock();
    const { port, event, management } = await start({
      handlers: { $disconnect: ok },
      options: { bufferLimitBytes: 256 * 1024, clock },
    });
    const { socket } = await connectRaw(port);
    const { connectionId } = (await event('$connect')).requestContext;
    const refusal = await postUntilRefused(connectionId);
    expect(refusal).toMatchObject({ name: 'LimitExceededException', $metadata: { httpStatusCode: 429 } });
    await management.send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
    // it reads no close either
    clock.advance(2_000);
    expect((await event('$disconnect')).requestContext).toMatchObject({ disconnectStatusCode: 1000 });
    socket.destroy();
  });

  it('takes posts to others while one client never reads', async () => {
    const { port, event, connect } = await start({ options: { bufferLimitBytes: 256 * 1024 } });
    const { socket } = await connectRaw(port);
    await postUntilRefused((await event('$connect')).requestContext.connectionId);
    const { connectionId, next } = await connect();
    await post(connectionId, 'hello');
    expect(await next()).toBe('hello');
    socket.destroy();
  });

  it('can be used by the function of a message on its own connection', async () => {
    const $default = async (event: GatewayEvent) => {
      await post(event.requestContext.connectionId, `you said ${event.body}`);
      return { statusCode: 200 };
    };
    const { connect } = await start({ handlers: { $default } });
    const { socket, next } = await connect();
    socket.send('hello');
    expect(await next()).toBe('you said hello');
  });

  it('refuses an unsigned request with 403', async () => {
    const { port } = await start();
    const response = await fetch(`http://127.0.0.1:${port}/live/@connections/${encodeURIComponent(UNKNOWN)}`);
    expect(response.status).toBe(403);
    expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect(await response.json()).toEqual({ message: 'Missing Authentication Token' });
  });

  it('refuses what the role does not allow, in IAM’s words, and says so at the terminal', async () => {
    const { warnings } = await start({ statements: [allow('a1b2c3/live/POST/@connections/*')] });
    await expect(post(UNKNOWN, 'x')).rejects.toBeInstanceOf(GoneException);
    const remove = new DeleteConnectionCommand({ ConnectionId: UNKNOWN });
    const message =
      'User: arn:aws:sts::000000000000:assumed-role/poster/poster is not authorized to perform: ' +
      'execute-api:ManageConnections on resource: arn:aws:execute-api:us-east-1:000000000000:a1b2c3/live/DELETE/@connections/{connectionId} ' +
      'because no identity-based policy allows the execute-api:ManageConnections action';
    await expect(server.management.send(remove)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message,
      $metadata: { httpStatusCode: 403 },
    });
    expect(warnings).toEqual([`AccessDeniedException: ${message}`]);
  });

  it('does not take a policy that names one connection, as AWS does not', async () => {
    await start({ statements: [allow(`a1b2c3/live/POST/@connections/${UNKNOWN}`)] });
    await expect(post(UNKNOWN, 'x')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('answers 500 and names the condition where a policy asks what is not served', async () => {
    const conditions = { StringEquals: { 'aws:PrincipalTag/team': ['chat'] } };
    const { warnings } = await start({ statements: [{ ...allow('a1b2c3/*'), conditions }] });
    await expect(post(UNKNOWN, 'x')).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(warnings).toEqual([expect.stringContaining('aws:PrincipalTag/team')]);
  });

  it('refuses a body above API Gateway’s own bound of 10 MB before it is checked', async () => {
    const { port } = await start();
    const body = Buffer.alloc(10 * 1024 * 1024 + 1);
    const response = await fetch(`http://127.0.0.1:${port}/live/@connections/${UNKNOWN}`, { method: 'POST', body });
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ message: 'Request Too Long' });
  });

  it('refuses another method, and a path without an id', async () => {
    const { port } = await start();
    const put = await fetch(`http://127.0.0.1:${port}/live/@connections/${UNKNOWN}`, { method: 'PUT' });
    expect(put.status).toBe(403);
    expect((await fetch(`http://127.0.0.1:${port}/live/@connections`)).status).toBe(403);
  });

  it('leaves other paths to others', async () => {
    const { port } = await start();
    expect((await fetch(`http://127.0.0.1:${port}/test/@connections/${UNKNOWN}`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  });
});
