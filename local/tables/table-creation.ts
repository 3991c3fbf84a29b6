import { setTimeout } from 'node:timers/promises';
import type { TableDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import { callDynamo, type DynamoConnection, DynamoError } from './dynamo-connection.ts';

/** How long a table may take until it can be used, in ms; embedded ones take none. */
const PATIENCE_MS = 30_000;

/** What is looked at of CreateTable's input and of a table's description alike. */
interface Schema {
  readonly KeySchema?: readonly { readonly AttributeName: string; readonly KeyType: string }[];
  readonly AttributeDefinitions?: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly GlobalSecondaryIndexes?: readonly Index[];
  readonly LocalSecondaryIndexes?: readonly Index[];
}
interface Index extends Pick<Schema, 'KeySchema'> {
  readonly IndexName: string;
  readonly Projection?: { readonly ProjectionType?: string; readonly NonKeyAttributes?: readonly string[] };
}
interface Description extends Schema {
  readonly TableStatus?: string;
}

/**
 * Creates the declared tables that are not there, and waits until all can be used.
 *
 * Throws a StartError where a table is there with another key or other indexes than declared. On AWS, CloudFormation
 * replaces a table for another key, and fills an index that is new; nothing here does.
 */
export async function createTables(connection: DynamoConnection, tables: readonly TableDeclaration[]): Promise<void> {
  for (const { name, create } of tables) {
    const found = await describe(connection, name);
    if (!found) await callDynamo(connection, 'CreateTable', create);
    else checkSchema(connection, name, found, create as Schema);
    await active(connection, name);
  }
}

async function describe(connection: DynamoConnection, TableName: string): Promise<Description | undefined> {
  try {
    const { Table } = await callDynamo<{ Table: Description }>(connection, 'DescribeTable', { TableName });
    return Table;
  } catch (error) {
    if (error instanceof DynamoError && error.code === 'ResourceNotFoundException') return undefined;
    if (error instanceof DynamoError) throw error;
    throw new StartError(`DynamoDB at ${connection.url} cannot be reached.`, { cause: error });
  }
}

async function active(connection: DynamoConnection, name: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const status = (await describe(connection, name))?.TableStatus;
    if (status === 'ACTIVE') return;
    if (Date.now() > end) {
      throw new StartError(`The table ${name} in ${connection.description} stays ${status ?? 'missing'}: delete it.`);
    }
    await setTimeout(10);
  }
}

function checkSchema(connection: DynamoConnection, name: string, found: Schema, declared: Schema): void {
  const [there, wanted] = [schemaText(found), schemaText(declared)];
  if (there === wanted) return;
  throw new StartError(
    `The table ${name} in ${connection.description} has the ${there}; the stack declares the ${wanted}. ` +
      'It cannot change that here: start with another --data directory, or delete this one and what is in it.',
  );
}

/** Key and indexes, with what they project, in words, the same for the same schema in whatever order it is written. */
function schemaText(schema: Schema): string {
  const types = new Map(schema.AttributeDefinitions?.map((one) => [one.AttributeName, one.AttributeType]));
  const keyText = ({ KeySchema = [] }: Pick<Schema, 'KeySchema'>) =>
    [...KeySchema]
      .sort((a, b) => a.KeyType.localeCompare(b.KeyType))
      .map(({ AttributeName }) => `${AttributeName} (${types.get(AttributeName)})`)
      .join(', ');
  const indexes = [...(schema.GlobalSecondaryIndexes ?? []), ...(schema.LocalSecondaryIndexes ?? [])]
    .map((index) => ` and the index ${index.IndexName} of ${keyText(index)} with ${projectionText(index)}`)
    .sort();
  return `key ${keyText(schema)}${indexes.join('')}`;
}

function projectionText({ Projection: { ProjectionType, NonKeyAttributes = [] } = {} }: Index): string {
  if (ProjectionType === 'ALL') return 'all attributes';
  return ['the keys', ...[...NonKeyAttributes].sort()].join(', ');
}
