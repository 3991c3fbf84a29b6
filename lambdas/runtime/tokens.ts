import { issuerTokens } from '../aws/issuer-tokens.ts';
import { stackTokens } from '../aws/stack-tokens.ts';
import { tokens as tokensOf } from '../aws/tokens.ts';
import type { Tokens } from '../chat/ports.ts';
import { secret } from './secret.ts';
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
    stack: stackTokens(secret()),
  });
}
