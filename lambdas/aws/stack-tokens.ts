import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Tokens } from '../chat/ports.ts';
import type { StackSecret } from './stack-secret.ts';
import { badToken, expiredToken, grantOf, identityOf } from './token-claims.ts';

/**
 * Verifies tokens that are signed by the stack's own key, HS256 and nothing else; the user is `sub`, and one without it is
 * anonymous, as with Centrifugo: who signs such a token means it. `exp` may be absent.
 */
export function stackTokens(secret: StackSecret): Tokens {
  async function ownClaims(token: string): Promise<JWTPayload> {
    const claims = await claimsOf(token, secret);
    if ('iss' in claims) throw badToken('one with an issuer must be signed by that issuer');
    return claims;
  }

  return {
    async verify(token) {
      const claims = await ownClaims(token);
      if ('channel' in claims) throw badToken('it is for a subscription');
      return identityOf(claims, 'sub', { anonymous: true });
    },

    async verifySubscription(token) {
      return grantOf(await ownClaims(token));
    },
  };
}

async function claimsOf(token: string, secret: StackSecret): Promise<JWTPayload> {
  try {
    return await verified(token, (await secret.keys()).signingKey);
  } catch (error) {
    if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusalOf(error);
    const rotated = await secret.rotatedKeys();
    if (rotated === undefined) throw refusalOf(error);
    return verified(token, rotated.signingKey).catch((again) => Promise.reject(refusalOf(again)));
  }
}

async function verified(token: string, key: Uint8Array): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] });
  return payload;
}

/** What a client is told of a token that jose does not accept; anything else is a fault and stays one. */
function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return expiredToken(error);
  if (error instanceof errors.JWTClaimValidationFailed)
    return badToken(`the claim "${error.claim}" is not valid`, error);
  if (error instanceof errors.JWSSignatureVerificationFailed) return badToken('its signature is not valid', error);
  if (error instanceof errors.JOSEAlgNotAllowed) return badToken('its algorithm is not allowed', error);
  if (error instanceof errors.JOSEError) return badToken('it is not a JWT', error);
  return error;
}
