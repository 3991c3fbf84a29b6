import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CONNECTIONS_TABLE,
  contextOf,
  LATER_QUEUE_URL,
  setFunctionEnvironment,
} from '../support/function-environment.ts';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 30);
const MINUTE = Math.floor(NOW / 60_000);
const TIMEOUT = 55_000;

// before the function takes hold of the clock
vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
setFunctionEnvironment();
const { handler } = await import('../../lambdas/sweep.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const clients = mockClient(ApiGatewayManagementApiClient);
const warnings = vi.spyOn(console, 'warn').mockReturnValue();
const metrics = vi.spyOn(console, 'log').mockReturnValue();

const run = (remainingMs = TIMEOUT) => handler({}, contextOf(remainingMs));
const queries = () => tables.commandCalls(QueryCommand).map(({ args: [{ input }] }) => input);
const posts = () => clients.commandCalls(PostToConnectionCommand).map(({ args: [{ input }] }) => input);
const later = () =>
  queues.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => {
    expect(input.QueueUrl).toBe(LATER_QUEUE_URL);
    return JSON.parse(String(input.MessageBody));
  });
/** What the index says of the connections made in a minute. */
const made = (minute: number, ...items: Record<string, unknown>[]) =>
  tables
    .on(QueryCommand, { ExpressionAttributeValues: { ':minute': minute } })
    .resolves({ Items: items.map((item) => ({ expiresAt: 9e12, ...item })) });

beforeEach(() => {
  for (const mock of [tables, queues, clients]) mock.reset();
  warnings.mockClear();
  metrics.mockClear();
  tables.on(QueryCommand).resolves({ Items: [] });
  queues.on(SendMessageCommand).resolves({});
  queues.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: { Id: string }[] }) => ({
    Successful: Entries.map(({ Id }) => ({ Id })),
  }));
  clients.on(PostToConnectionCommand).resolves({});
});
afterAll(() => {
  vi.useRealTimers();
});

describe('the sweep', () => {
  it('looks at the minutes that are due by the interval that is set, by the index, and scans nothing', async () => {
    await run();
    const minutes = queries().map(({ ExpressionAttributeValues }) => ExpressionAttributeValues?.[':minute']);
    expect(minutes).toEqual(Array.from({ length: 14 }, (_, i) => MINUTE - 8 - 9 * i));
    for (const query of queries()) expect(query).toMatchObject({ TableName: CONNECTIONS_TABLE, IndexName: 'byMinute' });
    expect(tables.calls()).toHaveLength(14);
    expect(posts()).toEqual([]);
  });

  it('pings each connection in its own words, and writes and reads nothing for it', async () => {
    made(MINUTE - 8, { pk: 'CONN#c1' }, { pk: 'CONN#c2' });
    made(MINUTE - 17, { pk: 'CONN#c3', format: 'centrifuge' });
    await run();
    expect(posts()).toEqual([
      { ConnectionId: 'c1', Data: '{"type":"ping"}' },
      { ConnectionId: 'c2', Data: '{"type":"ping"}' },
      { ConnectionId: 'c3', Data: '{}' },
    ]);
    expect(tables.commandCalls(GetCommand)).toEqual([]);
    expect(queues.calls()).toEqual([]);
  });

  it('takes down a connection that has vanished', async () => {
    made(MINUTE - 8, { pk: 'CONN#c1' });
    tables
      .on(GetCommand)
      .resolves({ Item: { id: 'c1', user: 'alice', connectedAt: 1, channels: { '#general': 's1' }, expiresAt: 9e12 } });
    clients.on(PostToConnectionCommand).rejects(new GoneException({ message: '', $metadata: { httpStatusCode: 410 } }));
    await run();
    const [batch] = queues.commandCalls(SendMessageBatchCommand).map(({ args: [{ input }] }) => input.Entries ?? []);
    expect(batch?.map(({ MessageBody }) => JSON.parse(String(MessageBody)))).toEqual([
      { v: 2, type: 'leave', channel: 'general', connection: 'c1' },
    ]);
    expect(tables.commandCalls(DeleteCommand)).toHaveLength(1);
  });

  it('has a connection ended whose token has expired', async () => {
    const expires = NOW / 1000 - 60;
    made(MINUTE - 8, { pk: 'CONN#c1', expires });
    tables
      .on(GetCommand)
      .resolves({ Item: { id: 'c1', user: 'alice', connectedAt: 1, channels: {}, expires, expiresAt: 9e12 } });
    await run();
    expect(later()).toEqual([
      { v: 2, type: 'end', connection: 'c1', disconnect: { code: 3005, reason: 'connection expired' } },
    ]);
    expect(posts()).toEqual([]);
  });

  it('ends a subscription whose token has expired', async () => {
    made(MINUTE - 8, { pk: 'CONN#c1', hasEnds: true });
    tables.on(GetCommand).resolves({
      Item: {
        id: 'c1',
        user: 'alice',
        connectedAt: 1,
        channels: { '#general': 's1' },
        'end#general': `s1 ${NOW / 1000 - 60}`,
        hasEnds: true,
        expiresAt: 9e12,
      },
    });
    tables.on(UpdateCommand).resolves({});
    await run();
    const [batch] = queues.commandCalls(SendMessageBatchCommand).map(({ args: [{ input }] }) => input.Entries ?? []);
    expect(batch?.map(({ MessageBody }) => JSON.parse(String(MessageBody)))).toMatchObject([
      { type: 'unsubscribe', channel: 'general', push: { code: 2501 } },
    ]);
    expect(posts()).toHaveLength(1);
  });

  it('hands on what is more than a page, and what is left when the time is nearly over', async () => {
    tables
      .on(QueryCommand, { ExpressionAttributeValues: { ':minute': MINUTE - 8 } })
      .resolves({ Items: [{ pk: 'CONN#c1', expiresAt: 9e12 }], LastEvaluatedKey: { pk: 'CONN#c1' } });
    await run();
    expect(later()).toEqual([{ v: 2, type: 'sweep', minutes: [MINUTE - 8], after: 'c1' }]);
    queues.resetHistory();
    await run(10_000);
    expect(later()).toEqual([
      { v: 2, type: 'sweep', minutes: Array.from({ length: 14 }, (_, i) => MINUTE - 8 - 9 * i) },
    ]);
  });

  it('counts and logs whom it cannot visit for a fault, and goes on', async () => {
    made(MINUTE - 8, { pk: 'CONN#c1' }, { pk: 'CONN#c2' });
    clients
      .on(PostToConnectionCommand, { ConnectionId: 'c1' })
      .rejects(Object.assign(new Error('no'), { $metadata: { httpStatusCode: 403 } }));
    await run();
    expect(posts()).toHaveLength(2);
    expect(warnings.mock.calls.join()).toContain('a connection was left to the next sweep');
    expect(metrics.mock.calls.join()).toContain('SweepSkipped');
  });
});
