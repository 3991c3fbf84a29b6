import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { GetQueueAttributesCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CHANNELS_TABLE,
  connectEvent,
  contextOf,
  messageEvent,
  setFunctionEnvironment,
  sqsRecord,
} from '../support/function-environment.ts';
import { publishEvent, subscribeEvent } from '../support/memory-chat.ts';

setFunctionEnvironment();
const { handler: connect } = await import('../../lambdas/connect.ts');
const { handler: sendMessage } = await import('../../lambdas/send-message.ts');
const { handler: commands } = await import('../../lambdas/commands.ts');
const { handler: deliver } = await import('../../lambdas/deliver.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const clients = mockClient(ApiGatewayManagementApiClient);
for (const level of ['info', 'warn', 'error', 'log'] as const) vi.spyOn(console, level).mockReturnValue();

const CONNECTED = Date.UTC(2026, 0, 1);
const head = {
  table: CHANNELS_TABLE,
  epoch: 'epoch',
  offset: 0,
  turn: 1,
  last: '',
  claimed: '',
  suspect: '',
  expiresAt: 9e12,
};
const reader = (connection: string, more: object = {}) => ({
  sk: connection,
  user: connection,
  format: 'json',
  token: 's',
  seq: '',
  from: { epoch: 'epoch', offset: 0 },
  expiresAt: 9e12,
  ...more,
});
/** A connection's record, with another channel than the one that is published to. */
const record = (id: string, user: string) => ({
  id,
  user,
  connectedAt: CONNECTED,
  channels: { '#news': 's1' },
  expiresAt: 9e12,
});
const readers = (...Items: object[]) => tables.on(QueryCommand).resolves({ Items });
const goneIs = (connection: string) =>
  clients
    .on(PostToConnectionCommand, { ConnectionId: connection })
    .rejects(new GoneException({ message: '', $metadata: { httpStatusCode: 410 } }));

const publish = (...events: ReturnType<typeof publishEvent>[]) =>
  deliver(
    {
      Records: events.map((event, i) => sqsRecord(`m${i}`, event, { MessageGroupId: 'g', SequenceNumber: `${i + 1}` })),
    },
    contextOf(),
  );
const written = () => tables.commandCalls(PutCommand).map(({ args: [{ input }] }) => input.Item ?? {});
const deleted = () => tables.commandCalls(DeleteCommand).map(({ args: [{ input }] }) => input.Key);
const events = () =>
  queues
    .commandCalls(SendMessageBatchCommand)
    .flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody }) => JSON.parse(String(MessageBody))),
    );
/** Who was posted to. */
const reached = () => clients.commandCalls(PostToConnectionCommand).map(({ args: [{ input }] }) => input.ConnectionId);

beforeEach(() => {
  for (const mock of [tables, queues, clients]) mock.reset();
  tables.on(UpdateCommand).resolves({ Attributes: head });
  tables.on(PutCommand).resolves({});
  tables.on(DeleteCommand).resolves({});
  tables.on(GetCommand).resolves({});
  tables.on(GetCommand, { Key: { pk: 'CONN#r1', sk: 'CONN' } }).resolves({ Item: record('r1', 'bob') });
  tables.on(GetCommand, { Key: { pk: 'CONN#c1', sk: 'CONN' } }).resolves({ Item: record('c1', 'alice') });
  queues.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
  queues.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: { Id: string }[] }) => ({
    Successful: Entries.map(({ Id }) => ({ Id })),
  }));
  clients.on(PostToConnectionCommand).resolves({});
});

