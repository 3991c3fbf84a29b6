import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoConnectionIndex } from '../../../lambdas/aws/dynamo-connection-index.ts';
import { dynamoConnections } from '../../../lambdas/aws/dynamo-connections.ts';
import { dynamoSubscriptions } from '../../../lambdas/aws/dynamo-subscriptions.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection, ConnectionIndex, Connections } from '../../../lambdas/chat/ports.ts';
import { OLDEST } from '../../../lambdas/chat/seq.ts';
import { startTables, type Tables } from './tables.ts';

const MINUTE = 29_400_000;
const CONNECTED = MINUTE * 60_000;
const LIFETIME_MS = (2 * 60 * 60 + 10 * 60) * 1000;

const connectionOf = (id: string, more: Partial<Connection> = {}): Connection => ({
  id,
  user: 'alice',
  format: 'json',
  connectedAt: CONNECTED,
  channels: {},
  ends: {},
  ...more,
});

let tables: Tables;
let table: string;
let now: number;
let connections: Connections;
let index: ConnectionIndex;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables[Symbol.asyncDispose]());
beforeEach(async () => {
  table = await tables.create();
  now = CONNECTED;
  connections = dynamoConnections(tables.client, table, () => now);
  index = dynamoConnectionIndex(tables.client, table, () => now);
});

/** The client of the tables, with queries that have smaller pages than they ask for. */
const withPagesOf = (Limit: number): DynamoDBDocumentClient =>
  Object.assign(Object.create(tables.client), {
    send: (command: QueryCommand) => tables.client.send(new QueryCommand({ ...command.input, Limit })),
  });
const idsOf = (swept: readonly { readonly id: string }[]) => swept.map(({ id }) => id);

describe("a user's connections", () => {
  it('are found, and nobody else, and nothing that is no connection', async () => {
    await connections.create(connectionOf('c1'));
    await connections.create(connectionOf('c2=', { connectedAt: CONNECTED + 60_000 }));
    await connections.create(connectionOf('c3', { user: 'bob' }));
    await dynamoSubscriptions(tables.client, table, 'queue.fifo').put('general', {
      connection: 'c1',
      user: 'alice',
      format: 'json',
      token: 's1',
      seq: OLDEST,
      from: { epoch: '', offset: 0 },
      expiresAt: CONNECTED,
    });
    expect((await index.ofUser('alice')).sort()).toEqual(['c1', 'c2=']);
    expect(await index.ofUser('bob')).toEqual(['c3']);
    expect(await index.ofUser('carol')).toEqual([]);
  });

  it('are those that a new token has made theirs', async () => {
    await connections.create(connectionOf('c1', { user: '' }));
    await connections.refresh('c1', { user: 'bob' });
    expect(await index.ofUser('bob')).toEqual(['c1']);
  });

  it('are none for the anonymous user, of whom nobody knows who it is', async () => {
    await connections.create(connectionOf('c1', { user: '' }));
    expect(await index.ofUser('')).toEqual([]);
  });

  it('are found on all pages, also behind one without any', async () => {
    const client = mockClient(tables.client);
    try {
      const LastEvaluatedKey = { pk: 'CONN#c1', sk: 'CONN', userKey: 'alice' };
      client
        .on(QueryCommand)
        .resolvesOnce({ Items: [{ pk: 'CONN#c1' }], LastEvaluatedKey })
        .resolvesOnce({ LastEvaluatedKey })
        .resolvesOnce({ Items: [{ pk: 'CONN#c2' }] });
      expect(await index.ofUser('alice')).toEqual(['c1', 'c2']);
    } finally {
      client.restore();
    }
  });
});

describe('the connections of a minute', () => {
  it('are those that were made in it, with what the sweep looks at', async () => {
    await connections.create(connectionOf('c0', { connectedAt: CONNECTED - 1 }));
    await connections.create(connectionOf('c1', { expires: 7, info: 'secret', channels: { general: 's1' } }));
    await connections.create(connectionOf('c2', { format: 'centrifuge', connectedAt: CONNECTED + 59_999, user: '' }));
    await connections.create(connectionOf('c3', { connectedAt: CONNECTED + 60_000 }));
    await connections.note('c2', { general: { token: 's1', expires: 9 } }, 9);
    expect(await index.madeIn(MINUTE)).toEqual({
      connections: [
        { id: 'c1', format: 'json', expires: 7, hasEnds: false },
        { id: 'c2', format: 'centrifuge', hasEnds: true },
      ],
    });
    expect(idsOf((await index.madeIn(MINUTE - 1)).connections)).toEqual(['c0']);
    expect(await index.madeIn(MINUTE + 2)).toEqual({ connections: [] });
  });

  it('of an older version, which had no format, are plain clients', async () => {
    const key = { pk: 'CONN#c1', sk: 'CONN', minute: MINUTE, user: 'alice' };
    await tables.put(table, { ...key, connectedAt: CONNECTED, expiresAt: CONNECTED / 1000 + 60 });
    expect((await index.madeIn(MINUTE)).connections).toEqual([{ id: 'c1', format: 'json', hasEnds: false }]);
  });

  it('that have expired are not seen', async () => {
    await connections.create(connectionOf('c1'));
    await connections.create(connectionOf('c2', { connectedAt: CONNECTED + 1_000 }));
    now += LIFETIME_MS;
    expect(idsOf((await index.madeIn(MINUTE)).connections)).toEqual(['c2']);
  });

  it('come in pages, in the order of their ids, and a page says where the next begins', async () => {
    const ids = ['c1', 'c2', 'c3', 'c4', 'c5'];
    await Promise.all(ids.map((id) => connections.create(connectionOf(id))));
    const paged = dynamoConnectionIndex(withPagesOf(2), table, () => now);
    const first = await paged.madeIn(MINUTE);
    expect(idsOf(first.connections)).toEqual(['c1', 'c2']);
    expect(first.next).toBe('c2');
    // also behind one that is not there any more
    await connections.remove('c2');
    const second = await paged.madeIn(MINUTE, first.next);
    expect(idsOf(second.connections)).toEqual(['c3', 'c4']);
    const third = await paged.madeIn(MINUTE, second.next);
    expect(idsOf(third.connections)).toEqual(['c5']);
    expect(third).not.toHaveProperty('next');
    expect(await paged.madeIn(MINUTE, 'c5')).toEqual({ connections: [] });
  });

  it('are at most 1,000 in a page', async () => {
    const client = mockClient(tables.client);
    try {
      client.on(QueryCommand).resolves({});
      await index.madeIn(MINUTE);
      expect(client.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({ Limit: 1_000 });
    } finally {
      client.restore();
    }
  });

  it('may be none on a page that is not the last', async () => {
    const client = mockClient(tables.client);
    try {
      const Items = [{ pk: 'CONN#c1', expiresAt: 0 }];
      client.on(QueryCommand).resolves({ Items, LastEvaluatedKey: { pk: 'CONN#c1', sk: 'CONN', minute: MINUTE } });
      expect(await index.madeIn(MINUTE)).toEqual({ connections: [], next: 'c1' });
    } finally {
      client.restore();
    }
  });
});

it('is unavailable where the index cannot be read, and a mistake of ours where there is none', async () => {
  const client = mockClient(tables.client);
  client.on(QueryCommand).rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
  try {
    await expect(index.ofUser('alice')).rejects.toThrow(Unavailable);
    await expect(index.madeIn(MINUTE)).rejects.toThrow(Unavailable);
  } finally {
    client.restore();
  }
  const unnamed = dynamoConnectionIndex(tables.client, 'no-such-table');
  await expect(unnamed.ofUser('alice')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
