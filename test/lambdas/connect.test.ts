import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CHANNEL_QUEUE_URL,
  CONNECTIONS_TABLE,
  connectEvent,
  contextOf,
  setFunctionEnvironment,
} from '../support/function-environment.ts';

setFunctionEnvironment();
const { handler } = await import('../../lambdas/connect.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const log = vi.spyOn(console, 'info').mockReturnValue();
vi.spyOn(console, 'error').mockReturnValue();

const records = () => tables.commandCalls(PutCommand).map(({ args: [{ input }] }) => input);
const events = () =>
  queues
    .commandCalls(SendMessageBatchCommand)
    .flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody }) => JSON.parse(String(MessageBody))),
    );

beforeEach(() => {
  tables.reset();
  queues.reset();
  log.mockClear();
  queues.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: { Id: string }[] }) => ({
    Successful: Entries.map(({ Id }) => ({ Id })),
  }));
});

describe('$connect', () => {
  it('writes a record of who the authorizer says somebody is, for as long as a connection can last', async () => {
    const event = connectEvent({
      user: 'alice',
      expires: '1999999999',
      info: '{"name":"Alice"}',
      serverChannels: '["news"]',
      principalId: 'alice',
    });
    expect(await handler(event, contextOf())).toEqual({ statusCode: 200 });
    const { connectedAt } = event.requestContext;
    expect(records()).toEqual([
      {
        TableName: CONNECTIONS_TABLE,
        Item: {
          pk: 'CONN#c1',
          sk: 'CONN',
          id: 'c1',
          user: 'alice',
          userKey: 'alice',
          expires: 1_999_999_999,
          info: '{"name":"Alice"}',
          serverChannels: '["news"]',
          minute: Math.floor(connectedAt / 60_000),
          format: 'json',
          connectedAt,
          channels: {},
          expiresAt: Math.floor(connectedAt / 1000) + 7_800,
        },
      },
    ]);
    expect(events()).toEqual([]);
  });

  it('subscribes the connection to the channels of its query, from where it stood', async () => {
    const query = { channels: 'general,live:x', 'since.general': 'epoch:41', token: 'secret' };
    expect(await handler(connectEvent({ user: 'alice' }, query), contextOf())).toEqual({ statusCode: 200 });
    expect(events()).toMatchObject([
      {
        type: 'subscribe',
        channel: 'general',
        connection: 'c1',
        user: 'alice',
        handshake: true,
        since: { epoch: 'epoch', offset: 41 },
      },
      { type: 'subscribe', channel: 'live:x', connection: 'c1', user: 'alice', handshake: true },
    ]);
    expect(queues.commandCalls(SendMessageBatchCommand)[0]?.args[0].input.QueueUrl).toBe(CHANNEL_QUEUE_URL);
    expect(Object.keys(records()[0]?.Item?.channels)).toEqual(['#general', '#live:x']);
  });

  it('asks for the newest messages of the channels for which the query says no position', async () => {
    const query = { channels: 'general,live:x', 'since.general': 'epoch:41', rewind: '20' };
    await handler(connectEvent({ user: 'alice' }, query), contextOf());
    const [first, second] = events();
    expect(first).toMatchObject({ channel: 'general', since: { epoch: 'epoch', offset: 41 } });
    expect(first).not.toHaveProperty('rewind');
    expect(second).toMatchObject({ channel: 'live:x', rewind: 20 });
  });

  it.each(['closed:x', 'nowhere:x', 'two words', '$secret', 'general,closed:x'])(
    'refuses with 403 a handshake that asks for %s, and leaves nothing behind',
    async (channels) => {
      const event = connectEvent({ user: 'alice' }, { channels, token: 'secret-token' });
      expect(await handler(event, contextOf())).toEqual({ statusCode: 403 });
      expect(tables.calls()).toEqual([]);
      expect(queues.calls()).toEqual([]);
      const text = JSON.stringify(log.mock.calls);
      expect(text).toContain('a handshake was refused');
      expect(text).not.toContain('secret-token');
    },
  );

  it('fails, and takes the record down again, where the queue does not take its events', async () => {
    tables
      .on(GetCommand)
      .resolves({ Item: { id: 'c1', user: 'alice', connectedAt: 1, channels: {}, expiresAt: 9e12 } });
    queues.on(SendMessageBatchCommand).rejects(Object.assign(new Error('no'), { name: 'ThrottlingException' }));
    const event = connectEvent({ user: 'alice' }, { channels: 'general' });
    await expect(handler(event, contextOf())).rejects.toMatchObject({ name: 'Unavailable' });
    expect(tables.commandCalls(DeleteCommand)).toHaveLength(1);
  });

  it.each([undefined, { principalId: 'alice' }])(
    'believes nobody without a context of the authorizer: %j',
    async (context) => {
      await expect(handler(connectEvent(context), contextOf())).rejects.toThrow('no context of the authorizer');
      expect(tables.calls()).toEqual([]);
    },
  );
});
