import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerApiEvent } from '../../lambdas/server-api.ts';
import {
  CHANNEL_QUEUE_URL,
  contextOf,
  LATER_QUEUE_URL,
  SIGNING_KEY,
  setFunctionEnvironment,
} from '../support/function-environment.ts';

setFunctionEnvironment();
const { handler } = await import('../../lambdas/server-api.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const secrets = mockClient(SecretsManagerClient);
const errors = vi.spyOn(console, 'error').mockReturnValue();
const infos = vi.spyOn(console, 'info').mockReturnValue();

const API_KEY = 'the-key-of-the-server-api';
const publication = { channel: 'live:x', data: 'a secret' };

/** A call that API Gateway has routed to `/api/{method}`, with the key. */
const eventOf = (method: string, body: unknown, more: Partial<ServerApiEvent> = {}): ServerApiEvent => ({
  version: '2.0',
  routeKey: 'POST /api/{method}',
  rawPath: `/api/${method}`,
  rawQueryString: '',
  headers: { 'content-type': 'application/json', 'x-api-key': API_KEY },
  pathParameters: { method },
  requestContext: {
    accountId: '000000000000',
    apiId: 'api',
    domainName: 'api.example.com',
    domainPrefix: 'api',
    http: { method: 'POST', path: `/api/${method}`, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
    requestId: 'api-request',
    routeKey: 'POST /api/{method}',
    stage: '$default',
    time: '01/Jan/2026:00:00:00 +0000',
    timeEpoch: 0,
  },
  body: typeof body === 'string' ? body : JSON.stringify(body),
  isBase64Encoded: false,
  ...more,
});
/** The same at `/iam/{method}`, signed. */
const signed = (method: string, body: unknown, headers: Record<string, string> = {}): ServerApiEvent => {
  const event = eventOf(method, body, { routeKey: 'POST /iam/{method}', headers });
  return { ...event, requestContext: { ...event.requestContext, authorizer: { iam: { accessKey: 'AKIDEXAMPLE' } } } };
};
const answerTo = async (event: ServerApiEvent, remainingMs = 29_000) => {
  const { statusCode, headers, body } = await handler(event, contextOf(remainingMs));
  expect(headers).toEqual({ 'content-type': 'application/json' });
  return { status: statusCode, body: JSON.parse(String(body)) };
};
const call = async (method: string, body: unknown) => {
  const answered = await answerTo(eventOf(method, body));
  expect(answered.status).toBe(200);
  return answered.body;
};
const statusWith = async (more: Partial<ServerApiEvent>) =>
  (await answerTo(eventOf('publish', publication, more))).status;
const events = () =>
  queues
    .commandCalls(SendMessageBatchCommand)
    .flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody }) => JSON.parse(String(MessageBody))),
    );

beforeEach(() => {
  for (const mock of [tables, queues, secrets]) mock.reset();
  errors.mockClear();
  infos.mockClear();
  queues.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
  queues.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: { Id: string }[] }) => ({
    Successful: Entries.map(({ Id }) => ({ Id })),
  }));
  queues.on(SendMessageCommand).resolves({});
  secrets
    .on(GetSecretValueCommand)
    .resolves({ SecretString: JSON.stringify({ signingKey: SIGNING_KEY, apiKey: API_KEY }) });
});

