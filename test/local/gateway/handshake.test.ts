import { connect as connectTcp } from 'node:net';
import { GetConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { afterEach, describe, expect, it } from 'vitest';
import { bounded, type GatewayEvent, type GatewayServer, type ServerSetup, startGateway } from './gateway-server.ts';

let server: GatewayServer;
afterEach(() => server.close());

async function start(setup: ServerSetup = {}) {
  server = await startGateway(setup);
  return server;
}

function allow(event: GatewayEvent, context: object = {}) {
  return policy('Allow', event.methodArn ?? '', context);
}

function policy(Effect: string, Resource: string, context: object = {}) {
  const Statement = [{ Action: 'execute-api:Invoke', Effect, Resource }];
  return { principalId: 'alice', policyDocument: { Version: '2012-10-17', Statement }, context };
}

const fail = (message: string) => () => {
  throw new Error(message);
};

describe('a handshake', () => {
  it('tells the authorizer what the client asked, in the shape of a REQUEST event', async () => {
    const { connect, event, port } = await start({ handlers: { authorizer: allow } });
    const { connectionId } = await connect('/live?token=a%20b&channels=x&channels=y', {
      headers: { Authorization: 'Bearer t' },
      finishRequest: (request) => request.setHeader('X-Twice', ['1', '2']).end(),
    });
    const told = await event('authorizer');
    expect(told).toMatchObject({
      type: 'REQUEST',
      methodArn: 'arn:aws:execute-api:us-east-1:000000000000:a1b2c3/live/$connect',
      headers: { Authorization: 'Bearer t', Host: `127.0.0.1:${port}`, 'X-Twice': '2', Upgrade: 'websocket' },
      multiValueHeaders: { Authorization: ['Bearer t'], 'X-Twice': ['1', '2'] },
      queryStringParameters: { token: 'a b', channels: 'y' },
      multiValueQueryStringParameters: { token: ['a b'], channels: ['x', 'y'] },
      stageVariables: {},
      requestContext: {
        routeKey: '$connect',
        eventType: 'CONNECT',
        messageDirection: 'IN',
        stage: 'live',
        apiId: 'a1b2c3',
        domainName: `127.0.0.1:${port}`,
        connectionId,
        identity: { sourceIp: '127.0.0.1' },
      },
    });
    expect(told.requestContext.connectedAt).toEqual(expect.any(Number));
    expect(told.requestContext.requestTimeEpoch).toEqual(expect.any(Number));
    expect(told.requestContext.requestTime).toMatch(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    expect(told.requestContext).not.toHaveProperty('authorizer');
  });

  it('tells $connect the request and the authorizer’s context, with every value a string', async () => {
    const handlers = { authorizer: (event: GatewayEvent) => allow(event, { user: 'alice', expires: 42, staff: true }) };
    const { connect, event } = await start({ handlers });
    await connect('/live?channels=general', { headers: { 'User-Agent': 'test/1' } });
    const told = await event('$connect');
    expect(told).toMatchObject({
      queryStringParameters: { channels: 'general' },
      multiValueQueryStringParameters: { channels: ['general'] },
      isBase64Encoded: false,
      requestContext: {
        routeKey: '$connect',
        eventType: 'CONNECT',
        identity: { sourceIp: '127.0.0.1', userAgent: 'test/1' },
        authorizer: { user: 'alice', expires: '42', staff: 'true', principalId: 'alice' },
      },
    });
    expect(told.requestContext.authorizer).toMatchObject({ integrationLatency: expect.any(Number) });
    expect(told).not.toHaveProperty('body');
  });

  it('leaves the query out of the $connect event where the address has none', async () => {
    const { connect, event } = await start();
    await connect();
    expect(await event('$connect')).not.toHaveProperty('queryStringParameters');
  });

  it('gives connections ids of API Gateway’s form', async () => {
    const { connect } = await start();
    const { connectionId } = await connect();
    expect(connectionId).toMatch(/^[\w-]{15}=$/);
  });

  it('takes the stage’s path with a slash at its end too', async () => {
    const { connect } = await start();
    expect((await connect('/live/')).connectionId).not.toBe('');
  });

  it.each(['/', '/test', '/live/x', '/livex'])('refuses %s with 403', async (path) => {
    const { refused, invocations } = await start();
    const answer = await refused(path);
    expect(answer).toMatchObject({ status: 403, body: '{"message":"Forbidden"}' });
    expect(answer.headers['x-amzn-errortype']).toBe('ForbiddenException');
    expect(invocations).toEqual([]);
  });

  it('refuses an address of more than 4,096 characters', async () => {
    const { refused, invocations } = await start();
    expect(await refused(`/live?token=${'x'.repeat(4_090)}`)).toMatchObject({ status: 414 });
    expect(invocations).toEqual([]);
  });

  it('refuses a malformed upgrade before any function is called', async () => {
    const { port, invocations } = await start();
    const socket = connectTcp(port, '127.0.0.1');
    socket.write('GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const answer = await bounded(
      'an answer',
      new Promise((resolve) => socket.once('data', (data) => resolve(String(data)))),
    );
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(invocations).toEqual([]);
  });

  it.each(['route.request.querystring.token', 'route.request.header.Auth'])(
    'answers 401 without a call where %s is missing or empty',
    async (source) => {
      const { refused, invocations } = await start({ handlers: { authorizer: allow }, identitySources: [source] });
      const answer = await refused('/live?token=&other=1', { headers: { Auth: '' } });
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.body)).toMatchObject({ message: 'Unauthorized', connectionId: expect.any(String) });
      expect(invocations).toEqual([]);
    },
  );

  it('calls the authorizer where all identity sources are there', async () => {
    const identitySources = ['route.request.querystring.token', 'route.request.header.Auth'];
    const { connect, eventsOf } = await start({ handlers: { authorizer: allow }, identitySources });
    await connect('/live?token=t', { headers: { auth: 'a' } });
    expect(eventsOf('authorizer')).toHaveLength(1);
  });

  it('answers 401 where the authorizer throws Unauthorized', async () => {
    const { refused, eventsOf } = await start({ handlers: { authorizer: fail('Unauthorized') } });
    expect((await refused()).status).toBe(401);
    expect(eventsOf('$connect')).toEqual([]);
  });

  it.each([
    ['denies', (event: GatewayEvent) => policy('Deny', event.methodArn ?? '')],
    [
      'allows another route only',
      () => policy('Allow', 'arn:aws:execute-api:us-east-1:000000000000:a1b2c3/live/other'),
    ],
    [
      'allows the REST form of the ARN only',
      () => policy('Allow', 'arn:aws:execute-api:us-east-1:000000000000:a1b2c3/live/*/*'),
    ],
    [
      'allows everything and denies this',
      (event: GatewayEvent) => ({
        principalId: 'alice',
        policyDocument: {
          Statement: [
            { Effect: 'Allow', Action: '*', Resource: '*' },
            { Effect: 'Deny', Action: ['execute-api:Invoke'], Resource: [event.methodArn] },
          ],
        },
      }),
    ],
  ])('answers 403 where the policy %s', async (_, authorizer) => {
    const { refused, eventsOf } = await start({ handlers: { authorizer } });
    const answer = await refused();
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ message: 'Forbidden' });
    expect(eventsOf('$connect')).toEqual([]);
  });

  it('takes a policy with wildcards, and a lone Statement', async () => {
    const authorizer = () => ({
      principalId: 'alice',
      policyDocument: {
        Statement: { Effect: 'Allow', Action: 'execute-api:*', Resource: 'arn:aws:execute-api:*:*:a1b2c3/*' },
      },
    });
    const { connect } = await start({ handlers: { authorizer } });
    expect((await connect()).connectionId).not.toBe('');
  });

  it.each([
    ['throws anything else', fail('no table')],
    ['returns nothing', () => undefined],
    ['returns no principalId', (event: GatewayEvent) => ({ ...allow(event), principalId: undefined })],
    ['returns no policy', () => ({ principalId: 'alice' })],
    ['returns a key that is not known', (event: GatewayEvent) => ({ ...allow(event), isAuthorized: true })],
    ['puts an object into the context', (event: GatewayEvent) => allow(event, { caps: { a: 1 } })],
    ['puts a list into the context', (event: GatewayEvent) => allow(event, { caps: ['a'] })],
    ['returns more than 8 KB', (event: GatewayEvent) => allow(event, { info: 'x'.repeat(8 * 1024) })],
    [
      'sets a condition that is not served',
      () => ({
        principalId: 'alice',
        policyDocument: {
          Statement: [
            { Effect: 'Allow', Action: '*', Resource: '*', Condition: { IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } } },
          ],
        },
      }),
    ],
  ])('answers 500 where the authorizer %s', async (_, authorizer) => {
    const { refused, eventsOf } = await start({ handlers: { authorizer } });
    const answer = await refused();
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body)).toMatchObject({ message: 'Internal server error' });
    expect(eventsOf('$connect')).toEqual([]);
  });

  it('names at the terminal what is wrong with an authorizer’s result', async () => {
    const { refused, warnings } = await start({ handlers: { authorizer: (event) => allow(event, { caps: {} }) } });
    await refused();
    expect(warnings).toEqual([expect.stringContaining('"caps" is neither a string nor a number nor a boolean')]);
  });

  it('takes a result of just under 8 KB', async () => {
    const authorizer = (event: GatewayEvent) => allow(event, { info: 'x'.repeat(7 * 1024) });
    const { connect } = await start({ handlers: { authorizer } });
    expect((await connect()).connectionId).not.toBe('');
  });

  it.each([400, 401, 403, 404, 500, 503])('refuses with the status %i that $connect returned', async (statusCode) => {
    const { refused } = await start({ handlers: { $connect: () => ({ statusCode, body: 'secret' }) } });
    const answer = await refused();
    expect(answer.status).toBe(statusCode);
    expect(answer.body).not.toContain('secret');
  });

  it('connects on any status of 2xx', async () => {
    const { connect } = await start({ handlers: { $connect: () => ({ statusCode: 204 }) } });
    expect((await connect()).connectionId).not.toBe('');
  });

  it.each([
    ['fails', fail('no table')],
    ['returns nothing', () => undefined],
    ['returns no statusCode', () => ({ body: 'hello' })],
  ])('answers 502 where $connect %s', async (_, $connect) => {
    const { refused, eventsOf } = await start({ handlers: { $connect, $disconnect: () => undefined } });
    const answer = await refused();
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ message: 'Internal server error' });
    expect(eventsOf('$disconnect')).toEqual([]);
  });

  it('answers 504 where $connect outlasts the integration timeout', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { refused } = await start({ handlers: { $connect: () => promise }, integrationTimeoutMs: 50 });
    const answer = await refused();
    resolve();
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body)).toMatchObject({ message: 'Endpoint request timed out' });
  });

  it('chooses the subprotocol that $connect returns', async () => {
    const headers = { 'sec-websocket-protocol': 'b' };
    const { connect, event } = await start({ handlers: { $connect: () => ({ statusCode: 200, headers }) } });
    const { socket } = await connect('/live', { protocols: ['a', 'b'] });
    expect(socket.protocol).toBe('b');
    expect((await event('$connect')).headers).toMatchObject({ 'Sec-WebSocket-Protocol': 'a,b' });
  });

  it('chooses no subprotocol where $connect returns none, and such a client gives up', async () => {
    const { connect } = await start();
    await expect(connect('/live', { protocols: ['a'] })).rejects.toThrow('no subprotocol');
  });

  it('lets a connection be found only once $connect has returned', async () => {
    const seen: unknown[] = [];
    const $connect = async (event: GatewayEvent) => {
      const command = new GetConnectionCommand({ ConnectionId: event.requestContext.connectionId });
      await server.management.send(command).catch((error: Error) => seen.push(error.name));
      return { statusCode: 200 };
    };
    const { connect, management } = await start({ handlers: { $connect } });
    const { connectionId } = await connect();
    expect(seen).toEqual(['GoneException']);
    await expect(management.send(new GetConnectionCommand({ ConnectionId: connectionId }))).resolves.toBeDefined();
  });

  it('takes 50 handshakes side by side while $connect is slow', async () => {
    const all = Promise.withResolvers<void>();
    let waiting = 0;
    const $connect = async () => {
      // none is answered before all are there: one after the other would never end
      if (++waiting === 50) all.resolve();
      await all.promise;
      return { statusCode: 200 };
    };
    const { connect, eventsOf } = await start({ handlers: { $connect } });
    await Promise.all(Array.from({ length: 50 }, () => connect()));
    expect(new Set(eventsOf('$connect').map((event) => event.requestContext.connectionId)).size).toBe(50);
  });

  it('tells $disconnect of a client that vanished while $connect ran', async () => {
    const returned = Promise.withResolvers<object>();
    const handlers = { $connect: () => returned.promise, $disconnect: () => undefined };
    const { port, event } = await start({ handlers });
    const socket = connectTcp(port, '127.0.0.1');
    const key = Buffer.alloc(16).toString('base64');
    socket.write(
      `GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    const { requestContext } = await event('$connect');
    socket.destroy();
    returned.resolve({ statusCode: 200 });
    const told = await event('$disconnect');
    expect(told.requestContext).toMatchObject({
      connectionId: requestContext.connectionId,
      disconnectStatusCode: 1006,
    });
  });
});
