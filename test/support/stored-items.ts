import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Parley } from '../../local/serve.ts';

/** An item as the table has it. */
export type Item = Readonly<Record<string, unknown>>;

type Served = Pick<Parley, 'dynamoUrl' | 'stack'>;
/** By its logical id. */
type Table = 'Connections' | 'Channels';

/** DynamoDB takes so many items a call. */
const BATCH = 25;

/** What a served stack's table holds under one `pk`, in the order of `sk`; expired items, too. */
export async function storedItems(served: Served, table: Table, pk: string): Promise<Item[]> {
  return inTable(served, table, async (client, TableName) => {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        ConsistentRead: true,
      }),
    );
    if (LastEvaluatedKey !== undefined) throw new Error(`${pk} is more than a page`);
    return Items;
  });
}

/** The connections that have a row in a channel, by their user. */
export async function storedReaders(served: Served, channel: string): Promise<Map<string, string>> {
  const rows = await storedItems(served, 'Connections', `SUB#${channel}#0`);
  return new Map(rows.map(({ user, sk }) => [String(user), String(sk)]));
}

/** Writes items with all that they have; what stands under their keys goes. */
export async function putItems(served: Served, table: Table, items: readonly Item[]): Promise<void> {
  await inTable(served, table, async (client, TableName) => {
    for (let from = 0; from < items.length; from += BATCH) {
      const requests = items.slice(from, from + BATCH).map((Item) => ({ PutRequest: { Item } }));
      await client.send(new BatchWriteCommand({ RequestItems: { [TableName]: requests } }));
    }
  });
}

/** Deletes what stands under one `pk`. */
export async function removeItems(served: Served, table: Table, pk: string): Promise<void> {
  const items = await storedItems(served, table, pk);
  await inTable(served, table, async (client, TableName) => {
    for (let from = 0; from < items.length; from += BATCH) {
      const requests = items.slice(from, from + BATCH).map(({ sk }) => ({ DeleteRequest: { Key: { pk, sk } } }));
      await client.send(new BatchWriteCommand({ RequestItems: { [TableName]: requests } }));
    }
  });
}

/** Sets attributes of an item, beside whoever writes others of it. False: there is none, and none is made. */
export async function changeItem(
  served: Served,
  table: Table,
  { pk, sk }: Item,
  attributes: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const changes = Object.entries(attributes);
  return inTable(served, table, async (client, TableName) => {
    try {
      await client.send(
        new UpdateCommand({
          TableName,
          Key: { pk, sk },
          ConditionExpression: 'attribute_exists(pk)',
          UpdateExpression: `SET ${changes.map((_, i) => `#a${i} = :a${i}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(changes.map(([name], i) => [`#a${i}`, name])),
          ExpressionAttributeValues: Object.fromEntries(changes.map(([, value], i) => [`:a${i}`, value])),
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  });
}

async function inTable<T>(
  { dynamoUrl, stack }: Served,
  table: Table,
  work: (client: DynamoDBDocumentClient, tableName: string) => Promise<T>,
): Promise<T> {
  const client = new DynamoDBClient({
    endpoint: dynamoUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  });
  try {
    const declared = stack.tables.find(({ logicalId }) => logicalId === table);
    if (declared === undefined) throw new Error(`the stack has no table ${table}`);
    return await work(DynamoDBDocumentClient.from(client), declared.name);
  } finally {
    client.destroy();
  }
}
