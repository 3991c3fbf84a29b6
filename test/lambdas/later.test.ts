import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { contextOf, setFunctionEnvironment, sqsRecord } from '../support/function-environment.ts';
import { subscribeEvent } from '../support/memory-chat.ts';

setFunctionEnvironment();
const { handler } = await import('../../lambdas/later.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const clients = mockClient(ApiGatewayManagementApiClient);
const errors = vi.spyOn(console, 'error').mockReturnValue();

const run = (...bodies: unknown[]) =>
  handler({ Records: bodies.map((body, i) => sqsRecord(`m${i + 1}`, body)) }, contextOf(10_000));
const end = (connection: string) => ({ v: 1, type: 'end', connection });
const failed = (...ids: string[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });
const events = () =>
  queues
    .commandCalls(SendMessageBatchCommand)
    .flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody }) => JSON.parse(String(MessageBody))),
    );

beforeEach(() => {
  for (const mock of [tables, queues, clients]) mock.reset();
  errors.mockClear();
  tables.on(GetCommand).resolves({
    Item: { id: 'c1', user: 'alice', connectedAt: 1, channels: { '#general': 's1' }, expiresAt: 9e12 },
  });
  queues.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: { Id: string }[] }) => ({
    Successful: Entries.map(({ Id }) => ({ Id })),
  }));
  queues.on(SendMessageCommand).resolves({});
  clients.on(DeleteConnectionCommand).resolves({});
  clients.on(PostToConnectionCommand).resolves({});
});

describe('what waited', () => {
  it('ends a connection, and takes it down', async () => {
    expect(await run(end('c1'))).toEqual(failed());
    expect(clients.commandCalls(DeleteConnectionCommand)[0]?.args[0].input).toEqual({ ConnectionId: 'c1' });
    expect(events()).toEqual([{ v: 2, type: 'leave', channel: 'general', connection: 'c1' }]);
    expect(tables.commandCalls(DeleteCommand)).toHaveLength(1);
  });

  it('tells a client why its connection ends, before it does', async () => {
    clients.on(DeleteConnectionCommand).callsFake(() => {
      const posts = clients.commandCalls(PostToConnectionCommand).map(({ args: [{ input }] }) => String(input.Data));
      expect(posts).toEqual(['{"type":"disconnect","code":3005,"reason":"connection expired"}']);
      return {};
    });
    const disconnect = { code: 3005, reason: 'connection expired' };
    expect(await run({ ...end('c1'), disconnect })).toEqual(failed());
    expect(clients.commandCalls(DeleteConnectionCommand)).toHaveLength(1);
  });

  it('goes on with the sweep', async () => {
    tables.on(QueryCommand).resolves({ Items: [{ pk: 'CONN#c7', format: 'centrifuge', expiresAt: 9e12 }] });
    expect(await run({ v: 2, type: 'sweep', minutes: [5], after: 'c6' })).toEqual(failed());
    expect(tables.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({
      IndexName: 'byMinute',
      ExclusiveStartKey: { minute: 5, pk: 'CONN#c6' },
    });
    expect(clients.commandCalls(PostToConnectionCommand)[0]?.args[0].input).toEqual({ ConnectionId: 'c7', Data: '{}' });
  });

  it('hands a part of the sweep on when the time is nearly over', async () => {
    const task = { v: 2, type: 'sweep', minutes: [5], after: 'c6' };
    const { batchItemFailures } = await handler({ Records: [sqsRecord('m1', task)] }, contextOf(5_000));
    expect(batchItemFailures).toEqual([]);
    const [sent] = queues.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => input);
    expect(JSON.parse(String(sent?.MessageBody))).toEqual(task);
    expect(clients.commandCalls(PostToConnectionCommand)).toEqual([]);
  });

  it('takes down a connection that is gone already', async () => {
    clients.on(DeleteConnectionCommand).rejects(new GoneException({ message: '', $metadata: { httpStatusCode: 410 } }));
    expect(await run(end('c1'))).toEqual(failed());
    expect(events()).toHaveLength(1);
  });

  it("sends a handshake's subscribe again", async () => {
    const event = subscribeEvent('c1', { handshake: true, attempt: 1 });
    expect(await run({ v: 1, type: 'again', event })).toEqual(failed());
    expect(events()).toEqual([event]);
  });

  it('waits again where it is not certain, alone', async () => {
    clients
      .on(DeleteConnectionCommand, { ConnectionId: 'c2' })
      .rejects(Object.assign(new Error('busy'), { $metadata: { httpStatusCode: 429 } }));
    expect(await run(end('c1'), end('c2'), end('c3'))).toEqual(failed('m2'));
  });

  it('waits again where it fails or cannot be read, alone and with its cause in the log', async () => {
    tables.on(GetCommand, { Key: { pk: 'CONN#c2', sk: 'CONN' } }).rejects(new Error('the table is away'));
    expect(await run('no JSON', end('c2'), end('c3'))).toEqual(failed('m1', 'm2'));
    const text = errors.mock.calls.join('\n');
    expect(text).toContain('the table is away');
    expect(text).toContain('"m1"');
  });
});
