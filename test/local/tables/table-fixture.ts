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

/** The SDK's client, with credentials that nobody checks. */
export function documentClient(endpoint: string): DynamoDBDocumentClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region: 'us-east-1', credentials }));
}

/** An activity that remembers its warnings. */
export function heard(): Activity & { readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  return { note() {}, detail() {}, warn: (line) => warnings.push(line), warnings };
}