describe('the server API', () => {
  it('takes a message when the queue has taken it', async () => {
    expect(await call('publish', publication)).toEqual({ result: {} });
    expect(events()).toMatchObject([{ type: 'publish', channel: 'live:x', data: 'a secret' }]);
    expect(events()[0]).not.toHaveProperty('user');
    expect(queues.commandCalls(SendMessageBatchCommand)[0]?.args[0].input.QueueUrl).toBe(CHANNEL_QUEUE_URL);
  });

  it('sends what a broadcast asks for with as few requests as there may be', async () => {
    const channels = Array.from({ length: 20 }, (_, i) => `live:${i}`);
    expect((await call('broadcast', { channels, data: 1 })).result.responses).toHaveLength(20);
    expect(queues.commandCalls(SendMessageBatchCommand)).toHaveLength(2);
  });

  it('answers what is wrong with a request, and status 200', async () => {
    expect(await call('publish', { channel: 'live:x' })).toEqual({
      error: { code: 107, message: 'bad request: data: is missing' },
    });
    expect(await call('publish', { channel: 'live:x', data: 'x'.repeat(65_536) })).toMatchObject({
      error: {
        code: 106,
        message: expect.stringMatching(/^limit exceeded: data: the message is \d+ bytes too large$/),
      },
    });
    expect(await call('rpc', { method: 'sum' })).toMatchObject({ error: { code: 108 } });
    expect(events()).toEqual([]);
  });

  it('answers a batch command by command', async () => {
    expect(
      await call('batch', { commands: [{ publish: publication }, { history: { channel: 'live:x' } }, {}] }),
    ).toEqual({
      replies: [
        { publish: {} },
        { error: { code: 108, message: 'not available: live:x: its namespace has no history' } },
        { error: { code: 104, message: 'method not found: commands.2: names no method of Parley' } },
      ],
    });
  });

  it('answers older libraries, which name the method in the body', async () => {
    const { pathParameters: _, ...event } = eventOf('', { method: 'publish', params: publication });
    expect((await answerTo({ ...event, routeKey: 'POST /api', rawPath: '/api' })).body).toEqual({ result: {} });
    expect(events()).toMatchObject([{ type: 'publish' }]);
  });

  it('reads what API Gateway has put into base64', async () => {
    const body = Buffer.from(JSON.stringify({ ...publication, data: 'ä' })).toString('base64');
    expect((await answerTo(eventOf('publish', body, { isBase64Encoded: true }))).body).toEqual({ result: {} });
    expect(events()).toMatchObject([{ data: 'ä' }]);
  });

  it('has no other methods', async () => {
    expect(await answerTo(eventOf('connections', {}))).toEqual({
      status: 404,
      body: { error: { code: 104, message: 'method not found: "connections" is no method of Parley' } },
    });
  });

  it('reads nothing but JSON', async () => {
    expect(await answerTo(eventOf('publish', 'channel=live:x'))).toEqual({
      status: 400,
      body: { error: { code: 107, message: 'bad request: the body is not JSON' } },
    });
    const { body: _, ...event } = eventOf('publish', {});
    expect((await answerTo(event)).status).toBe(400);
  });

  it('begins nothing for which there is no time', async () => {
    expect((await answerTo(eventOf('publish', publication), 5_000)).body).toMatchObject({ error: { code: 100 } });
    expect(events()).toEqual([]);
  });

  it('reaches the connections of a user, and counts them', async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 60;
    const record = { id: 'a1', user: 'alice', connectedAt: 1, channels: {}, expiresAt };
    tables.on(QueryCommand).resolves({ Items: [{ pk: 'CONN#a1', sk: 'CONN', userKey: 'alice' }] });
    tables.on(GetCommand).resolves({ Item: record });
    tables.on(ScanCommand).resolves({ Items: [{ pk: 'CONN#a1', user: 'alice', expiresAt }] });
    expect(await call('disconnect', { user: 'alice' })).toEqual({ result: {} });
    const [end] = queues.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => input);
    expect(end?.QueueUrl).toBe(LATER_QUEUE_URL);
    expect(JSON.parse(String(end?.MessageBody))).toMatchObject({
      type: 'end',
      connection: 'a1',
      disconnect: { code: 3503 },
    });
    expect(await call('info', {})).toMatchObject({ result: { nodes: [{ num_clients: 1, num_users: 1 }] } });
  });

  it('tells of a fault nothing but that there was one, and the request to ask about', async () => {
    const away = Object.assign(new Error('table connections is away'), { name: 'InternalServerError' });
    tables.on(ScanCommand).rejects(away);
    const fault = { error: { code: 100, message: 'internal server error: request api-request' } };
    expect(await call('info', {})).toEqual(fault);
    const text = errors.mock.calls.join('\n');
    expect(text).toContain('table connections is away');
    expect(text).toContain('api-request');
  });
});

describe('the key of the server API', () => {
  const unauthorized = {
    status: 401,
    body: {
      error: { code: 101, message: 'unauthorized: the header X-API-Key must hold the API key of the stack' },
    },
  };

  it('may stand in either header, as for Centrifugo', async () => {
    expect(await statusWith({ headers: { authorization: `apikey ${API_KEY}` } })).toBe(200);
    expect(await statusWith({ headers: { authorization: `ApiKey  ${API_KEY}` } })).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ['none', {}],
    ['an empty one', { 'x-api-key': '' }],
    ['another', { 'x-api-key': `${API_KEY}x` }],
    ['another, before the right one', { 'x-api-key': 'x', authorization: `apikey ${API_KEY}` }],
    ['one of another kind', { authorization: `Bearer ${API_KEY}` }],
  ])('is needed: %s is refused', async (_, headers) => {
    expect(await answerTo(eventOf('publish', publication, { headers }))).toEqual(unauthorized);
    expect(events()).toEqual([]);
    expect(infos.mock.calls.join('\n')).not.toContain(API_KEY);
  });

  it('is asked for before anything else is looked at', async () => {
    expect((await answerTo(eventOf('dance', 'no JSON', { headers: {} }))).status).toBe(401);
  });

  it('is not needed where API Gateway has checked a signature', async () => {
    expect((await answerTo(signed('publish', publication))).body).toEqual({ result: {} });
    expect(secrets.commandCalls(GetSecretValueCommand)).toEqual([]);
  });

  it('is needed on a route without a signature, whatever the caller says', async () => {
    const event = signed('publish', publication, { 'x-amz-iam': 'true' });
    expect((await answerTo({ ...event, routeKey: 'POST /api/{method}', rawPath: '/iam/publish' })).status).toBe(401);
    const { authorizer: _, ...requestContext } = event.requestContext;
    expect(
      (await answerTo({ ...event, requestContext: requestContext as ServerApiEvent['requestContext'] })).status,
    ).toBe(401);
  });

  it('that cannot be read lets nobody in, and is a fault', async () => {
    vi.resetModules();
    const { handler: fresh } = await import('../../lambdas/server-api.ts');
    secrets.on(GetSecretValueCommand).rejects(Object.assign(new Error('no secret'), { name: 'InternalServiceError' }));
    const answered = await fresh(eventOf('publish', publication), contextOf());
    expect(JSON.parse(String(answered.body))).toEqual({
      error: { code: 100, message: 'internal server error: request api-request' },
    });
    expect(errors.mock.calls.join('\n')).toContain('no secret');
    expect(events()).toEqual([]);
  });
});
