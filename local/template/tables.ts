import type { TableDeclaration } from '../declarations.ts';
import type { Resource, Resources } from './resources.ts';

/** What of a template's table is CreateTable's input as it is. */
const OF_CREATE_TABLE = [
  'AttributeDefinitions',
  'KeySchema',
  'BillingMode',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
];

/** The template's tables, both kinds: `Table` and `TableV2` of the CDK. */
export function readTables(resources: Resources): TableDeclaration[] {
  return resources.of('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').map(readTable);
}

function readTable({ logicalId, identity, properties }: Resource): TableDeclaration {
  const ttl = properties.part('TimeToLiveSpecification');
  const given = [...OF_CREATE_TABLE, 'ProvisionedThroughput'].filter((name) => properties.has(name));
  return {
    logicalId,
    name: identity.ref,
    arn: identity.attributes.Arn ?? '',
    create: {
      TableName: identity.ref,
      ...Object.fromEntries(given.map((name) => [name, properties.value(name)])),
    },
    ...(ttl?.flag('Enabled', false) && { ttlAttribute: ttl.text('AttributeName') }),
  };
}
