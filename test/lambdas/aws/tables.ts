import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import {
  type AttributeDefinition,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';

// dynalite has no types
const dynalite = createRequire(import.meta.url)('dynalite') as (options: { createTableMs: number }) => Server;

/** A DynamoDB of its own, in this process: it evaluates expressions as DynamoDB does. */
export interface Tables extends AsyncDisposable {
  readonly client: DynamoDBDocumentClient;
  /** A new table with the keys `pk` and `sk` and the indexes of the connections' table; answers its name. */
  create(): Promise<string>;
  /** Writes an item as it is. */
  put(table: string, item: Record<string, unknown>): Promise<void>;
  /** All items, by `pk` and `sk`. */
  items(table: string): Promise<Record<string, unknown>[]>;
}

const keys = (hash: string, range?: string): KeySchemaElement[] => [
  { AttributeName: hash, KeyType: 'HASH' },
  ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
];

const ATTRIBUTES: AttributeDefinition[] = [
  { AttributeName: 'pk', AttributeType: 'S' },
  { AttributeName: 'sk', AttributeType: 'S' },
  { AttributeName: 'userKey', AttributeType: 'S' },
  { AttributeName: 'minute', AttributeType: 'N' },
];

/** As the stack declares them. */
const INDEXES: GlobalSecondaryIndex[] = [
  { IndexName: 'byUser', KeySchema: keys('userKey'), Projection: { ProjectionType: 'KEYS_ONLY' } },
  {
    IndexName: 'byMinute',
    KeySchema: keys('minute', 'pk'),
    Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['format', 'expires', 'hasEnds', 'expiresAt'] },
  },
];

/** Starts a DynamoDB in this process. */
export async function startTables(): Promise<Tables> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const raw = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
  const client = DynamoDBDocumentClient.from(raw);
  let created = 0;
  return {
    client,
    async create() {
      const TableName = `table-${++created}`;
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: ATTRIBUTES,
          KeySchema: keys('pk', 'sk'),
          GlobalSecondaryIndexes: INDEXES,
        }),
      );
      const describe = new DescribeTableCommand({ TableName });
      while ((await client.send(describe)).Table?.TableStatus !== 'ACTIVE');
      return TableName;
    },
    async put(TableName, Item) {
      await client.send(new PutCommand({ TableName, Item }));
    },
    async items(TableName) {
      const { Items = [] } = await client.send(new ScanCommand({ TableName }));
      return Items.sort((a, b) => (`${a.pk} ${a.sk}` < `${b.pk} ${b.sk}` ? -1 : 1));
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      raw.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Command = Parameters<DynamoDBDocumentClient['send']>[0];

/** The client, but for one thing: `happens` comes between its next command of this kind and the answer. */
export function afterNext(
  client: DynamoDBDocumentClient,
  kind: new (...args: never[]) => unknown,
  happens: () => Promise<void>,
): DynamoDBDocumentClient {
  let due = true;
  const send = async (command: Command) => {
    const answer = await client.send(command);
    if (due && command instanceof kind) {
      due = false;
      await happens();
    }
    return answer;
  };
  return Object.assign(Object.create(client), { send });
}
