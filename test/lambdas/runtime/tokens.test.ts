import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SIGNING_KEY, setFunctionEnvironment } from '../../support/function-environment.ts';
import { type Key, startIssuer, type TestIssuer } from '../aws/issuer.ts';

vi.mock('aws-jwt-verify/https', async (importOriginal) => {
  const { SimpleFetcher, ...rest } = await importOriginal<typeof import('aws-jwt-verify/https')>();
  // it trusts the certificate of the issuer under test
  class TrustingFetcher extends SimpleFetcher {
    constructor() {
      super({ defaultRequestOptions: { rejectUnauthorized: false } });
    }
  }
  return { ...rest, SimpleFetcher: TrustingFetcher };
});

const ISSUER = 'https://issuer.example.com';
const secrets = mockClient(SecretsManagerClient);
let issuer: TestIssuer;
let key: Key;

beforeAll(async () => {
  issuer = await startIssuer(ISSUER);
  const pair = await generateKeyPair('RS256');
  await issuer.addKey('k1', 'RS256', pair);
  key = pair.privateKey;
});
afterAll(() => issuer[Symbol.asyncDispose]());
beforeEach(() => {
  secrets.reset();
  secrets.on(GetSecretValueCommand).resolves({ SecretString: JSON.stringify({ signingKey: SIGNING_KEY }) });
  setFunctionEnvironment({ ISSUER_URL: ISSUER, USER_CLAIM: 'username' });
});
afterEach(() => vi.unstubAllEnvs());

async function verify(token: string) {
  const { tokens } = await import('../../../lambdas/runtime/tokens.ts');
  return tokens().verify(token);
}
const token = (claims: Record<string, unknown>) =>
  new SignJWT({ iss: ISSUER, exp: Math.floor(Date.now() / 1000) + 60, username: 'alice', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .sign(key);

describe('the tokens that a function believes', () => {
  it("are the access tokens of the stack's own pool, by the client that the stack names", async () => {
    vi.stubEnv('ISSUER_CLIENT_ID', 'client');
    vi.stubEnv('ISSUER_ENDPOINT', issuer.url);
    expect(await verify(await token({ token_use: 'access', client_id: 'client' }))).toMatchObject({ user: 'alice' });
    await expect(verify(await token({ token_use: 'access', client_id: 'other' }))).rejects.toMatchObject({
      code: 'permission_denied',
    });
  });

  it('are those of another issuer, by the audience that the stack names', async () => {
    vi.stubEnv('ISSUER_CLIENT_ID', undefined);
    vi.stubEnv('ISSUER_AUDIENCE', 'parley');
    vi.stubEnv('ISSUER_ENDPOINT', issuer.url);
    expect(await verify(await token({ aud: 'parley' }))).toMatchObject({ user: 'alice' });
    await expect(verify(await token({ aud: 'other' }))).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it("are those of the stack's own key", async () => {
    const own = await new SignJWT({ sub: 'bob' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(SIGNING_KEY));
    expect(await verify(own)).toEqual({ user: 'bob' });
  });

  it('cannot be told without an audience of an outside issuer', async () => {
    vi.stubEnv('ISSUER_CLIENT_ID', undefined);
    vi.stubEnv('ISSUER_AUDIENCE', undefined);
    await expect(verify('any')).rejects.toThrow("the function's environment has no ISSUER_AUDIENCE");
  });
});
