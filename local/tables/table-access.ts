import type { TableDeclaration } from '../declarations.ts';
import type { Access } from '../endpoint/aws-service.ts';
import { arn } from '../template/names.ts';

type Input = Readonly<Record<string, unknown>>;
type Attributes = Readonly<Record<string, unknown>>;

/** One table in a request: how the request names it, and what of its items. */
interface Touch {
  readonly operation: string;
  readonly table: unknown;
  readonly index?: unknown;
  /** Items or keys, whose partition keys are the leading keys; undefined: not told by the request's form. */
  readonly items?: readonly unknown[];
}

/** Of a transaction's item, the action that it needs. */
const TRANSACTED = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
} as const;

/**
 * Which actions a DynamoDB request needs, on which tables and indexes.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 *
 * A table is named by its name or its ARN. What reads an index needs the action on the index, and none on the table.
 * The context has `dynamodb:LeadingKeys` where the table's partition keys stand in the request; where they do not (a
 * Scan, a Query on an index), it lacks the key, and a condition on it is an error.
 */
export function tableAccess(
  tables: readonly TableDeclaration[],
): (operation: string, input: Input) => readonly Access[] {
  const byName = new Map(tables.map((table) => [table.name, table]));

  function accessOf({ operation, table, index, items }: Touch): Access {
    const action = `dynamodb:${operation}`;
    const name = typeof table === 'string' ? tableName(table) : undefined;
    if (name === undefined) return { action, resource: '*' };
    const tableArn = byName.get(name)?.arn ?? arn('dynamodb', `table/${name}`);
    // what AWS takes for the leading keys of an index is not documented
    if (typeof index === 'string') return { action, resource: `${tableArn}/index/${index}` };
    const leading = items && leadingKeys(byName.get(name), items);
    return { action, resource: tableArn, ...(leading && { context: { 'dynamodb:LeadingKeys': leading } }) };
  }

  return (operation, input) => {
    const accesses = touches(operation, input).map(accessOf);
    // a request that names no table at all is refused for that, but never for free
    return accesses.length === 0 ? [accessOf({ operation, table: undefined })] : accesses;
  };
}

/** The name in a table's name or ARN (also that of an index or a stream of it). */
export function tableName(nameOrArn: string): string {
  return /^arn:[^:]*:dynamodb:[^:]*:[^:]*:table\/([^/]+)/.exec(nameOrArn)?.[1] ?? nameOrArn;
}

function touches(operation: string, input: Input): Touch[] {
  switch (operation) {
    case 'BatchGetItem':
      return entries(input.RequestItems).map(([table, request]) => ({
        operation,
        table,
        items: list(part(request, 'Keys')),
      }));
    case 'BatchWriteItem':
      return entries(input.RequestItems).map(([table, requests]) => ({
        operation,
        table,
        items: list(requests).map(
          (one) => part(part(one, 'PutRequest'), 'Item') ?? part(part(one, 'DeleteRequest'), 'Key'),
        ),
      }));
    case 'TransactWriteItems':
    case 'TransactGetItems':
      return list(input.TransactItems).flatMap((item) =>
        entries(item).map(([kind, request]) => ({
          operation: TRANSACTED[kind as keyof typeof TRANSACTED] ?? kind,
          table: part(request, 'TableName'),
          items: [part(request, 'Item') ?? part(request, 'Key')],
        })),
      );
    case 'Query':
      return [{ operation, table: input.TableName, index: input.IndexName, ...queried(input) }];
    default: {
      const item = input.Item ?? input.Key;
      return [
        { operation, table: input.TableName, index: input.IndexName, ...(item !== undefined && { items: [item] }) },
      ];
    }
  }
}

/** The partition key of a Query, where its condition begins with it: `pk = :pk AND …`. */
function queried(input: Input): Pick<Touch, 'items'> {
  const condition = String(input.KeyConditionExpression ?? '');
  const [, name = '', value = ''] = /^\s*\(?\s*(#?\w+)\s*=\s*(:\w+)/.exec(condition) ?? [];
  const attribute = name.startsWith('#') ? part(input.ExpressionAttributeNames, name) : name;
  const key = part(input.ExpressionAttributeValues, value);
  return typeof attribute === 'string' && key !== undefined ? { items: [{ [attribute]: key }] } : {};
}

/** The partition keys of items as IAM compares them; undefined where one cannot be told. */
function leadingKeys(table: TableDeclaration | undefined, items: readonly unknown[]): string[] | undefined {
  const schema = table?.create.KeySchema as readonly { AttributeName: string; KeyType: string }[] | undefined;
  const partitionKey = schema?.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName;
  if (partitionKey === undefined) return undefined;
  const keys = items.map((item) => Object.values((part(item, partitionKey) ?? {}) as Attributes)[0]);
  return keys.every((key) => typeof key === 'string') ? [...new Set(keys)] : undefined;
}

function part(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Attributes)[name] : undefined;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const entries = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];
