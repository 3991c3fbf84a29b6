import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../../local/declarations.ts';
import { fakeClock } from '../../support/clock.ts';
import { type HttpApiServer, type HttpApiSetup, signedHeaders, startHttpApi } from './http-api-server.ts';

let server: HttpApiServer;
afterEach(() => server.close());

async function start(setup: HttpApiSetup) {
  server = await startHttpApi(setup);
  return server;
}

const ok = () => ({ statusCode: 200 });
const ROUTE = 'POST /api/{method}';
const json = ['Content-Type', 'application/json'];

function allow(resource: string, effect: 'Allow' | 'Deny' = 'Allow'): PolicyStatement {
  const arn = `arn:aws:execute-api:us-east-1:000000000000:${resource}`;
  return { effect, actions: ['execute-api:Invoke'], resources: [arn], conditions: {} };
}

describe('the event of a request', () => {
  it('is that of payload format 2.0', async () => {
    const clock = fakeClock(Date.UTC(2026, 10, 22, 13, 4, 5));
    const { call, events, port } = await start({ routes: { [ROUTE]: ok }, options: { clock } });
    await call('/api/publish?a=1&b=x%20y&a=2', {
      method: 'POST',
      headers: [...json, 'User-Agent', 'test/1', 'X-API-Key', 'k'],
      body: '{"channel":"café"}',
    });
    expect(events).toEqual([
      {
        version: '2.0',
        routeKey: ROUTE,
        rawPath: '/api/publish',
        rawQueryString: 'a=1&b=x%20y&a=2',
        headers: {
          'content-length': '19',
          'content-type': 'application/json',
          host: `localhost:${port}`,
          'user-agent': 'test/1',
          'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{16}$/),
          'x-api-key': 'k',
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-port': String(port),
          'x-forwarded-proto': 'http',
        },
        queryStringParameters: { a: '1,2', b: 'x y' },
        pathParameters: { method: 'publish' },
        requestContext: {
          accountId: '000000000000',
          apiId: 'a1b2c3',
          domainName: `localhost:${port}`,
          domainPrefix: 'localhost',
          http: {
            method: 'POST',
            path: '/api/publish',
            protocol: 'HTTP/1.1',
            sourceIp: '127.0.0.1',
            userAgent: 'test/1',
          },
          requestId: expect.stringMatching(/^[\w-]{15}=$/),
          routeKey: ROUTE,
          stage: '$default',
          time: '22/Nov/2026:13:04:05 +0000',
          timeEpoch: clock.now(),
        },
        body: '{"channel":"café"}',
        isBase64Encoded: false,
      },
    ]);
  });

  it('leaves out what a request does not have', async () => {
    const { call, events } = await start({ routes: { $default: ok } });
    await call('/x');
    expect(Object.keys(events[0] ?? {})).toEqual([
      'version',
      'routeKey',
      'rawPath',
      'rawQueryString',
      'headers',
      'requestContext',
      'isBase64Encoded',
    ]);
    expect(events[0]).toMatchObject({
      rawQueryString: '',
      headers: { 'content-length': '0' },
      requestContext: { http: { userAgent: '' } },
    });
  });

  it('joins several values of a header by commas, and has the cookies for themselves', async () => {
    const { call, events } = await start({ routes: { $default: ok } });
    const cookies = ['Cookie', 'session=abc; theme=dark', 'Cookie', 'third=a=b'];
    await call('/', { headers: ['X-Two', 'first', 'x-two', 'second', ...cookies] });
    expect(events[0]?.headers['x-two']).toBe('first,second');
    expect(events[0]?.cookies).toEqual(['session=abc', 'theme=dark', 'third=a=b']);
    expect(events[0]?.headers).not.toHaveProperty('cookie');
  });

  it('tells whom others have forwarded for, and of the rest what API Gateway itself has seen', async () => {
    const { call, events, port } = await start({ routes: { $default: ok } });
    const claimed = ['X-Forwarded-For', '192.0.2.1', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Port', '443'];
    await call('/', { headers: [...claimed, 'Connection', 'close'] });
    expect(events[0]?.headers).toMatchObject({
      'x-forwarded-for': '192.0.2.1,127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': String(port),
    });
    expect(events[0]?.headers).not.toHaveProperty('connection');
  });

  it('has the path decoded, also in its parameters, and the query as it came', async () => {
    const { call, events } = await start({ routes: { 'GET /users/{name}': ok } });
    await call('/users/J%C3%BCrgen%20Doe?literal=a+b&encoded=a%2Bb&empty=&%5F_proto__=x');
    expect(events[0]).toMatchObject({
      rawPath: '/users/Jürgen Doe',
      pathParameters: { name: 'Jürgen Doe' },
      rawQueryString: 'literal=a+b&encoded=a%2Bb&empty=&%5F_proto__=x',
      queryStringParameters: Object.fromEntries([
        ['literal', 'a b'],
        ['encoded', 'a+b'],
        ['empty', ''],
        ['__proto__', 'x'],
      ]),
      requestContext: { http: { path: '/users/Jürgen Doe' } },
    });
    await call('/users/%E0%A4%A');
    expect(events[1]).toMatchObject({ rawPath: '/users/%E0%A4%A', pathParameters: { name: '%E0%A4%A' } });
  });

  it('has the stage in front of the path where that has a name', async () => {
    const { call, events } = await start({ routes: { 'GET /a/{id}': ok, 'GET /': ok }, stageName: 'dev' });
    await call('/dev/a/1');
    await call('/dev');
    expect(events).toMatchObject([
      { rawPath: '/dev/a/1', pathParameters: { id: '1' }, requestContext: { stage: 'dev' } },
      { rawPath: '/dev', routeKey: 'GET /' },
    ]);
    expect((await call('/a/1')).status).toBe(418);
    expect((await call('/devil/a/1')).status).toBe(418);
  });

  it.each([
    ['application/json', false],
    ['Application/JSON; charset=utf-8', false],
    ['text/plain', false],
    ['text/csv', false],
    ['application/xml', false],
    ['application/javascript', false],
    ['application/octet-stream', true],
    ['application/x-www-form-urlencoded', true],
    ['multipart/form-data; boundary=x', true],
    ['image/png', true],
    [undefined, true],
  ])('has a body of the type %s in Base64: %s', async (type, isBase64Encoded) => {
    const { call, events } = await start({ routes: { $default: ok } });
    const body = 'hé{}';
    await call('/', { method: 'POST', headers: type === undefined ? [] : ['Content-Type', type], body });
    expect(events[0]).toMatchObject({
      isBase64Encoded,
      body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
    });
  });

  it('keeps every byte of a body', async () => {
    const { call, events } = await start({ routes: { $default: ok } });
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await call('/', { method: 'PUT', headers: ['Content-Type', 'application/octet-stream'], body });
    expect(Buffer.from(events[0]?.body ?? '', 'base64')).toEqual(body);
  });

  it('takes a body that comes in chunks, and says how long it is', async () => {
    const { port, events } = await start({ routes: { $default: ok } });
    const response = await fetch(`http://localhost:${port}/`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: new Blob(['one', 'two']).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(200);
    expect(events[0]).toMatchObject({ body: 'onetwo', headers: { 'content-length': '6' } });
    expect(events[0]?.headers).not.toHaveProperty('transfer-encoding');
  });
});

describe('the answer of a function', () => {
  const answerOf = async (payload: unknown) => {
    const { call } = await start({ routes: { $default: () => payload } });
    return call('/');
  };

  it('is status, headers and body as it says, under the request’s id', async () => {
    const answered = await answerOf({
      statusCode: 201,
      headers: { 'Content-Type': 'application/json', 'X-Number': 7, Connection: 'close', 'Content-Length': '1' },
      body: '{"é":1}',
    });
    expect(answered).toMatchObject({
      status: 201,
      headers: {
        'content-type': 'application/json',
        'x-number': '7',
        'content-length': '8',
        'apigw-requestid': server.events[0]?.requestContext.requestId,
      },
      body: '{"é":1}',
    });
  });

  it('is plain text where it names no type', async () => {
    const { headers } = await answerOf({ statusCode: 200, body: 'Hello' });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it.each([
    ['an object', { message: 'hi' }, '{"message":"hi"}'],
    ['a string', 'Hello from Lambda!', 'Hello from Lambda!'],
    ['a list', [1, 2], '[1,2]'],
    ['a number', 5, '5'],
    ['nothing', undefined, 'null'],
  ])('is 200 and JSON where it has no statusCode: %s', async (_, payload, body) => {
    const answered = await answerOf(payload);
    expect(answered).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' }, body });
  });

  it('sets each cookie, those of the list first', async () => {
    const { headers } = await answerOf({ statusCode: 200, cookies: ['a=1', 'b=2'], headers: { 'Set-Cookie': 'c=3' } });
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2', 'c=3']);
  });

  it('is decoded where it is in Base64', async () => {
    const body = Buffer.from('hé').toString('base64');
    expect((await answerOf({ statusCode: 200, body, isBase64Encoded: true })).body).toBe('hé');
  });

  it('has no body where its status has none', async () => {
    expect(await answerOf({ statusCode: 204, body: 'x' })).toMatchObject({ status: 204, body: '' });
  });

  it('ignores what is not of the format, as AWS does', async () => {
    const answered = await answerOf({ statusCode: 200, multiValueHeaders: { 'x-a': ['1'] }, other: 1, body: 'x' });
    expect(answered).toMatchObject({ status: 200, body: 'x' });
    expect(answered.headers).not.toHaveProperty('x-a');
  });

  it.each([
    [{ statusCode: 200.5 }, 'no statusCode'],
    [{ statusCode: 0 }, 'no statusCode'],
    [{ statusCode: null }, 'no statusCode'],
    [{ statusCode: 101 }, 'the statusCode 101'],
    [{ statusCode: 200, body: {} }, 'body is not a string'],
    [{ statusCode: 200, cookies: 'a=1' }, 'cookies'],
    [{ statusCode: 200, headers: { 'x-a': 'one\ntwo' } }, 'headers cannot be sent'],
    [{ statusCode: 200, headers: { 'x a': 'one' } }, 'headers cannot be sent'],
  ])('is 500 where it cannot be sent: %j', async (payload, why) => {
    expect(await answerOf(payload)).toMatchObject({
      status: 500,
      headers: { 'content-type': 'application/json' },
      body: '{"message":"Internal Server Error"}',
    });
    expect(server.warnings).toEqual([expect.stringContaining(why)]);
  });
});

describe('an HTTP API', () => {
  it('takes only what it has a route for', async () => {
    const { call, events } = await start({ routes: { [ROUTE]: ok } });
    expect((await call('/api/publish', { method: 'GET' })).status).toBe(418);
    expect((await call('/api', { method: 'POST' })).status).toBe(418);
    expect(events).toEqual([]);
  });

  it('answers 500 where the function fails, and does not tell why', async () => {
    const { call } = await start({
      routes: {
        $default: () => {
          throw new Error('secret');
        },
      },
    });
    expect(await call('/')).toMatchObject({ status: 500, body: '{"message":"Internal Server Error"}' });
  });

  it('answers 503 where the function takes longer than the integration may', async () => {
    const clock = fakeClock();
    const called = Promise.withResolvers<void>();
    const { promise: never } = Promise.withResolvers();
    const { call, warnings } = await start({
      routes: {
        $default: () => {
          called.resolve();
          return never;
        },
      },
      options: { clock },
    });
    const answered = call('/');
    await called.promise;
    clock.advance(30_000);
    expect(await answered).toMatchObject({ status: 503, body: '{"message":"Service Unavailable"}' });
    expect(warnings).toEqual(['http $default: no answer in 30000 ms; the client is told "Service Unavailable"']);
    expect(clock.next).toBeUndefined();
  });

  it('answers 413 above 10 MB, and for what Lambda does not take', async () => {
    const { call, events } = await start({ routes: { $default: () => 'taken' } });
    const post = (bytes: number) => call('/', { method: 'POST', headers: json, body: 'x'.repeat(bytes) });
    const tooLarge = { status: 413, body: '{"message":"Request Entity Too Large"}' };
    expect(await post(10 * 1024 * 1024 + 1)).toMatchObject(tooLarge);
    expect(await post(6_291_456)).toMatchObject(tooLarge);
    expect(events).toEqual([]);
    expect(await post(6_200_000)).toMatchObject({ status: 200, body: 'taken' });
  });

  it('does not mind a client that goes away in the middle of its body', async () => {
    const { port, server: listening, call, warnings } = await start({ routes: { $default: ok } });
    const closed = new Promise<void>((resolve) => {
      listening.once('connection', (accepted) => accepted.once('close', () => resolve()));
    });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf', () => socket.destroy());
    await closed;
    expect((await call('/')).status).toBe(200);
    expect(warnings).toEqual([]);
  });
});

describe('a route that needs a signature', () => {
  const SIGNED = 'POST /iam/{method}';
  const body = '{"channel":"general"}';
  const forbidden = {
    status: 403,
    headers: { 'content-type': 'application/json' },
    body: '{"message":"Forbidden"}',
  };

  async function startSigned(statements: readonly PolicyStatement[]) {
    return start({ routes: { [SIGNED]: ok }, signed: [SIGNED], statements });
  }

  async function call(path = '/iam/publish', change: { body?: string; headers?: string[] } = {}) {
    const { port, credentials } = server;
    const headers = await signedHeaders(port, { path, body, credentials });
    return server.call(path, {
      method: 'POST',
      headers: [...headers, ...(change.headers ?? [])],
      body,
      ...(change.body && { body: change.body }),
    });
  }

  it('lets in the function whose role allows it, and tells who it is', async () => {
    const { events, credentials } = await startSigned([allow('a1b2c3/*/POST/iam/*')]);
    expect((await call()).status).toBe(200);
    const id = expect.stringMatching(/^AROA[A-Z0-9]{17}:caller$/);
    expect(events[0]?.requestContext.authorizer).toEqual({
      iam: {
        accessKey: credentials.accessKeyId,
        accountId: '000000000000',
        callerId: id,
        cognitoIdentity: null,
        principalOrgId: 'aws:PrincipalOrgID',
        userArn: 'arn:aws:sts::000000000000:assumed-role/caller/caller',
        userId: id,
      },
    });
    expect(events[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
  });

  it('asks the role for the stage, the method and the path', async () => {
    await startSigned([allow('a1b2c3/$default/POST/iam/publish')]);
    expect((await call()).status).toBe(200);
    expect(await call('/iam/broadcast')).toMatchObject(forbidden);
    expect(server.warnings).toEqual([
      expect.stringMatching(
        /^AccessDeniedException: .*execute-api:Invoke on resource: arn:.*:a1b2c3\/\$default\/POST\/iam\/broadcast /,
      ),
    ]);
  });

  it('keeps out a function whose role says nothing of it, or denies it', async () => {
    await startSigned([allow('a1b2c3/*/POST/iam/*'), allow('*/iam/publish', 'Deny')]);
    expect(await call()).toMatchObject(forbidden);
    expect((await call('/iam/presence')).status).toBe(200);
    expect(server.events).toHaveLength(1);
  });

  it('keeps out who does not sign, and says at the terminal why', async () => {
    const { events, lines } = await startSigned([allow('*')]);
    expect(await server.call('/iam/publish', { method: 'POST', headers: json, body })).toMatchObject(forbidden);
    expect(events).toEqual([]);
    expect(lines).toEqual([
      `http ${SIGNED}: refused with 403, MissingAuthenticationTokenException: Missing Authentication Token`,
    ]);
  });

  it('keeps out a body that is not the one that was signed, without telling the signer’s token', async () => {
    const { credentials, lines } = await startSigned([allow('*')]);
    expect(await call('/iam/publish', { body: '{"channel":"another"}' })).toMatchObject(forbidden);
    expect(lines).toEqual([expect.stringContaining('InvalidSignatureException')]);
    expect(lines.join()).not.toContain(credentials.sessionToken);
  });

  it('answers 500 where a policy asks what is not served', async () => {
    const conditions = { StringEquals: { 'aws:PrincipalTag/team': ['chat'] } };
    await startSigned([{ ...allow('*'), conditions }]);
    expect(await call()).toMatchObject({ status: 500, body: '{"message":"Internal Server Error"}' });
    expect(server.warnings).toEqual([expect.stringContaining('aws:PrincipalTag/team')]);
  });

  it('knows the address that a call comes from', async () => {
    await startSigned([{ ...allow('*'), conditions: { StringEquals: { 'aws:SourceIp': ['127.0.0.1'] } } }]);
    expect((await call()).status).toBe(200);
  });
});
