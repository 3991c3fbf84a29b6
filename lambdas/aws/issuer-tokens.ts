import {
  FetchError,
  JwksValidationError,
  JwkValidationError,
  JwtExpiredError,
  JwtInvalidAudienceError,
  JwtInvalidSignatureAlgorithmError,
  JwtNotBeforeError,
  JwtParseError,
  JwtWithoutValidKidError,
  KidNotFoundInJwksError,
  WaitPeriodNotYetEndedJwkError,
} from 'aws-jwt-verify/error';
import { SimpleFetcher } from 'aws-jwt-verify/https';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import type { JwtPayload } from 'aws-jwt-verify/jwt-model';
import { JwtVerifier } from 'aws-jwt-verify/jwt-verifier';
import { ParleyError, Unavailable } from '../chat/errors.ts';
import type { Tokens } from '../chat/ports.ts';
import { discoverKeys, type Fetcher, fetcherVia } from './issuer-keys.ts';
import { badToken, expiredToken, identityOf } from './token-claims.ts';

/** The one issuer that is trusted. */
export interface Issuer {
  /** The `iss` of its tokens, to the letter. */
  readonly url: string;
  /** The claim that names the user. */
  readonly userClaim: string;
  /** `client`: a Cognito pool's client, whose access tokens have no audience. `audience`: any other issuer's `aud`. */
  readonly accepts: { readonly client: string } | { readonly audience: string };
  /** Where the issuer is reached, if not by its own URL. */
  readonly endpoint?: string;
  readonly fetcher?: Fetcher;
  /** ms since 1970. */
  readonly now?: () => number;
}

interface Verifier {
  verify(token: string): Promise<JwtPayload>;
}

/** How long an issuer's keys are trusted without being fetched again, in ms: one that it has withdrawn ends then. */
const KEYS_GOOD_FOR_MS = 60 * 60_000;

/**
 * Verifies an issuer's tokens by its public keys, found by OpenID discovery; asymmetric algorithms only
 * (aws-jwt-verify knows no others). A key that is not known yet is fetched, at most every 10 s.
 */
export function issuerTokens(issuer: Issuer): Pick<Tokens, 'verify'> {
  const { url, userClaim, accepts, endpoint, now = Date.now } = issuer;
  const fetcher = fetcherVia(issuer.fetcher ?? new SimpleFetcher(), url, endpoint);
  const audience = 'audience' in accepts ? accepts.audience : null;
  let verifier: Promise<Verifier> | undefined;
  let madeAt = 0;

  async function make(): Promise<Verifier> {
    const jwksUri = await discoverKeys(fetcher, url);
    return JwtVerifier.create({ issuer: url, audience, jwksUri }, { jwksCache: new SimpleJwksCache({ fetcher }) });
  }

  function current(): Promise<Verifier> {
    if (verifier !== undefined && now() - madeAt < KEYS_GOOD_FOR_MS) return verifier;
    madeAt = now();
    verifier = make();
    verifier.catch(() => {
      verifier = undefined;
    });
    return verifier;
  }

  return {
    async verify(token) {
      try {
        // looked at first, so that nobody makes us fetch keys for another's token
        if (decomposeUnverifiedJwt(token).payload.iss !== url) throw badToken('it is of another issuer');
        const claims = await (await current()).verify(token);
        if (claims.exp === undefined) throw badToken('the claim "exp" is missing');
        if ('client' in accepts) checkClient(claims, accepts.client);
        return identityOf(claims, userClaim);
      } catch (error) {
        throw refusalOf(error);
      }
    },
  };
}

/** A Cognito pool's access token names its client; an id token has it in `aud`, and is not for calling anybody. */
function checkClient(claims: JwtPayload, client: string): void {
  if (claims.token_use !== 'access') throw badToken('it is not an access token');
  if (claims.client_id !== client) throw badToken('it is for another client');
}

/** What a client is told of a token that aws-jwt-verify does not accept. */
function refusalOf(error: unknown): unknown {
  if (error instanceof ParleyError || error instanceof Unavailable) return error;
  if (UNREACHABLE.some((kind) => error instanceof kind)) {
    return new Unavailable("the issuer's keys cannot be had", { cause: error });
  }
  if (error instanceof JwtExpiredError) return expiredToken(error);
  const [, what] = REFUSALS.find(([kind]) => error instanceof kind) ?? [];
  // what is left are errors of OpenSSL, for a signature that does not fit the kind of the key
  return badToken(what ?? 'its signature is not valid', error);
}

const UNREACHABLE = [FetchError, JwksValidationError, JwkValidationError];

const REFUSALS = [
  [JwtParseError, 'it is not a JWT'],
  [JwtInvalidSignatureAlgorithmError, 'its algorithm is not allowed'],
  [JwtNotBeforeError, 'it is not valid yet'],
  [JwtInvalidAudienceError, 'it is for another audience'],
  [JwtWithoutValidKidError, 'it does not name its key'],
  [KidNotFoundInJwksError, 'its key is not known'],
  [WaitPeriodNotYetEndedJwkError, 'its key is not known'],
] as const;
