import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CONNECTIONS_TABLE,
  contextOf,
  disconnectEvent,
  setFunctionEnvironment,
} from '../support/function-environment.ts';

setFunctionEnvironment();
const { handler } = await import('../../lambdas/disconnect.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const record = {
  id: 'c1',
  user: 'alice',
  connectedAt: 1,
  channels: { '#general': 's1', '#news': 'u2' },
  expiresAt: 9e12,
};
const deleted = () => tables.commandCalls(DeleteCommand).map(({ args: [{ input }] }) => input);

beforeEach(() => {
  tables.reset();
  queues.reset();
});

describe('$disconnect', () => {
  it('sends a leave to every channel of the record, then deletes the record', async () => {
    tables.on(GetCommand).resolves({ Item: record });
    queues.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: { Id: string; MessageBody: string }[] }) => {
      expect(deleted()).toEqual([]);
      expect(Entries.map(({ MessageBody }) => JSON.parse(MessageBody))).toEqual([
        { v: 2, type: 'leave', channel: 'general', connection: 'c1' },
        { v: 2, type: 'leave', channel: 'news', connection: 'c1' },
      ]);
      return { Successful: Entries.map(({ Id }) => ({ Id })) };
    });
    await handler(disconnectEvent(), contextOf());
    expect(deleted()).toEqual([{ TableName: CONNECTIONS_TABLE, Key: { pk: 'CONN#c1', sk: 'CONN' } }]);
  });

  it('of a connection that was taken down already is nothing to do', async () => {
    tables.on(GetCommand).resolves({});
    await handler(disconnectEvent(), contextOf());
    expect(deleted()).toEqual([]);
    expect(queues.calls()).toEqual([]);
  });

  it('fails, so that Lambda tries again, and keeps the record where a leave is not accepted', async () => {
    tables.on(GetCommand).resolves({ Item: record });
    queues.on(SendMessageBatchCommand).rejects(Object.assign(new Error('no'), { name: 'ThrottlingException' }));
    await expect(handler(disconnectEvent(), contextOf())).rejects.toMatchObject({ name: 'Unavailable' });
    expect(deleted()).toEqual([]);
  });
});
