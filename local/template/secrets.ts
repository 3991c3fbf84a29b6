import type { SecretDeclaration } from '../declarations.ts';
import type { Resources } from './resources.ts';

/** The template's secrets; each must be one that is generated. */
export function readSecrets(resources: Resources): SecretDeclaration[] {
  return resources.of('AWS::SecretsManager::Secret').map(({ logicalId, identity, properties }) => ({
    logicalId,
    // an ARN ends in a hyphen and six characters that are not of the name
    name: identity.ref.split(':secret:')[1]?.slice(0, -7) ?? '',
    arn: identity.ref,
    generate: (properties.value('GenerateSecretString') ?? {}) as Record<string, unknown>,
  }));
}
