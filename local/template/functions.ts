import { existsSync } from 'node:fs';
import type { FunctionDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import type { Assembly } from './assembly.ts';
import type { StatementsOf } from './policies.ts';
import type { Properties } from './properties.ts';
import type { Resource, Resources } from './resources.ts';

/** The template's functions, each with its code's directory and with what its role allows. */
export function readFunctions(
  resources: Resources,
  assembly: Assembly,
  statementsOf: StatementsOf,
): FunctionDeclaration[] {
  return resources.of('AWS::Lambda::Function').map((resource) => readFunction(resource, assembly, statementsOf));
}

function readFunction(
  { logicalId, identity, properties }: Resource,
  assembly: Assembly,
  statementsOf: StatementsOf,
): FunctionDeclaration {
  const runtime = properties.text('Runtime', 'none');
  if (!runtime.startsWith('nodejs')) {
    throw new StartError(
      `${properties.pathOf('Runtime')}: the local server runs Node.js functions from zips, not ${runtime}.`,
    );
  }
  return {
    logicalId,
    name: identity.ref,
    arn: identity.attributes.Arn ?? '',
    codeDirectory: codeDirectory(properties, assembly),
    handler: properties.text('Handler'),
    timeoutMs: properties.number('Timeout', 3) * 1000,
    memoryMb: properties.number('MemorySize', 128),
    environment: environmentOf(properties),
    statements: statementsOf(properties.text('Role'), properties.pathOf('Role')),
  };
}

function codeDirectory(properties: Properties, assembly: Assembly): string {
  const code = properties.part('Code');
  const key = code?.has('S3Key') ? code.text('S3Key') : undefined;
  const directory = key === undefined ? undefined : assembly.assetDirectory(key);
  if (directory !== undefined && existsSync(directory)) return directory;
  throw new StartError(
    `${properties.pathOf('Code')}: only code that the app bundles as an asset can be run (${key ?? 'inline'}).`,
  );
}

function environmentOf(properties: Properties): Record<string, string> {
  const variables = properties.part('Environment')?.part('Variables');
  const names = Object.keys(properties.part('Environment')?.value('Variables') ?? {});
  return variables === undefined ? {} : Object.fromEntries(names.map((name) => [name, variables.text(name)]));
}
