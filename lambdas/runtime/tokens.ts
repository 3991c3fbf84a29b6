import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { issuerTokens } from '../aws/issuer-tokens.ts';
import { stackSecret } from '../aws/stack-secret.ts';
import { stackTokens } from '../aws/stack-tokens.ts';
import { tokens as tokensOf } from '../aws/tokens.ts';
import type { Tokens } from '../chat/ports.ts';
import { SERVICE_CALLS } from './service-calls.ts';
import { setting } from './settings.ts';

/** Verifies the trusted issuer's tokens and the stack's own. */
export function tokens(): Tokens {
  const client = process.env.ISSUER_CLIENT_ID;
  const endpoint = process.env.ISSUER_ENDPOINT;
  return tokensOf({
    issuer: issuerTokens({
      url: setting('ISSUER_URL'),
      userClaim: setting('USER_CLAIM'),
      accepts: client === undefined ? { audience: setting('ISSUER_AUDIENCE') } : { client },
      ...(endpoint !== undefined && { endpoint }),
    }),
    stack: stackTokens(stackSecret(new SecretsManagerClient(SERVICE_CALLS), setting('SECRET_ARN'))),
  });
}
