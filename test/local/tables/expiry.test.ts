import { type DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DynamoConnection } from '../../../local/tables/dynamo-connection.ts';
import { openEmbeddedDynamo } from '../../../local/tables/embedded-dynamo.ts';
import { expireItems } from '../../../local/tables/expiry.ts';
import { createTables } from '../../../local/tables/table-creation.ts';
import { openTables, type Tables } from '../../../local/tables/tables.ts';
import { type FakeClock, fakeClock } from '../../support/clock.ts';
import { documentClient, heard, indexedTable, tableDeclaration } from './table-fixture.ts';

const MINUTE = 60_000;
const YEAR_S = 365 * 24 * 60 * 60;

let clock: FakeClock;
let tables: Tables;
let client: DynamoDBDocumentClient;

beforeEach(async () => {
  clock = fakeClock();
  tables = await openTables([tableDeclaration()], { clock, activity: heard() });
  client = documentClient(tables.url);
});

afterEach(async () => {
  client.destroy();
  await tables.close();
});

const nowSeconds = () => Math.floor(clock.now() / 1000);

async function put(sk: string, expiresAt: unknown): Promise<void> {
  await client.send(new PutCommand({ TableName: 'Parley-Channels', Item: { pk: 'P', sk, expiresAt } }));
}

async function left(): Promise<string[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: 'Parley-Channels' }));
  return Items.map(({ sk }) => String(sk)).sort();
}

/** Lets the minutes pass, and each sweep come to its end. */
async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    clock.advance(MINUTE);
    await expect.poll(() => clock.next, { timeout: 5000, interval: 1 }).toBe(clock.now() + MINUTE);
  }
}

describe('items whose time is over', () => {
  it('are there for five minutes more, and then deleted', async () => {
    await put('expired', nowSeconds() - 1);
    await pass(4);
    expect(await left()).toEqual(['expired']);
    await pass(2);
    expect(await left()).toEqual([]);
  });

  it('are deleted at whatever page of the table they stand', async () => {
    const large = 'x'.repeat(300_000);
    for (const sk of ['1', '2', '3', '4', '5']) {
      const Item = { pk: 'P', sk, large, expiresAt: nowSeconds() - 600 };
      await client.send(new PutCommand({ TableName: 'Parley-Channels', Item }));
    }
    await pass(1);
    expect(await left()).toEqual([]);
  });
});

describe('an item of an index', () => {
  it('is deleted from the index, too', async () => {
    const TableName = 'Indexed';
    const { create } = indexedTable();
    const declared = tableDeclaration({ name: TableName, create: { ...create, TableName } });
    const own = fakeClock();
    const indexed = await openTables([declared], { clock: own, activity: heard() });
    const documents = documentClient(indexed.url);
    const expiresAt = Math.floor(own.now() / 1000) - 3600;
    await documents.send(new PutCommand({ TableName, Item: { pk: 'P', sk: 'expired', minute: 1, expiresAt } }));
    own.advance(MINUTE);
    await expect.poll(() => own.next, { timeout: 5000, interval: 1 }).toBe(own.now() + MINUTE);
    const { Items } = await documents.send(new ScanCommand({ TableName, IndexName: 'byMinute' }));
    documents.destroy();
    await indexed.close();
    expect(Items).toEqual([]);
  });
});

describe('items that stay', () => {
  it('are those whose time is to come', async () => {
    await put('later', nowSeconds() + 3600);
    await put('never', undefined);
    await pass(10);
    expect(await left()).toEqual(['later', 'never']);
  });

  it('are those whose time is no number', async () => {
    await put('text', String(nowSeconds() - 3600));
    await put('expired', nowSeconds() - 3600);
    await pass(1);
    expect(await left()).toEqual(['text']);
  });

  it('are those whose time was over five years ago, as seconds taken for milliseconds would be', async () => {
    await put('ancient', nowSeconds() - 5 * YEAR_S - 600);
    await put('old', nowSeconds() - 5 * YEAR_S + 600);
    await pass(1);
    expect(await left()).toEqual(['ancient']);
  });
});

describe('a sweep that is met by something', () => {
  /** Sweeps once, where each answer to an operation is followed by `then`, which may give the expired item more time. */
  async function swept(operation: string, then: (extend: () => Promise<unknown>) => Promise<unknown>) {
    const connection = await openEmbeddedDynamo();
    const activity = heard();
    const own = fakeClock();
    await createTables(connection, [tableDeclaration()]);
    const expiresAt = { N: String(Math.floor(own.now() / 1000) - 3600) };
    const item = { pk: { S: 'P' }, sk: { S: 'expired' }, expiresAt };
    const write = (changed: object) =>
      connection.send(
        'DynamoDB_20120810.PutItem',
        JSON.stringify({ TableName: 'Parley-Channels', Item: { ...item, ...changed } }),
      );
    await write({});
    const meddled: DynamoConnection = {
      ...connection,
      async send(target, body) {
        const answer = await connection.send(target, body);
        if (target.endsWith(`.${operation}`)) await then(() => write({ expiresAt: { N: '9999999999' } }));
        return answer;
      },
    };
    const stop = expireItems(meddled, [tableDeclaration()], { clock: own, activity });
    own.advance(MINUTE);
    await expect.poll(() => own.next, { timeout: 5000, interval: 1 }).toBe(own.now() + MINUTE);
    await stop();
    const client = documentClient(connection.url);
    const { Items = [] } = await client.send(new ScanCommand({ TableName: 'Parley-Channels' }));
    client.destroy();
    await connection.close();
    return { items: Items.map(({ sk }) => sk), warnings: activity.warnings };
  }

  it('leaves an item whose time was changed after it was seen', async () => {
    const changing = swept('Scan', (extend) => extend());
    expect(await changing).toEqual({ items: ['expired'], warnings: [] });
  });

  it('tells a failure, and goes on a minute later', async () => {
    const failing = swept('Scan', () => Promise.reject(new Error('the network is down')));
    const warnings = ['expired items of Parley-Channels stay for now: the network is down'];
    expect(await failing).toEqual({ items: ['expired'], warnings });
  });
});
