import { decodeJwt } from 'jose';
import type { Tokens } from '../chat/ports.ts';
import { badToken } from './token-claims.ts';

/** Verifies a token with an `iss` by that issuer's keys, one without by the stack's own. Neither is ever tried for the other's. */
export function tokens(verifiers: { readonly issuer: Pick<Tokens, 'verify'>; readonly stack: Tokens }): Tokens {
  return {
    async verify(token) {
      const verifier = hasIssuer(token) ? verifiers.issuer : verifiers.stack;
      return verifier.verify(token);
    },

    // only the owner's servers say who may read what: an issuer says who somebody is
    verifySubscription: (token) => verifiers.stack.verifySubscription(token),
  };
}

function hasIssuer(token: string): boolean {
  try {
    return 'iss' in decodeJwt(token);
  } catch (error) {
    throw badToken('it is not a JWT', error);
  }
}
