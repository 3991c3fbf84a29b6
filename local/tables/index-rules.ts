import type { TableDeclaration } from '../declarations.ts';
import { tableName } from './table-access.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An index, as CreateTable takes it. */
interface Index {
  readonly IndexName: string;
  readonly KeySchema: readonly { readonly AttributeName: string }[];
  readonly Projection?: { readonly ProjectionType?: string; readonly NonKeyAttributes?: readonly string[] };
}

/** `name = :value` of an update expression, where `name` is an attribute of the item itself. */
const ASSIGNMENT = /(?<![.\w#])(#?\w+)\s*=\s*(:\w+)/g;
/** A name in a condition that is an attribute of the item itself, and no function. */
const ATTRIBUTE = /(?<![.\w#:])(#?[A-Za-z_]\w*)\b(?!\s*\()/g;
const OPERATOR = /^(and|or|not|in|between)$/i;

/**
 * Answers why DynamoDB refuses a request for the sake of a secondary index, in its words, where dynalite lets it pass;
 * undefined where it does not.
 *
 * - An empty text as the key of an index, in PutItem, BatchWriteItem, or set as it is by an update expression:
 *   https://github.com/architect/dynalite/issues/184
 * - A consistent Scan of a global index: a global index is only ever eventually consistent.
 * - An expression that names attributes which a global index does not project: what a Query or a Scan is to answer
 *   (https://github.com/localstack/localstack/issues/478), and by what a Query filters.
 */
export function indexRules(
  tables: readonly TableDeclaration[],
): (operation: string, input: Fields) => string | undefined {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const declared = (name: unknown) => (typeof name === 'string' ? byName.get(tableName(name)) : undefined);

  return (operation, input) => {
    switch (operation) {
      case 'PutItem':
        return emptyKey(declared(input.TableName), input.Item);
      case 'BatchWriteItem':
        return Object.entries(fields(input.RequestItems))
          .flatMap(([name, requests]) => list(requests).map((one) => [declared(name), itemPut(one)] as const))
          .map(([table, item]) => emptyKey(table, item))
          .find((fault) => fault !== undefined);
      case 'UpdateItem':
        return emptiedKey(declared(input.TableName), input);
      case 'Query':
      case 'Scan':
        return unreadable(operation, declared(input.TableName), input);
      default:
        return undefined;
    }
  };
}

function emptyKey(table: TableDeclaration | undefined, item: unknown): string | undefined {
  for (const { IndexName, KeySchema } of indexesOf(table)) {
    const key = KeySchema.find(({ AttributeName }) => isEmpty(fields(item)[AttributeName]));
    if (key === undefined) continue;
    return (
      'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
      'The AttributeValue for a key attribute cannot contain an empty string value. ' +
      `IndexName: ${IndexName}, IndexKey: ${key.AttributeName}`
    );
  }
  return undefined;
}

function emptiedKey(table: TableDeclaration | undefined, input: Fields): string | undefined {
  const keys = indexesOf(table).flatMap(({ KeySchema }) => KeySchema.map(({ AttributeName }) => AttributeName));
  const values = fields(input.ExpressionAttributeValues);
  for (const [, name = '', value = ''] of String(input.UpdateExpression ?? '').matchAll(ASSIGNMENT)) {
    if (!keys.includes(attributeNamed(name, input)) || !isEmpty(values[value])) continue;
    return (
      'One or more parameter values are not valid. The update expression attempted to update a secondary index key ' +
      'to a value that is not supported. ' +
      'The AttributeValue for a key attribute cannot contain an empty string value.'
    );
  }
  return undefined;
}

function unreadable(operation: string, table: TableDeclaration | undefined, input: Fields): string | undefined {
  const index = globalIndexes(table).find(({ IndexName }) => IndexName === input.IndexName);
  if (table === undefined || index === undefined) return undefined;
  if (input.ConsistentRead === true) return 'Consistent reads are not supported on global secondary indexes';
  if (index.Projection?.ProjectionType === 'ALL') return undefined;
  const keys = [...index.KeySchema, ...(table.create.KeySchema as Index['KeySchema'])];
  const projected = [...keys.map((key) => key.AttributeName), ...(index.Projection?.NonKeyAttributes ?? [])];
  const missing = (names: readonly string[]) => {
    const attributes = names.map((name) => attributeNamed(name, input));
    return [...new Set(attributes.filter((attribute) => !projected.includes(attribute)))].join(', ');
  };

  const asked = missing(projectedNames(input.ProjectionExpression));
  if (asked !== '') {
    return `One or more parameter values were invalid: Global secondary index ${index.IndexName} does not project [${asked}]`;
  }
  const filtered = operation === 'Query' ? missing(filteredNames(input.FilterExpression)) : '';
  if (filtered === '') return undefined;
  return (
    `One or more parameter values were invalid: Secondary index ${index.IndexName} ` +
    `does not project one or more filter attributes: [${filtered}]`
  );
}

function projectedNames(expression: unknown): string[] {
  const paths = typeof expression === 'string' ? expression.split(',') : [];
  return paths.map((path) => path.trim().split(/[.[]/)[0] ?? '');
}

function filteredNames(expression: unknown): string[] {
  const found = typeof expression === 'string' ? expression.matchAll(ATTRIBUTE) : [];
  return [...found].map(([, name = '']) => name).filter((name) => !OPERATOR.test(name));
}

function attributeNamed(name: string, { ExpressionAttributeNames: names }: Fields): string {
  return name.startsWith('#') ? String(fields(names)[name] ?? name) : name;
}

function globalIndexes(table: TableDeclaration | undefined): readonly Index[] {
  return (table?.create.GlobalSecondaryIndexes ?? []) as readonly Index[];
}

function indexesOf(table: TableDeclaration | undefined): readonly Index[] {
  return [...globalIndexes(table), ...((table?.create.LocalSecondaryIndexes ?? []) as readonly Index[])];
}

function isEmpty(value: unknown): boolean {
  return fields(value).S === '';
}

const itemPut = (request: unknown): unknown => fields(fields(request).PutRequest).Item;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
