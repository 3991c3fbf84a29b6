import type { UserPoolDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import type { Resources } from './resources.ts';

/** The template's user pool and its client, as the local issuer plays them: one of each at the most. */
export function readUserPools(resources: Resources): UserPoolDeclaration[] {
  const pools = resources.of('AWS::Cognito::UserPool');
  const clients = resources.of('AWS::Cognito::UserPoolClient');
  for (const [, another] of [pools, clients]) {
    if (another !== undefined)
      throw new StartError(`${another.logicalId}: the local issuer plays one user pool with one client.`);
  }
  return pools.map(({ logicalId, identity }) => ({
    logicalId,
    id: identity.ref,
    clientIds: clients.map((client) => client.identity.ref),
    issuer: identity.attributes.ProviderURL ?? '',
  }));
}
