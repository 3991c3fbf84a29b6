import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Parley } from '../../local/serve.ts';

/** An item as the table has it. */
export type Item = Readonly<Record<string, unknown>>;

/** What a served stack's table holds under one `pk`, in the order of `sk`; expired items, too. `table`: its logical id. */
export async function storedItems(
  { dynamoUrl, stack }: Pick<Parley, 'dynamoUrl' | 'stack'>,
  table: 'Connections' | 'Channels',
  pk: string,
): Promise<Item[]> {
  const client = new DynamoDBClient({
    endpoint: dynamoUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  });
  try {
    const { Items = [], LastEvaluatedKey } = await DynamoDBDocumentClient.from(client).send(
      new QueryCommand({
        TableName: stack.tables.find(({ logicalId }) => logicalId === table)?.name,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        ConsistentRead: true,
      }),
    );
    if (LastEvaluatedKey !== undefined) throw new Error(`${pk} is more than a page`);
    return Items;
  } finally {
    client.destroy();
  }
}

/** The connections that have a row in a channel, by their user. */
export async function storedReaders(served: Parley, channel: string): Promise<Map<string, string>> {
  const rows = await storedItems(served, 'Connections', `SUB#${channel}#0`);
  return new Map(rows.map(({ user, sk }) => [String(user), String(sk)]));
}
