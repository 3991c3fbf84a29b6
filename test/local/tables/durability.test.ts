import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StartError } from '../../../local/start-error.ts';
import { systemClock } from '../../../local/system-clock.ts';
import { openTables, type Tables } from '../../../local/tables/tables.ts';
import { documentClient, heard, indexedTable, tableDeclaration } from './table-fixture.ts';

const writerFile = fileURLToPath(new URL('./acknowledging-writer.ts', import.meta.url));

let dataDirectory: string;
let open: Tables[];

beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'parley-tables-'));
  open = [];
});

afterEach(async () => {
  for (const tables of open) await tables.close();
  rmSync(dataDirectory, { recursive: true });
});

async function opened(declaration = tableDeclaration()): Promise<Tables> {
  const tables = await openTables([declaration], { clock: systemClock, activity: heard(), dataDirectory });
  open.push(tables);
  return tables;
}

async function storedNumbers(tables: Tables): Promise<number[]> {
  const query = { TableName: 'Parley-Channels', KeyConditionExpression: 'pk = :pk' };
  const client = documentClient(tables.url);
  const { Items = [] } = await client.send(new QueryCommand({ ...query, ExpressionAttributeValues: { ':pk': 'LOG' } }));
  client.destroy();
  return Items.map(({ sk }) => Number(sk));
}

it('has every item that was acknowledged before the process was killed', async () => {
  const writer = spawn(process.execPath, [writerFile, dataDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === 50) writer.kill('SIGKILL');
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
  expect(writer.signalCode).toBe('SIGKILL');
  expect(await storedNumbers(await opened())).toEqual(expect.arrayContaining(acknowledged));
});

it('keeps its items from one run to the next', async () => {
  const first = await opened();
  const client = documentClient(first.url);
  await client.send(new PutCommand({ TableName: 'Parley-Channels', Item: { pk: 'LOG', sk: '7' } }));
  client.destroy();
  await open.pop()?.close();
  expect(await storedNumbers(await opened())).toEqual([7]);
});

it('says that another server has the directory open', async () => {
  await opened();
  await expect(opened()).rejects.toThrow(StartError);
  await expect(opened()).rejects.toThrow(`${dataDirectory} cannot be used for the tables: another server has it open.`);
});

it('refuses a table on disk whose key is another than declared, and says what to do', async () => {
  await opened();
  await open.pop()?.close();
  const { create } = tableDeclaration();
  const AttributeDefinitions = [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'N' },
  ];
  const changed = opened(tableDeclaration({ create: { ...create, AttributeDefinitions } }));
  await expect(changed).rejects.toThrow(
    `The table Parley-Channels in ${dataDirectory} has the key pk (S), sk (S); the stack declares the key pk (S), sk (N). ` +
      'It cannot change that here: start with another --data directory, or delete this one and what is in it.',
  );
});

it('refuses a table on disk that lacks a declared index', async () => {
  await opened();
  await open.pop()?.close();
  const { create } = tableDeclaration();
  const GlobalSecondaryIndexes = [
    { IndexName: 'bySk', KeySchema: [{ AttributeName: 'sk', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } },
  ];
  const changed = opened(tableDeclaration({ create: { ...create, GlobalSecondaryIndexes } }));
  await expect(changed).rejects.toThrow(
    'the stack declares the key pk (S), sk (S) and the index bySk of sk (S) with all attributes.',
  );
});

it('refuses a table on disk whose index projects other attributes than declared', async () => {
  const projecting = (Projection: object) =>
    indexedTable([{ IndexName: 'byUser', KeySchema: [{ AttributeName: 'userKey', KeyType: 'HASH' }], Projection }]);
  await opened(projecting({ ProjectionType: 'KEYS_ONLY' }));
  await open.pop()?.close();
  await opened(projecting({ ProjectionType: 'KEYS_ONLY' }));
  await open.pop()?.close();
  const changed = opened(projecting({ ProjectionType: 'INCLUDE', NonKeyAttributes: ['format'] }));
  await expect(changed).rejects.toThrow(
    /the index byUser of userKey \(S\) with the keys; .* of userKey \(S\) with the keys, format\./,
  );
});
