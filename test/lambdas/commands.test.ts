import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { SignJWT } from 'jose';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { contextOf, messageEvent, SIGNING_KEY, setFunctionEnvironment } from '../support/function-environment.ts';

const RPC_FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:rpc';

setFunctionEnvironment({
  RPC_FUNCTION,
  NAMESPACES: JSON.stringify({
    '': { historySize: 100, historyTtl: 3600, allowSubscribeForClient: true, allowHistoryForSubscriber: true },
    live: { allowSubscribeForClient: true, allowPublishForClient: true },
    crowd: { presence: true, allowPresenceForClient: true },
  }),
});
const { handler } = await import('../../lambdas/commands.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const secrets = mockClient(SecretsManagerClient);
const clients = mockClient(ApiGatewayManagementApiClient);
const functions = mockClient(LambdaClient);
const warnings = vi.spyOn(console, 'warn').mockReturnValue();

const record = { id: 'c1', user: 'alice', connectedAt: 1, channels: { '#general': 's1' }, expiresAt: 9e12 };
const run = (...documents: unknown[]) =>
  handler(messageEvent(documents.map((d) => JSON.stringify(d)).join('\n')), contextOf());
const read = (body: string | undefined) =>
  String(body)
    .split('\n')
    .map((line) => JSON.parse(line));
const signed = (claims: Record<string, unknown>) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(SIGNING_KEY));
const events = () =>
  queues
    .commandCalls(SendMessageBatchCommand)
    .flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody }) => JSON.parse(String(MessageBody))),
    );
const posts = () => clients.commandCalls(PostToConnectionCommand).map(({ args: [{ input }] }) => input);

beforeEach(() => {
  for (const mock of [tables, queues, secrets, clients, functions]) mock.reset();
  warnings.mockClear();
  tables.on(GetCommand).resolves({ Item: record });
  tables.on(UpdateCommand).resolves({});
  queues.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
  queues.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: { Id: string }[] }) => ({
    Successful: Entries.map(({ Id }) => ({ Id })),
  }));
  secrets.on(GetSecretValueCommand).resolves({ SecretString: JSON.stringify({ signingKey: SIGNING_KEY }) });
  clients.on(PostToConnectionCommand).resolves({});
});

