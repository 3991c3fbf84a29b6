import { StartError } from '../start-error.ts';

/**
 * The signing key of a deployed stack: its output `SecretArn` says where it is. Both are read with the developer's own
 * AWS credentials and region.
 *
 * Throws a StartError where the stack, the output or the key cannot be had.
 */
export async function deployedSigningKey(stackName: string): Promise<string> {
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
  const { signingKey } = JSON.parse(SecretString) as { signingKey?: unknown };
  if (typeof signingKey !== 'string') throw new StartError(`The secret of the stack ${stackName} has no signingKey.`);
  return signingKey;
}

async function asking<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`AWS does not give ${what}: ${why}`, { cause: error });
  }
}
