import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoCensus } from '../../../lambdas/aws/dynamo-census.ts';
import { dynamoConnections } from '../../../lambdas/aws/dynamo-connections.ts';
import { dynamoSubscriptions } from '../../../lambdas/aws/dynamo-subscriptions.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Census } from '../../../lambdas/chat/ports.ts';
import { OLDEST } from '../../../lambdas/chat/seq.ts';
import { startTables, type Tables } from './tables.ts';

const NOW = 1_764_000_000_500;
const SECONDS = Math.floor(NOW / 1000);

let tables: Tables;
let table: string;
let census: Census;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables[Symbol.asyncDispose]());
beforeEach(async () => {
  table = await tables.create();
  census = dynamoCensus(tables.client, table, () => NOW);
});

const connected = (id: string, user: string, connectedAt = NOW) =>
  dynamoConnections(tables.client, table).create({
    id,
    user,
    format: 'json',
    connectedAt,
    channels: {},
    ends: {},
  });
const subscribed = (channel: string, connection: string, expiresAt = SECONDS + 60) =>
  dynamoSubscriptions(tables.client, table, 'queue.fifo').put(channel, {
    connection,
    user: 'alice',
    format: 'json',
    token: 's1',
    seq: OLDEST,
    from: { epoch: '', offset: 0 },
    expiresAt,
  });

describe('the census', () => {
  it('counts readers by channel, connections, and users', async () => {
    await connected('c1', 'alice');
    await connected('c2', 'alice');
    await connected('c3', 'bob');
    await connected('c4', '');
    await connected('c5', '');
    for (const connection of ['c1', 'c2', 'c3']) await subscribed('general', connection);
    for (const channel of ['dm:a#0', '#c', '__proto__', 'two\nlines']) await subscribed(channel, 'c1');
    expect(await census.count()).toEqual({
      channels: new Map([
        ['general', 3],
        ['dm:a#0', 1],
        ['#c', 1],
        ['__proto__', 1],
        ['two\nlines', 1],
      ]),
      connections: 5,
      users: 3,
    });
  });

  it('counts nothing where there is nothing', async () => {
    expect(await census.count()).toEqual({ channels: new Map(), connections: 0, users: 0 });
  });

  it('leaves out what has expired, and a channel all of whose readers have', async () => {
    await connected('c1', 'alice', NOW - 3 * 60 * 60_000);
    await connected('c2', 'bob');
    await subscribed('general', 'c1', SECONDS);
    await subscribed('general', 'c2', SECONDS + 1);
    await subscribed('old', 'c1', SECONDS);
    expect(await census.count()).toEqual({ channels: new Map([['general', 1]]), connections: 1, users: 1 });
  });

  it('reads the whole table, and of each item no more than it counts', async () => {
    const client = mockClient(tables.client);
    try {
      const LastEvaluatedKey = { pk: 'p', sk: 's' };
      const reader = { pk: 'SUB#general#0', user: 'alice', expiresAt: SECONDS + 60 };
      client
        .on(ScanCommand)
        .resolvesOnce({ Items: [reader], LastEvaluatedKey })
        .resolvesOnce({ LastEvaluatedKey })
        .resolvesOnce({ Items: [reader, { pk: 'CONN#c1', user: 'alice', expiresAt: SECONDS + 60 }] });
      expect(await census.count()).toEqual({ channels: new Map([['general', 2]]), connections: 1, users: 1 });
      const [first] = client.commandCalls(ScanCommand);
      expect(Object.values(first?.args[0].input.ExpressionAttributeNames ?? {}).sort()).toEqual([
        'expiresAt',
        'pk',
        'user',
      ]);
    } finally {
      client.restore();
    }
  });

  it('is unavailable where the table cannot be read', async () => {
    const client = mockClient(tables.client);
    client.on(ScanCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    try {
      await expect(census.count()).rejects.toThrow(Unavailable);
    } finally {
      client.restore();
    }
  });
});