/** What the open samples of WebSocket chats on AWS get wrong, one after the other. */
describe('unlike the samples, Parley', () => {
  it('1: takes down the recipient that is gone, not the sender', async () => {
    readers(reader('r1'), reader('c1'));
    goneIs('r1');
    expect(await publish(publishEvent('m1', { connection: 'c1' }))).toEqual({ batchItemFailures: [] });
    expect(deleted()).toEqual([{ pk: 'CONN#r1', sk: 'CONN' }]);
    expect(events()).toEqual([
      { v: 2, type: 'leave', channel: 'news', connection: 'r1' },
      { v: 2, type: 'leave', channel: 'general', connection: 'r1' },
    ]);
  });

  it.each([
    ['by its name', Object.assign(new Error('gone'), { name: 'GoneException', $metadata: { httpStatusCode: 410 } })],
    ['by its status alone', Object.assign(new Error('gone'), { $metadata: { httpStatusCode: 410 } })],
    ['though it has no statusCode', new GoneException({ message: '', $metadata: { httpStatusCode: 410 } })],
  ])('2: knows the error of a connection that is gone, %s', async (_, error) => {
    expect(error).not.toHaveProperty('statusCode');
    readers(reader('r1'));
    clients.on(PostToConnectionCommand).rejects(error);
    expect(await publish(publishEvent('m1'))).toEqual({ batchItemFailures: [] });
    expect(deleted()).toEqual([{ pk: 'CONN#r1', sk: 'CONN' }]);
  });

  it('3: never scans a table, and reads the readers of a channel to the last page', async () => {
    tables
      .on(QueryCommand)
      .resolvesOnce({ Items: [reader('r1')], LastEvaluatedKey: { pk: 'SUB#general#0', sk: 'r1' } })
      .resolvesOnce({ Items: [reader('r2')], LastEvaluatedKey: { pk: 'SUB#general#0', sk: 'r2' } })
      .resolvesOnce({ Items: [reader('r3')] });
    await publish(publishEvent('m1'));
    expect(reached()).toEqual(['r1', 'r2', 'r3']);
    expect(tables.commandCalls(ScanCommand)).toEqual([]);
  });

  it('4: does not take a page of expired rows for the end of the list', async () => {
    const expired = Array.from({ length: 5 }, (_, i) => reader(`old${i}`, { expiresAt: 1 }));
    tables
      .on(QueryCommand)
      .resolvesOnce({ Items: expired, LastEvaluatedKey: { pk: 'SUB#general#0', sk: 'old4' } })
      .resolvesOnce({ Items: [], LastEvaluatedKey: { pk: 'SUB#general#0', sk: 'old5' } })
      .resolvesOnce({ Items: [reader('r1')] });
    await publish(publishEvent('m1'));
    expect(reached()).toEqual(['r1']);
  });

  it('5: does not let one dead recipient fail the publish for the others', async () => {
    readers(reader('r1'), reader('r2'), reader('r3'));
    goneIs('r1');
    clients
      .on(PostToConnectionCommand, { ConnectionId: 'r2' })
      .rejects(Object.assign(new Error('too large'), { $metadata: { httpStatusCode: 413 } }));
    expect(await publish(publishEvent('m1'))).toEqual({ batchItemFailures: [] });
    expect(reached()).toContain('r3');
  });

  it("6: takes the sender's name from its token, whatever the frame says", async () => {
    const frame = { action: 'sendMessage', channel: 'live:x', data: 1, id: 'm1', user: 'mallory', name: 'mallory' };
    await sendMessage(messageEvent(JSON.stringify(frame)), contextOf());
    await commands(messageEvent(`${JSON.stringify(frame)}\n${JSON.stringify({ action: 'ping' })}`), contextOf());
    expect(events().map(({ user }) => user)).toEqual(['alice', 'alice']);
    expect(JSON.stringify(events())).not.toContain('mallory');
  });

  it('7: keeps two messages of one millisecond', async () => {
    readers(reader('r1'));
    await publish(publishEvent('m1', { time: CONNECTED }), publishEvent('m2', { time: CONNECTED }));
    const keys = written().map(({ pk, sk }) => `${pk} ${sk}`);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(2);
  });

  it('8: has every item end at a time in seconds, within what it is meant to live', async () => {
    readers();
    const event = connectEvent({ user: 'alice' });
    await connect(event, contextOf());
    const now = Date.now() / 1000;
    const subscribed = subscribeEvent('r9', { connectedAt: Date.now() });
    tables.on(UpdateCommand).resolves({});
    await deliver(
      {
        Records: [
          sqsRecord('m1', publishEvent('m1'), { SequenceNumber: '1' }),
          sqsRecord('m2', subscribed, { SequenceNumber: '2' }),
        ],
      },
      contextOf(),
    );
    const claims = tables
      .commandCalls(UpdateCommand)
      .map(({ args: [{ input }] }) => input.ExpressionAttributeValues?.[':expiresAt'])
      .filter((expiresAt) => expiresAt !== undefined);
    const ends = [...written().map(({ expiresAt }) => expiresAt), ...claims];
    expect(written().map(({ pk }) => String(pk).split('#')[0])).toEqual(['CONN', 'LOG', 'SUB']);
    expect(ends.length).toBeGreaterThan(3);
    for (const end of ends) {
      expect(end).toBeGreaterThan(now);
      expect(end).toBeLessThan(now + 31 * 24 * 3600);
      expect(Number.isInteger(end)).toBe(true);
    }
  });

  it('9: sends no stack trace and no word of a fault to a client', async () => {
    tables.on(GetCommand).rejects(new TypeError('Cannot read properties of undefined'));
    for (const handler of [sendMessage, commands]) {
      const { body } = await handler(
        messageEvent('{"action":"sendMessage","channel":"live:x","data":1,"id":"m1"}'),
        contextOf(),
      );
      expect(JSON.parse(String(body))).toEqual({
        type: 'error',
        id: 'm1',
        channel: 'live:x',
        code: 'internal',
        message: 'internal error, request api-request',
      });
    }
  });
});
