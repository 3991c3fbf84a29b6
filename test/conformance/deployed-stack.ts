import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { apiKeyOf } from '../../local/identity/api-key.ts';
import { deployedKeys } from '../../local/identity/deployed-keys.ts';
import { StartError } from '../../local/start-error.ts';
import { callServerApi, type Host } from './host.ts';

/** A deployed stack as its scenarios find it: plain data, to be handed to the process that tries them. */
export type DeployedHost = Omit<Host, 'pass'>;

/**
 * Looks a stack up with the developer's AWS credentials and region, and asks it what it is made of. Throws a StartError
 * where it cannot be had.
 */
export async function deployedStack(stackName: string): Promise<DeployedHost> {
  const keys = await deployedKeys(stackName);
  const outputs = await outputsOf(stackName);
  const output = (name: string): string => {
    const value = outputs.get(name);
    if (value === undefined) throw new StartError(`The stack ${stackName} has no output ${name}: is it Parley's?`);
    return value;
  };
  const host = {
    name: 'deployed',
    webSocketUrl: output('WebSocketUrl'),
    apiUrl: output('ApiUrl'),
    signingKey: keys.signingKey,
    apiKey: apiKeyOf(keys),
    idleTimeoutMs: 600_000,
  } as const;
  return { ...host, isConformanceApp: await hasNamespaces(host) };
}

async function outputsOf(stackName: string): Promise<ReadonlyMap<string, string>> {
  const { Stacks } = await new CloudFormationClient().send(new DescribeStacksCommand({ StackName: stackName }));
  const outputs = Stacks?.[0]?.Outputs ?? [];
  return new Map(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
}

/** Whether it knows a namespace that only the app of the scenarios has. */
async function hasNamespaces(host: Pick<Host, 'apiUrl' | 'apiKey'>): Promise<boolean> {
  const { error } = await callServerApi(host, 'history', { channel: 'notices:any', limit: 0 });
  return error === undefined;
}
