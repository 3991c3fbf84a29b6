import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartError } from '../../../local/start-error.ts';
import { openTables, type Tables } from '../../../local/tables/tables.ts';
import { fakeClock } from '../../support/clock.ts';
import { heard, tableDeclaration } from './table-fixture.ts';

const TableName = 'Parley-Channels';
let open: Tables[];

beforeEach(() => {
  open = [];
});

afterEach(async () => {
  for (const tables of open) await tables.close();
});

async function opened(environment: NodeJS.ProcessEnv = {}): Promise<Tables> {
  const tables = await openTables([tableDeclaration()], { clock: fakeClock(), activity: heard(), environment });
  open.push(tables);
  return tables;
}

async function call(tables: Tables, operation: string, input: object | string) {
  const body = typeof input === 'string' ? input : JSON.stringify(input);
  const answer = await tables.handle(`DynamoDB_20120810.${operation}`, body, new AbortController().signal);
  return { status: answer.status, document: JSON.parse(answer.body) };
}

describe('the declared tables', () => {
  it('can be used as soon as they are open', async () => {
    const tables = await opened();
    const Item = { pk: { S: 'A' }, sk: { S: 'B' } };
    expect(await call(tables, 'PutItem', { TableName, Item })).toMatchObject({ status: 200 });
    expect(await call(tables, 'GetItem', { TableName, Key: Item })).toEqual({ status: 200, document: { Item } });
  });

  it('are found by their ARN, too', async () => {
    const tables = await opened();
    const { arn } = tableDeclaration();
    const Item = { pk: { S: 'A' }, sk: { S: 'B' } };
    expect(await call(tables, 'PutItem', { TableName: arn, Item })).toMatchObject({ status: 200 });
    const { document } = await call(tables, 'BatchGetItem', { RequestItems: { [arn]: { Keys: [Item] } } });
    expect(document.Responses).toEqual({ [TableName]: [Item] });
  });
});

describe('what is refused', () => {
  it('names an operation that dynalite does not know', async () => {
    const { status, document } = await call(await opened(), 'TransactWriteItems', { TransactItems: [] });
    expect(status).toBe(400);
    expect(document.message).toContain('TransactWriteItems is not served by dynalite');
  });

  it('is an expression of more than 4 KB', async () => {
    const update = (length: number) => ({
      TableName,
      Key: { pk: { S: 'A' }, sk: { S: 'B' } },
      UpdateExpression: `SET #a = :a${' '.repeat(length - 11)}`,
      ExpressionAttributeNames: { '#a': 'a' },
      ExpressionAttributeValues: { ':a': { N: '1' } },
    });
    const tables = await opened();
    expect(await call(tables, 'UpdateItem', update(4096))).toMatchObject({ status: 200 });
    const { status, document } = await call(tables, 'UpdateItem', update(4097));
    expect({ status, ...document }).toEqual({
      status: 400,
      __type: 'com.amazon.coral.validate#ValidationException',
      message: 'Invalid UpdateExpression: Expression size has exceeded the maximum allowed size; expression size: 4097',
    });
  });

  it('says that a body is no JSON, and that it touches nothing', async () => {
    const tables = await opened();
    expect(tables.iamOf('DynamoDB_20120810.GetItem', '{')).toEqual([]);
    const { status, document } = await call(tables, 'GetItem', '{');
    expect({ status, ...document }).toEqual({
      status: 400,
      __type: 'com.amazon.coral.service#SerializationException',
    });
  });
});

describe('another DynamoDB', () => {
  it('is used where AWS_ENDPOINT_URL_DYNAMODB names one, with the tables created in it', async () => {
    const other = await openTables([], { clock: fakeClock(), activity: heard() });
    open.push(other);
    const tables = await opened({ AWS_ENDPOINT_URL_DYNAMODB: other.url });
    expect(tables.url).toBe(other.url);
    expect((await call(other, 'ListTables', {})).document).toEqual({ TableNames: [TableName] });
  });

  it('is sent signed requests', async () => {
    const authorizations: (string | undefined)[] = [];
    const recorder = createServer((request, response) => {
      authorizations.push(request.headers.authorization);
      response.end(JSON.stringify({ Table: { ...tableDeclaration().create, TableStatus: 'ACTIVE' } }));
    }).listen(0, '127.0.0.1');
    const { port } = await new Promise<AddressInfo>((resolve) => {
      recorder.once('listening', () => resolve(recorder.address() as AddressInfo));
    });
    await opened({
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
    recorder.closeAllConnections();
    recorder.close();
    expect(authorizations).not.toEqual([]);
    for (const authorization of authorizations) {
      expect(authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/dynamodb\/aws4_request/,
      );
    }
  });

  it('is named where it cannot be reached', async () => {
    const gone = await openTables([], { clock: fakeClock(), activity: heard() });
    await gone.close();
    const opening = opened({ AWS_ENDPOINT_URL_DYNAMODB: gone.url });
    await expect(opening).rejects.toThrow(StartError);
    await expect(opening).rejects.toThrow(`DynamoDB at ${gone.url} cannot be reached.`);
  });
});
