import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { TableDeclaration } from '../../../local/declarations.ts';
import type { Activity } from '../../../local/invocation.ts';

/** A table of the stack's kind: `pk` and `sk`, TTL on `expiresAt`. */
export function tableDeclaration(overrides: Partial<TableDeclaration> = {}): TableDeclaration {
  const name = overrides.name ?? 'Parley-Channels';
  return {
    logicalId: 'Channels',
    name,
    arn: `arn:aws:dynamodb:us-east-1:000000000000:table/${name}`,
    create: {
      TableName: name,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    },
    ttlAttribute: 'expiresAt',
    ...overrides,
  };
}

/** Such a table with the attributes `userKey` (a text) and `minute` (a number) and these indexes, each of one of them. */
export function indexedTable(GlobalSecondaryIndexes: readonly GlobalIndex[] = INDEXES): TableDeclaration {
  const { create, ...rest } = tableDeclaration();
  const keys = GlobalSecondaryIndexes.map(({ KeySchema }) => KeySchema[0]?.AttributeName);
  const added = [
    { AttributeName: 'userKey', AttributeType: 'S' },
    { AttributeName: 'minute', AttributeType: 'N' },
  ].filter(({ AttributeName }) => keys.includes(AttributeName));
  const AttributeDefinitions = [...(create.AttributeDefinitions as readonly object[]), ...added];
  return { ...rest, create: { ...create, AttributeDefinitions, GlobalSecondaryIndexes } };
}

interface GlobalIndex {
  readonly IndexName: string;
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: string }[];
  readonly Projection: object;
}

const INDEXES: readonly GlobalIndex[] = [
  {
    IndexName: 'byUser',
    KeySchema: [{ AttributeName: 'userKey', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  },
  {
    IndexName: 'byMinute',
    KeySchema: [
      { AttributeName: 'minute', KeyType: 'HASH' },
      { AttributeName: 'pk', KeyType: 'RANGE' },
    ],
    Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['format', 'expiresAt'] },
  },
];

/** The SDK's client; credentials are checked by the endpoint alone. */
export function documentClient(
  endpoint: string,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string } = {
    accessKeyId: 'test',
    secretAccessKey: 'test',
  },
): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region: 'us-east-1', credentials }));
}

/** An activity that remembers its warnings. */
export function heard(): Activity & { readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  return { note() {}, detail() {}, warn: (line) => warnings.push(line), warnings };
}
