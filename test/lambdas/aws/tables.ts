import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';

// dynalite has no types
const dynalite = createRequire(import.meta.url)('dynalite') as (options: { createTableMs: number }) => Server;

/** A DynamoDB of its own, in this process: it evaluates expressions as DynamoDB does. */
export interface Tables extends AsyncDisposable {
  readonly client: DynamoDBDocumentClient;
  /** A new table with the keys `pk` and `sk`; answers its name. */
  create(): Promise<string>;
  /** Writes an item as it is. */
  put(table: string, item: Record<string, unknown>): Promise<void>;
  /** All items, by `pk` and `sk`. */
  items(table: string): Promise<Record<string, unknown>[]>;
}

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
      const keys = [
        ['pk', 'HASH'],
        ['sk', 'RANGE'],
      ] as const;
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: keys.map(([AttributeName]) => ({ AttributeName, AttributeType: 'S' })),
          KeySchema: keys.map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
        }),
      );
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
