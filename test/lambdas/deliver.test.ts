import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { ChangeMessageVisibilityBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { seqOf } from '../../lambdas/chat/seq.ts';
import {
  CHANNELS_TABLE,
  contextOf,
  PARKED_QUEUE_URL,
  setFunctionEnvironment,
  sqsRecord,
} from '../support/function-environment.ts';
import { publishEvent } from '../support/memory-chat.ts';

setFunctionEnvironment();
const { handler } = await import('../../lambdas/deliver.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const clients = mockClient(ApiGatewayManagementApiClient);
const lines = (['info', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level).mockReturnValue());
const metrics = vi.spyOn(console, 'log').mockReturnValue();

const head = {
  table: CHANNELS_TABLE,
  epoch: 'epoch',
  offset: 41,
  turn: 7,
  last: '',
  claimed: '',
  claimedAt: 0,
  suspect: '',
  trial: { seq: '', failures: 0, after: false },
  expiresAt: 9e12,
};
const reader = {
  sk: 'c1',
  user: 'bob',
  format: 'json',
  token: 's1',
  seq: '',
  from: { epoch: 'epoch', offset: 0 },
  expiresAt: 9e12,
};
const record = (messageId: string, body: unknown, attributes: Parameters<typeof sqsRecord>[2] = {}) =>
  sqsRecord(messageId, body, { MessageGroupId: 'group', SequenceNumber: messageId.slice(1), ...attributes });
const run = (...Records: ReturnType<typeof sqsRecord>[]) => handler({ Records }, contextOf());
const failed = (...ids: string[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });
const posts = () => clients.commandCalls(PostToConnectionCommand).map(({ args: [{ input }] }) => input);
const hidden = () =>
  queues
    .commandCalls(ChangeMessageVisibilityBatchCommand)
    .flatMap(({ args: [{ input }] }) => (input.Entries ?? []).map((e) => [e.ReceiptHandle, e.VisibilityTimeout]));

beforeEach(() => {
  for (const mock of [tables, queues, clients]) mock.reset();
  for (const spy of [...lines, metrics]) spy.mockClear();
  tables.on(UpdateCommand).resolves({ Attributes: head });
  tables.on(GetCommand).resolves({ Item: head });
  tables.on(PutCommand).resolves({});
  tables.on(QueryCommand).resolves({ Items: [reader] });
  queues.on(ChangeMessageVisibilityBatchCommand).resolves({});
  queues.on(SendMessageCommand).resolves({});
  clients.on(PostToConnectionCommand).resolves({});
});

describe('a batch of the channel queue', () => {
  it('is handled in the order of its numbers, and is done', async () => {
    expect(await run(record('m8', publishEvent('first')), record('m9', publishEvent('second')))).toEqual(failed());
    const rows = tables.commandCalls(PutCommand).map(({ args: [{ input }] }) => input.Item);
    expect(rows).toMatchObject([
      { pk: 'LOG#general#epoch', sk: '0000000000000042', id: 'first', seq: `channels.fifo#${seqOf('8')}`, turn: 8 },
      { pk: 'LOG#general#epoch', sk: '0000000000000043', id: 'second', seq: `channels.fifo#${seqOf('9')}`, turn: 8 },
    ]);
    expect(posts()).toHaveLength(1);
    expect(
      String(posts()[0]?.Data)
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { id: 'first', offset: 42 },
      { id: 'second', offset: 43 },
    ]);
    expect(hidden()).toEqual([]);
  });

  it('is reported from the first event on that is not done, and comes back after its receive count in seconds', async () => {
    tables.on(PutCommand).rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
    const Records = [record('m1', publishEvent('a')), record('m2', publishEvent('b', { channel: 'live:x' }))];
    expect(await run(...Records)).toEqual(failed('m1'));
    expect(hidden()).toEqual([['receipt-m1', 1]]);
    expect(lines[1]?.mock.calls.join('\n')).toContain('ThrottlingException');
  });

  it('is given back where it was handed over too late to be worked on', async () => {
    const late = String(Date.now() - 26_000);
    expect(await run(record('m1', publishEvent('a'), { ApproximateFirstReceiveTimestamp: late }))).toEqual(
      failed('m1'),
    );
    expect(tables.calls()).toEqual([]);
  });

  it('is given back where no time is left to work on it', async () => {
    const Records = [record('m1', publishEvent('a'))];
    expect(await handler({ Records }, contextOf(2_900))).toEqual(failed('m1'));
    expect(posts()).toEqual([]);
  });

  it('is renewed first where it was received before', async () => {
    await run(record('m1', publishEvent('a'), { ApproximateReceiveCount: '2' }));
    expect(hidden()).toEqual([['receipt-m1', 45]]);
    expect(posts()).toHaveLength(1);
  });

  it('has its counts published, also where nothing else goes well', async () => {
    clients.on(PostToConnectionCommand).rejects(Object.assign(new Error('no'), { $metadata: { httpStatusCode: 413 } }));
    await run(record('m1', publishEvent('a')));
    const published = metrics.mock.calls.map(([line]) => JSON.parse(String(line)));
    expect(published).toMatchObject([{ PostRefused: 1, ReaderCut: 1, service: 'parley' }]);
  });
});

describe('an event that cannot be read', () => {
  const unreadable = [
    'no JSON',
    'null',
    '5',
    '[]',
    '{}',
    '{"channel":"general"}',
    '{"v":1}',
    '{"v":"1","channel":"c"}',
  ];

  it.each(unreadable)('comes back, and nothing else does: %s', async (body) => {
    const Records = [record('m1', publishEvent('a')), record('m2', body), record('m3', publishEvent('b'))];
    expect(await run(...Records)).toEqual(failed('m2'));
    expect(posts()).toHaveLength(1);
  });

  describe('and has failed twice by itself', () => {
    const parked = () => queues.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => input);

    beforeEach(() => {
      const seq = `channels.fifo#${seqOf('1')}`;
      tables.on(GetCommand).resolves({ Item: { ...head, suspect: seq, trial: { seq, failures: 2, after: false } } });
    });

    it.each(unreadable)('is parked: %s', async (body) => {
      expect(await run(record('m1', body, { ApproximateReceiveCount: '4' }))).toEqual(failed());
      expect(parked()).toMatchObject([{ QueueUrl: PARKED_QUEUE_URL }]);
    });

    it.each(unreadable)('is parked with all that it said: %s', async (body) => {
      await run(record('m1', body, { ApproximateReceiveCount: '4' }));
      expect(JSON.parse(String(parked()[0]?.MessageBody))).toMatchObject({ type: 'unreadable', body });
    });
  });

  it('has no number and no group only where SQS gives none', async () => {
    const bare = sqsRecord('m1', 'no JSON');
    expect(await run(bare)).toEqual(failed('m1'));
    expect(tables.commandCalls(UpdateCommand)[0]?.args[0].input.Key).toEqual({ pk: 'CHAN#', sk: 'HEAD' });
  });
});
