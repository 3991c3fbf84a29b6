import { StartError } from '../start-error.ts';

/** The keys in a stack's secret. */
export interface DeployedKeys {
  readonly signingKey: string;
  /** Absent: it goes with the signing key. */
  readonly apiKey?: string;
}

/**
 * The keys of a deployed stack: its output `SecretArn` says where they are. Both are read with the developer's own AWS
 * credentials and region.
 *
 * Throws a StartError where the stack, the output or a key cannot be had.
 */
export async function deployedKeys(stackName: string): Promise<DeployedKeys> {
  // loaded only by who asks for a deployed stack
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  const { Stacks } = await asking(`the stack ${stackName}`, () =>
    new CloudFormationClient().send(new DescribeStacksCommand({ StackName: stackName })),
  );
  const output = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'SecretArn');
  const SecretId = output?.OutputValue;
  if (SecretId === undefined) throw new StartError(`The stack ${stackName} has no output SecretArn: is it Parley's?`);
  const { SecretString = '{}' } = await asking(`the secret of the stack ${stackName}`, () =>
    new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId })),
  );
  return keysOf(`The secret of the stack ${stackName}`, SecretString);
}

/** What the functions would refuse, too. What is no JSON is not quoted, as the error of `JSON.parse` would: it is a secret. */
function keysOf(secret: string, text: string): DeployedKeys {
  const { signingKey, apiKey } = fieldsOf(text);
  if (typeof signingKey !== 'string' || signingKey === '') throw new StartError(`${secret} has no signingKey.`);
  if (apiKey === undefined) return { signingKey };
  if (typeof apiKey !== 'string' || apiKey === '')
    throw new StartError(`${secret} has an apiKey that is no text, or empty.`);
  return { signingKey, apiKey };
}

function fieldsOf(text: string): { readonly signingKey?: unknown; readonly apiKey?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

async function asking<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`AWS does not give ${what}: ${why}`, { cause: error });
  }
}
