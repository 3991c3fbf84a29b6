import type { TableDeclaration } from '../declarations.ts';
import type { Activity, Clock } from '../invocation.ts';
import { callDynamo, type DynamoConnection, DynamoError } from './dynamo-connection.ts';

/** How often expired items are looked for. */
const EVERY_MS = 60_000;
/** How long an item outlives its time at the least. AWS takes hours or days; who relies on less is to see it here. */
const LATE_S = 5 * 60;
/** Older times are no expiry: DynamoDB leaves items alone whose time was over five years ago. */
const FIVE_YEARS_S = 5 * 365 * 24 * 60 * 60;

type Item = Readonly<Record<string, unknown>>;
interface Page {
  readonly Items: readonly Item[];
  readonly LastEvaluatedKey?: Item;
}

/**
 * Deletes items whose time is over, as the template's TTL says: each minute those that have been expired for five
 * minutes, so late on purpose. A value that is no number, or more than five years old, is none.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
 *
 * Answers how to stop it, which waits for a sweep that is under way.
 */
export function expireItems(
  connection: DynamoConnection,
  tables: readonly TableDeclaration[],
  { clock, activity }: { readonly clock: Clock; readonly activity: Activity },
): () => Promise<void> {
  let stopped = false;
  let underway = Promise.resolve();
  const next = (): (() => void) =>
    clock.at(clock.now() + EVERY_MS, () => {
      underway = sweep().then(() => {
        if (!stopped) cancel = next();
      });
    });
  let cancel = next();

  async function sweep(): Promise<void> {
    const now = Math.floor(clock.now() / 1000);
    for (const table of tables) {
      if (table.ttlAttribute === undefined) continue;
      try {
        await deleteExpired(connection, table, table.ttlAttribute, now, () => stopped);
      } catch (error) {
        activity.warn(`expired items of ${table.name} stay for now: ${error instanceof Error ? error.message : error}`);
      }
    }
  }

  return async () => {
    stopped = true;
    cancel();
    await underway;
  };
}

async function deleteExpired(
  connection: DynamoConnection,
  { name, create }: TableDeclaration,
  attribute: string,
  now: number,
  isStopped: () => boolean,
): Promise<void> {
  const keys = (create.KeySchema as readonly { readonly AttributeName: string }[]).map((key) => key.AttributeName);
  const scan = {
    TableName: name,
    // what is no number is neither less nor more than one
    FilterExpression: '#ttl < :late AND #ttl > :old',
    ExpressionAttributeNames: { '#ttl': attribute },
    ExpressionAttributeValues: {
      ':late': { N: String(now - LATE_S) },
      ':old': { N: String(now - FIVE_YEARS_S) },
    },
  };
  let from: Item | undefined;
  do {
    const page: Page = await callDynamo(connection, 'Scan', { ...scan, ...(from && { ExclusiveStartKey: from }) });
    for (const item of page.Items) {
      if (isStopped()) return;
      await deleteUnchanged(connection, name, keys, attribute, item);
    }
    from = page.LastEvaluatedKey;
  } while (from);
}

/** Deletes an item, unless its time has been changed since it was seen. */
async function deleteUnchanged(
  connection: DynamoConnection,
  TableName: string,
  keys: readonly string[],
  attribute: string,
  item: Item,
): Promise<void> {
  try {
    await callDynamo(connection, 'DeleteItem', {
      TableName,
      Key: Object.fromEntries(keys.map((key) => [key, item[key]])),
      ConditionExpression: '#ttl = :seen',
      ExpressionAttributeNames: { '#ttl': attribute },
      ExpressionAttributeValues: { ':seen': item[attribute] },
    });
  } catch (error) {
    if (!(error instanceof DynamoError && error.code === 'ConditionalCheckFailedException')) throw error;
  }
}
