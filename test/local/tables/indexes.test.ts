import {
  BatchGetCommand,
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FunctionDeclaration } from '../../../local/declarations.ts';
import { type Endpoint, openEndpoint } from '../../../local/endpoint/endpoint.ts';
import { createCredentialRegistry } from '../../../local/iam/credentials.ts';
import { systemClock } from '../../../local/system-clock.ts';
import { openTables, type Tables } from '../../../local/tables/tables.ts';
import { documentClient, heard, indexedTable } from './table-fixture.ts';

const { name: TableName, arn: TABLE } = indexedTable();
const PROJECTED = 'One or more parameter values were invalid: ';
const EMPTY = 'One or more parameter values are not valid. ';

let endpoint: Endpoint;
let tables: Tables;
let client: DynamoDBDocumentClient;

beforeEach(async () => {
  const activity = heard();
  endpoint = await openEndpoint({ activity });
  tables = await openTables([indexedTable()], { clock: systemClock, activity });
  client = clientWhoMay(['dynamodb:*'], [TABLE, `${TABLE}/index/*`]);
});

afterEach(async () => {
  client.destroy();
  await endpoint.close();
  await tables.close();
});

/** A client of a function whose role allows these actions on these resources. */
function clientWhoMay(actions: readonly string[], resources: readonly string[]): DynamoDBDocumentClient {
  const credentials = createCredentialRegistry();
  const caller: FunctionDeclaration = {
    logicalId: 'Sweep',
    name: 'Parley-Sweep',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:Parley-Sweep',
    codeDirectory: '/',
    handler: 'index.handler',
    timeoutMs: 1000,
    memoryMb: 128,
    environment: {},
    statements: [{ effect: 'Allow', actions, resources, conditions: {} }],
  };
  endpoint.serve([tables], { credentials, functions: [caller], clock: systemClock });
  return documentClient(endpoint.url, credentials.issueCredentials(caller.arn));
}

/** Connections `c0`, `c1`, … of one minute and alternately of alice and bob. */
async function put(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const Item = { pk: `c${n}`, sk: 'CONN', userKey: n % 2 === 0 ? 'alice' : 'bob', minute: 7, format: 'json', n };
    await client.send(new PutCommand({ TableName, Item }));
  }
}

const ofMinute = (minute: number, more: Partial<QueryCommandInput> = {}) =>
  new QueryCommand({
    TableName,
    IndexName: 'byMinute',
    KeyConditionExpression: '#minute = :minute',
    ...more,
    ExpressionAttributeNames: { '#minute': 'minute', ...more.ExpressionAttributeNames },
    ExpressionAttributeValues: { ':minute': minute, ...more.ExpressionAttributeValues },
  });

const ofUser = (user: string, more: Partial<QueryCommandInput> = {}) =>
  new QueryCommand({
    TableName,
    IndexName: 'byUser',
    KeyConditionExpression: 'userKey = :user',
    ExpressionAttributeValues: { ':user': user },
    ...more,
  });

describe('a global secondary index', () => {
  it('holds what has its key, with the attributes that it projects and no others', async () => {
    await put(3);
    await client.send(new PutCommand({ TableName, Item: { pk: 'c9', sk: 'SUB', format: 'json' } }));
    const { Items: users } = await client.send(ofUser('bob'));
    expect(users).toEqual([{ pk: 'c1', sk: 'CONN', userKey: 'bob' }]);
    const { Items: minutes } = await client.send(ofMinute(7));
    expect(minutes?.map(({ pk, format, n }) => ({ pk, format, n }))).toEqual([
      { pk: 'c0', format: 'json' },
      { pk: 'c1', format: 'json' },
      { pk: 'c2', format: 'json' },
    ]);
  });

  it('follows an item that is given another key, or loses its key', async () => {
    await put(2);
    const update = (pk: string, UpdateExpression: string, values: Record<string, unknown> | undefined) =>
      client.send(
        new UpdateCommand({
          TableName,
          Key: { pk, sk: 'CONN' },
          UpdateExpression,
          ...(values && { ExpressionAttributeValues: values }),
        }),
      );
    await update('c0', 'SET userKey = :u', { ':u': 'bob' });
    await update('c1', 'REMOVE userKey', undefined);
    expect((await client.send(ofUser('alice'))).Items).toEqual([]);
    expect((await client.send(ofUser('bob'))).Items).toMatchObject([{ pk: 'c0' }]);
  });

  it('is read in pages, forwards and backwards, from a key that the caller makes', async () => {
    await put(5);
    const { Items, LastEvaluatedKey } = await client.send(ofMinute(7, { Limit: 2 }));
    expect(Items).toMatchObject([{ pk: 'c0' }, { pk: 'c1' }]);
    expect(LastEvaluatedKey).toEqual({ pk: 'c1', sk: 'CONN', minute: 7 });
    const from = { ExclusiveStartKey: { pk: 'c2', sk: 'CONN', minute: 7 } };
    expect((await client.send(ofMinute(7, from))).Items).toMatchObject([{ pk: 'c3' }, { pk: 'c4' }]);
    const back = await client.send(ofMinute(7, { ...from, ScanIndexForward: false }));
    expect(back.Items).toMatchObject([{ pk: 'c1' }, { pk: 'c0' }]);
  });

  it('is scanned, as its table is', async () => {
    await put(3);
    const { Items: inIndex = [] } = await client.send(new ScanCommand({ TableName, IndexName: 'byUser' }));
    expect(inIndex.map(({ pk }) => pk).sort()).toEqual(['c0', 'c1', 'c2']);
    const scan = { TableName, FilterExpression: 'n > :one', ExpressionAttributeValues: { ':one': 1 } };
    expect((await client.send(new ScanCommand(scan))).Items).toMatchObject([{ pk: 'c2', n: 2 }]);
  });

  it('is not read consistently', async () => {
    const message = 'Consistent reads are not supported on global secondary indexes';
    await expect(client.send(ofMinute(7, { ConsistentRead: true }))).rejects.toMatchObject({
      name: 'ValidationException',
      message,
    });
    const scan = new ScanCommand({ TableName, IndexName: 'byUser', ConsistentRead: true });
    await expect(client.send(scan)).rejects.toMatchObject({ name: 'ValidationException', message });
  });
});

