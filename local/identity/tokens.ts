import { createHash } from 'node:crypto';
import { importJWK, type JWTPayload, SignJWT } from 'jose';
import type { Keys } from './keys.ts';

/** Whose token, and how long it is good. */
export interface TokenRequest {
  readonly user: string;
  /** Seconds; a token of none or less has expired. */
  readonly ttl: number;
  /** ms since 1970. */
  readonly now: number;
  /** Names the token (`jti`). */
  readonly id: string;
}

/**
 * An access token as a user pool gives it after a sign-in.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 */
export async function accessToken(keys: Keys, { user, ttl, now, id }: TokenRequest): Promise<string> {
  const { kid, alg } = keys.issuerKey;
  const seconds = Math.floor(now / 1000);
  const claims: JWTPayload = {
    sub: subjectOf(keys.userPool.id, user),
    iss: keys.issuer,
    version: 2,
    client_id: keys.userPool.clientId,
    token_use: 'access',
    scope: 'openid profile',
    auth_time: seconds,
    iat: seconds,
    exp: seconds + ttl,
    jti: id,
    username: user,
  };
  return new SignJWT(claims).setProtectedHeader({ kid, alg }).sign(await importJWK(keys.issuerKey));
}

/**
 * A token that the stack itself signs (HS256), for what an issuer cannot say: `claims` such as `caps` and `info`, and
 * `channel`, which makes it a subscription token. It has no `iss`; its user is the `sub`.
 */
export function stackToken(
  signingKey: string,
  { user, ttl, now, id }: TokenRequest,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const seconds = Math.floor(now / 1000);
  return new SignJWT({ ...claims, sub: user, iat: seconds, exp: seconds + ttl, jti: id })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(signingKey));
}

/** A user's `sub`: a UUID that has nothing of the name in it, and is the same for each token. */
function subjectOf(poolId: string, user: string): string {
  const hash = createHash('sha256').update(`${poolId}/${user}`).digest('hex');
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}