describe('$default', () => {
  it('answers all that is due at once in one frame', async () => {
    const answer = await run(
      { action: 'ping', id: 'p1' },
      { action: 'sendMessage', channel: 'live:x', data: 1, id: 'm1' },
      { action: 'subscribe', channel: 'live:x', id: 's1' },
      { action: 'dance', id: 'd1' },
    );
    expect(answer.statusCode).toBe(200);
    expect(read(answer.body)).toMatchObject([
      { type: 'pong', id: 'p1' },
      { type: 'error', id: 'd1', code: 'unknown_action' },
      { type: 'ack', id: 'm1' },
    ]);
    expect(posts()).toEqual([]);
  });

  it('answers nothing where nothing is due', async () => {
    expect(await run({ action: 'unsubscribe', channel: 'general' })).toEqual({ statusCode: 200 });
  });

  it('answers what is not JSON', async () => {
    const { body } = await handler(messageEvent('hello'), contextOf());
    expect(read(body)).toMatchObject([{ type: 'error', code: 'bad_request' }]);
  });

  it('refreshes a connection with a token of the stack', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = await signed({ sub: 'alice', exp });
    const { body } = await run({ action: 'refresh', token, id: 'r1' });
    expect(read(body)).toEqual([{ type: 'refreshed', id: 'r1', expires: exp }]);
    expect(tables.commandCalls(UpdateCommand)).toHaveLength(1);
  });

  it("answers connect by a post, which promises the sweep's pings, and then sends what it subscribes to", async () => {
    tables.on(GetCommand).resolves({ Item: { ...record, user: '', expires: 0, channels: {} } });
    tables.on(GetCommand, { Key: { pk: 'CHAN#general', sk: 'HEAD' } }).resolves({});
    const token = await signed({ sub: 'alice', channels: ['general', 'live:x'] });
    expect(await run({ id: 1, connect: { token } })).toEqual({ statusCode: 200 });
    expect(posts().map(({ Data }) => JSON.parse(String(Data)))).toEqual([
      {
        id: 1,
        connect: {
          client: 'c1',
          version: 'Parley',
          ping: 600,
          subs: { general: { recoverable: true, positioned: true, epoch: '' }, 'live:x': {} },
        },
      },
    ]);
    expect(events()).toMatchObject([
      { type: 'subscribe', by: 'connect', channel: 'general', user: 'alice', format: 'centrifuge' },
      { type: 'subscribe', by: 'connect', channel: 'live:x', user: 'alice', format: 'centrifuge' },
    ]);
  });

  it('answers nobody who connects by a token that is no good, but with the end of the connection', async () => {
    tables.on(GetCommand).resolves({ Item: { ...record, user: '', expires: 0, channels: {} } });
    const info = vi.spyOn(console, 'info').mockReturnValueOnce();
    const { body } = await run({ id: 1, connect: { token: 'secret-token' } });
    expect(read(body)).toEqual([{ push: { disconnect: { code: 3500, reason: 'invalid token' } } }]);
    expect(queues.commandCalls(SendMessageCommand)).toHaveLength(1);
    expect(info.mock.calls.join()).not.toContain('secret-token');
  });

  it('reads what a channel keeps', async () => {
    const head = { epoch: 'e', offset: 1, turn: 1, table: 'channels', expiresAt: 9e12 };
    tables.on(GetCommand, { Key: { pk: 'CHAN#general', sk: 'HEAD' } }).resolves({ Item: head });
    tables.on(QueryCommand).resolves({ Items: [] });
    const { body } = await run({ action: 'history', channel: 'general', id: 'h1' });
    expect(read(body)).toMatchObject([{ type: 'history', id: 'h1', messages: [] }]);
  });

  it('reads who is there', async () => {
    tables.on(QueryCommand).resolves({ Items: [] });
    const { body } = await run({ action: 'presence', channel: 'crowd:x', id: 'p1' });
    expect(read(body)).toEqual([{ type: 'presence', id: 'p1', channel: 'crowd:x', members: [] }]);
  });

  it("asks the owner's function", async () => {
    functions.on(InvokeCommand).resolves({ Payload: Buffer.from('{"data":3}') as never });
    const { body } = await run({ id: 1, rpc: { method: 'add', data: [1, 2] } });
    expect(read(body)).toEqual([{ id: 1, rpc: { data: 3 } }]);
    const [call] = functions.commandCalls(InvokeCommand).map(({ args: [{ input }] }) => input);
    expect(call?.FunctionName).toBe(RPC_FUNCTION);
    expect(JSON.parse(String(call?.Payload))).toEqual({ method: 'add', data: [1, 2], user: 'alice', client: 'c1' });
  });

  it('posts the replies that do not fit one frame, each frame of 32 KB at most', async () => {
    const pings = Array.from({ length: 1_000 }, (_, i) => ({ action: 'ping', id: `${i}`.padEnd(60, '.') }));
    const { body } = await run(...pings);
    const frames = [...posts().map(({ Data }) => String(Data)), String(body)];
    expect(frames.length).toBeGreaterThan(1);
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(32_768);
    expect(frames.flatMap(read)).toEqual(pings.map(({ id }) => ({ type: 'pong', id })));
    for (const { ConnectionId } of posts()) expect(ConnectionId).toBe('c1');
  });

  describe('where replies beyond one frame cannot be posted', () => {
    const pings = Array.from({ length: 1_000 }, () => ({ action: 'ping', id: 'x'.repeat(60) }));
    const refuse = (httpStatusCode: number) =>
      clients.on(PostToConnectionCommand).rejects(Object.assign(new Error('no'), { $metadata: { httpStatusCode } }));
    const ends = () => queues.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => input);

    it('says no more to a connection that is gone', async () => {
      refuse(410);
      expect(await run(...pings)).toEqual({ statusCode: 200 });
      expect(ends()).toEqual([]);
      expect(warnings.mock.calls.join('\n')).toContain('replies were not delivered');
    });

    it('ends a connection that would not know what was accepted', async () => {
      refuse(413);
      expect(await run(...pings)).toEqual({ statusCode: 200 });
      expect(ends()).toMatchObject([{ MessageBody: '{"v":2,"type":"end","connection":"c1"}' }]);
    });

    it('ends it also where the posts are not let through, and does not fail: the events are sent', async () => {
      const errors = vi.spyOn(console, 'error').mockReturnValueOnce();
      refuse(403);
      expect(await run(...pings)).toEqual({ statusCode: 200 });
      expect(ends()).toHaveLength(1);
      expect(errors.mock.calls.join('\n')).toContain('replies could not be posted');
    });
  });
});