describe('a batch of keys', () => {
  it('is read from the table', async () => {
    await put(3);
    const Keys = ['c0', 'c2', 'c8'].map((pk) => ({ pk, sk: 'CONN' }));
    const { Responses } = await client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys } } }));
    expect(Responses?.[TableName]?.map(({ pk }) => pk).sort()).toEqual(['c0', 'c2']);
  });

  it('is refused to who may only read single items of the table', async () => {
    client.destroy();
    client = clientWhoMay(['dynamodb:GetItem'], [TABLE]);
    const RequestItems = { [TableName]: { Keys: [{ pk: 'c0', sk: 'CONN' }] } };
    await expect(client.send(new BatchGetCommand({ RequestItems }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`dynamodb:BatchGetItem on resource: ${TABLE} `),
    });
  });
});

describe('the role of who reads an index', () => {
  it('must allow it on the index', async () => {
    client.destroy();
    client = clientWhoMay(['dynamodb:Query'], [TABLE, `${TABLE}/index/byUser`]);
    expect((await client.send(ofUser('alice'))).Items).toEqual([]);
    await expect(client.send(ofMinute(7))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`dynamodb:Query on resource: ${TABLE}/index/byMinute `),
    });
  });

  it('need not allow it on the table', async () => {
    client.destroy();
    client = clientWhoMay(['dynamodb:Query'], [`${TABLE}/index/*`]);
    expect((await client.send(ofMinute(7))).Items).toEqual([]);
  });
});

describe('an empty text', () => {
  const Item = { pk: 'c0', sk: 'CONN', userKey: '' };
  const message =
    `${EMPTY}A value specified for a secondary index key is not supported. The AttributeValue for a key attribute ` +
    'cannot contain an empty string value. IndexName: byUser, IndexKey: userKey';

  it('is no key of an index where an item is put', async () => {
    const putting = client.send(new PutCommand({ TableName, Item }));
    await expect(putting).rejects.toMatchObject({ name: 'ValidationException', message });
    const batch = {
      RequestItems: { [TableName]: [{ PutRequest: { Item: { ...Item, userKey: 'a' } } }, { PutRequest: { Item } }] },
    };
    await expect(client.send(new BatchWriteCommand(batch))).rejects.toMatchObject({ message });
  });

  it('is no key of an index where an item is updated', async () => {
    const update = (UpdateExpression: string, names: Record<string, string>) =>
      client.send(
        new UpdateCommand({
          TableName,
          Key: { pk: 'c0', sk: 'CONN' },
          UpdateExpression,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ':none': '', ':n': 1 },
        }),
      );
    const refusal =
      `${EMPTY}The update expression attempted to update a secondary index key to a value that is not supported. ` +
      'The AttributeValue for a key attribute cannot contain an empty string value.';
    await expect(update('SET #n = :n, #user = :none', { '#n': 'n', '#user': 'userKey' })).rejects.toMatchObject({
      name: 'ValidationException',
      message: refusal,
    });
    await update('SET #n = :n, #format = :none', { '#n': 'n', '#format': 'format' });
  });
});

describe('attributes that an index does not project', () => {
  it('are no part of an answer', async () => {
    const asked = { ProjectionExpression: 'pk, #f, n', ExpressionAttributeNames: { '#f': 'format' } };
    await expect(client.send(ofUser('bob', asked))).rejects.toMatchObject({
      name: 'ValidationException',
      message: `${PROJECTED}Global secondary index byUser does not project [format, n]`,
    });
    const scan = new ScanCommand({ TableName, IndexName: 'byMinute', ProjectionExpression: 'pk, n' });
    await expect(client.send(scan)).rejects.toMatchObject({
      message: `${PROJECTED}Global secondary index byMinute does not project [n]`,
    });
  });

  it('are nothing to filter a query by', async () => {
    const filter = (FilterExpression: string) =>
      ofMinute(7, {
        FilterExpression,
        ExpressionAttributeNames: { '#end': 'expiresAt', '#n': 'n' },
        ExpressionAttributeValues: { ':now': 1, ':zero': 0 },
      });
    const refused = client.send(filter('#end > :now AND NOT (size(#n) IN (:zero) OR attribute_exists(made.at))'));
    await expect(refused).rejects.toMatchObject({
      name: 'ValidationException',
      message: `${PROJECTED}Secondary index byMinute does not project one or more filter attributes: [n, made]`,
    });
  });

  it('are not what an index projects, with its keys and those of the table', async () => {
    await put(1);
    const filtered = ofMinute(7, {
      ProjectionExpression: 'pk, sk, #minute, #format',
      FilterExpression: '(attribute_not_exists(expiresAt) or expiresAt between :low and :high) and begins_with(sk, :c)',
      ExpressionAttributeNames: { '#format': 'format' },
      ExpressionAttributeValues: { ':low': 1, ':high': 2, ':c': 'C' },
    });
    expect((await client.send(filtered)).Items).toEqual([{ pk: 'c0', sk: 'CONN', minute: 7, format: 'json' }]);
  });
});
