import type { TableDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import type { Properties } from './properties.ts';
import type { Resource, Resources } from './resources.ts';

/** What of a template's table is CreateTable's input as it is. */
const OF_CREATE_TABLE = ['AttributeDefinitions', 'KeySchema', 'BillingMode', 'ProvisionedThroughput'];
/** And of its indexes; what else may stand there only concerns the bill, or operations. */
const OF_INDEX = ['IndexName', 'KeySchema', 'Projection', 'ProvisionedThroughput'];
const NOT_OF_INDEX =
  /^(ContributorInsightsSpecification|WarmThroughput|(Read|Write)?(OnDemand|Provisioned)Throughput(Settings)?)$/;

/** The template's tables, both kinds: `Table` and `TableV2` of the CDK. */
export function readTables(resources: Resources): TableDeclaration[] {
  return resources.of('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').map(readTable);
}

function readTable({ logicalId, identity, properties }: Resource): TableDeclaration {
  const ttl = properties.part('TimeToLiveSpecification');
  const given = OF_CREATE_TABLE.filter((name) => properties.has(name));
  const indexes = ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'].filter((name) => properties.has(name));
  return {
    logicalId,
    name: identity.ref,
    arn: identity.attributes.Arn ?? '',
    create: {
      TableName: identity.ref,
      ...Object.fromEntries(given.map((name) => [name, properties.value(name)])),
      ...Object.fromEntries(indexes.map((name) => [name, readIndexes(properties, name)])),
    },
    ...(ttl?.flag('Enabled', false) && { ttlAttribute: ttl.text('AttributeName') }),
  };
}

function readIndexes(table: Properties, name: string): Record<string, unknown>[] {
  return table.parts(name).map((index, position) => {
    const stated = Object.keys((table.value(name) as readonly object[])[position] ?? {});
    const unknown = stated.find((property) => !OF_INDEX.includes(property) && !NOT_OF_INDEX.test(property));
    if (unknown !== undefined) {
      throw new StartError(`${index.pathOf(unknown)}: the local server does not know this property of an index.`);
    }
    const given = OF_INDEX.filter((property) => index.has(property));
    return Object.fromEntries(given.map((property) => [property, index.value(property)]));
  });
}
