import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoSubscriptions } from '../../../lambdas/aws/dynamo-subscriptions.ts';
import type { Subscription, Subscriptions } from '../../../lambdas/chat/ports.ts';
import { OLDEST, seqOf } from '../../../lambdas/chat/seq.ts';
import { startTables, type Tables } from './tables.ts';

const NOW = 1_764_000_000_500;
const SECONDS = Math.floor(NOW / 1000);

const reader = (connection: string, more: Partial<Subscription> = {}): Subscription => ({
  connection,
  user: 'alice',
  format: 'json',
  token: 's1',
  seq: seqOf('7'),
  from: { epoch: 'abcd', offset: 41 },
  expiresAt: SECONDS + 60,
  ...more,
});

let tables: Tables;
let table: string;
let now: number;
let subscriptions: Subscriptions;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables[Symbol.asyncDispose]());
beforeEach(async () => {
  table = await tables.create();
  now = NOW;
  subscriptions = dynamoSubscriptions(tables.client, table, 'queue.fifo', () => now);
});

describe('readers', () => {
  it('are read as they were put, each channel its own', async () => {
    const bob = reader('c2', {
      user: '',
      info: { n: 1e300, nothing: null },
      channelInfo: null,
      format: 'centrifuge',
      at: 0,
      joinLeave: true,
      cut: true,
    });
    await subscriptions.put('general', reader('c1'));
    await subscriptions.put('general', bob);
    await subscriptions.put('general#0', reader('c3'));
    expect(await subscriptions.of('general')).toEqual([reader('c1'), bob]);
    expect(await subscriptions.find('general', 'c2')).toEqual(bob);
    expect(await subscriptions.of('nobody')).toEqual([]);
    expect(await subscriptions.find('general', 'c3')).toBeUndefined();
  });

  it('are kept by channel and shard, with their end in seconds and the queue before their number', async () => {
    await subscriptions.put('general', reader('c1'));
    expect(await tables.items(table)).toMatchObject([
      { pk: 'SUB#general#0', sk: 'c1', expiresAt: SECONDS + 60, seq: `queue.fifo#${seqOf('7')}` },
    ]);
  });

  it('whose number is of a queue that was replaced are older than every event', async () => {
    await subscriptions.put('general', reader('c1'));
    const afterwards = dynamoSubscriptions(tables.client, table, 'queue-2.fifo', () => now);
    expect(await afterwards.of('general')).toEqual([reader('c1', { seq: OLDEST })]);
    expect(await afterwards.find('general', 'c1')).toEqual(reader('c1', { seq: OLDEST }));
  });

  it('that have expired are not seen', async () => {
    await subscriptions.put('general', reader('c1', { expiresAt: SECONDS + 1 }));
    await subscriptions.put('general', reader('c2', { expiresAt: SECONDS }));
    expect((await subscriptions.of('general')).map((r) => r.connection)).toEqual(['c1']);
    expect(await subscriptions.find('general', 'c1')).toBeDefined();
    expect(await subscriptions.find('general', 'c2')).toBeUndefined();
  });

  it('of an older version have what they lack filled in', async () => {
    await tables.put(table, { pk: 'SUB#general#0', sk: 'c1', user: 'a', token: 's1', expiresAt: SECONDS + 60 });
    expect(await subscriptions.of('general')).toEqual([
      reader('c1', { user: 'a', seq: OLDEST, from: { epoch: '', offset: 0 } }),
    ]);
  });

  it('that are removed are gone; removing one again is no error', async () => {
    await subscriptions.put('general', reader('c1'));
    await subscriptions.remove('general', 'c1');
    await subscriptions.remove('general', 'c1');
    expect(await subscriptions.of('general')).toEqual([]);
  });

  it('that have caught up with what they missed, are put in the place of what they were', async () => {
    await subscriptions.put('general', reader('c1', { at: 41, channelInfo: { role: 'x' } }));
    await subscriptions.put('general', reader('c1', { seq: seqOf('9') }));
    expect(await subscriptions.of('general')).toEqual([reader('c1', { seq: seqOf('9') })]);
  });

  it('are cut where they are, and not made where they are not', async () => {
    await subscriptions.put('general', reader('c1'));
    await subscriptions.cut('general', 'c1');
    await subscriptions.cut('general', 'c2');
    expect(await subscriptions.of('general')).toEqual([reader('c1', { cut: true })]);
    expect(await tables.items(table)).toHaveLength(1);
  });

  it('of many pages are all found', async () => {
    const info = 'x'.repeat(20_000);
    const connections = Array.from({ length: 120 }, (_, i) => `c${String(i).padStart(3, '0')}`);
    await Promise.all(connections.map((c) => subscriptions.put('general', reader(c, { info }))));
    expect((await subscriptions.of('general')).map((r) => r.connection)).toEqual(connections);
  });

  it('are read consistently, and beyond a page that holds only expired ones', async () => {
    const client = mockClient(tables.client);
    try {
      const item = { sk: 'c2', user: 'bob', token: 's1', expiresAt: SECONDS + 60 };
      client
        .on(QueryCommand)
        .resolvesOnce({
          Items: [{ ...item, sk: 'c1', expiresAt: SECONDS - 1 }],
          LastEvaluatedKey: { pk: 'p', sk: 'c1' },
        })
        .resolvesOnce({ LastEvaluatedKey: { pk: 'p', sk: 'c1' } })
        .resolvesOnce({ Items: [item] });
      expect((await subscriptions.of('general')).map((r) => r.connection)).toEqual(['c2']);
      for (const { args } of client.commandCalls(QueryCommand))
        expect(args[0].input).toMatchObject({ ConsistentRead: true });
    } finally {
      client.restore();
    }
  });
});
