import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { generateKeyPair, type JWK } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Issuer, issuerTokens } from '../../../lambdas/aws/issuer-tokens.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Tokens } from '../../../lambdas/chat/ports.ts';
import { type Key, seconds, signed, startIssuer, type TestIssuer, unsigned } from './issuer.ts';

type Claims = Readonly<Record<string, unknown>>;

const CLIENT = '4f8example';
const POOL = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example';

let issuer: TestIssuer;
let pair: Awaited<ReturnType<typeof generateKeyPair>>;
let key: Key;
let now: number;

beforeAll(async () => {
  pair = await generateKeyPair('RS256');
  key = pair.privateKey;
});
beforeEach(async () => {
  issuer = await startIssuer();
  await issuer.addKey('k1', 'RS256', pair);
  now = 1_000_000;
});
afterEach(() => issuer[Symbol.asyncDispose]());

const verifier = (more: Partial<Issuer> = {}): Pick<Tokens, 'verify'> =>
  issuerTokens({
    url: issuer.url,
    userClaim: 'sub',
    accepts: { audience: 'parley' },
    fetcher: issuer.fetcher,
    now: () => now,
    ...more,
  });

/** Good claims, but for what is said; undefined takes one away. */
const claims = (more: Claims = {}): Claims => ({
  iss: issuer.url,
  sub: 'alice',
  aud: 'parley',
  exp: seconds() + 60,
  ...more,
});
const token = (more?: Claims, kid = 'k1') => signed(key, claims(more), { alg: 'RS256', kid });
const denied = (message: RegExp) =>
  expect.objectContaining({ code: 'permission_denied', message: expect.stringMatching(message) });

describe("an issuer's token", () => {
  it('says who its user is, until when, and what it allows', async () => {
    const caps = [{ channels: ['news:*'], match: 'wildcard', allow: ['sub'] }];
    const exp = seconds() + 60;
    const identity = await verifier().verify(await token({ exp, info: { name: 'Alice' }, caps }));
    expect(identity).toEqual({ user: 'alice', expires: exp, info: { name: 'Alice' }, caps });
  });

  it('may name server-side channels', async () => {
    const identity = await verifier().verify(await token({ channels: ['news:a'] }));
    expect(identity).toMatchObject({ user: 'alice', serverChannels: ['news:a'] });
  });

  it('names its user by the claim that is set', async () => {
    expect(await verifier({ userClaim: 'email' }).verify(await token({ email: 'a@b.c' }))).toMatchObject({
      user: 'a@b.c',
    });
    for (const email of [undefined, '', 7, null, ['a@b.c']]) {
      await expect(verifier({ userClaim: 'email' }).verify(await token({ email }))).rejects.toEqual(denied(/"email"/));
    }
  });

  it('may be signed by any asymmetric algorithm', async () => {
    for (const alg of ['ES256', 'ES512', 'EdDSA']) {
      const { privateKey } = await issuer.addKey(alg, alg);
      const identity = await verifier().verify(await signed(privateKey, claims(), { alg, kid: alg }));
      expect(identity).toMatchObject({ user: 'alice' });
    }
  });

  it('may be for several audiences', async () => {
    expect(await verifier().verify(await token({ aud: ['other', 'parley'] }))).toMatchObject({ user: 'alice' });
  });
});

describe('refused is a token', () => {
  it('that has expired: token_expired', async () => {
    const expired = verifier().verify(await token({ exp: seconds() - 1 }));
    await expect(expired).rejects.toMatchObject({ name: 'ParleyError', code: 'token_expired' });
  });

  it('that has expired and is forged: not even that is told', async () => {
    const good = await token({ exp: seconds() - 1 });
    await expect(verifier().verify(`${good.slice(0, -8)}AAAAAAAA`)).rejects.toEqual(denied(/signature/));
  });

  it('without an end', async () => {
    await expect(verifier().verify(await token({ exp: undefined }))).rejects.toEqual(denied(/"exp"/));
  });

  it('that is not valid yet', async () => {
    await expect(verifier().verify(await token({ nbf: seconds() + 60 }))).rejects.toEqual(denied(/not valid yet/));
  });

  it('whose claims were changed', async () => {
    const [header, , signature] = (await token()).split('.');
    const payload = Buffer.from(JSON.stringify(claims({ sub: 'mallory' }))).toString('base64url');
    await expect(verifier().verify(`${header}.${payload}.${signature}`)).rejects.toEqual(denied(/signature/));
  });

  it("signed by another's key under the issuer's key id", async () => {
    const { privateKey } = await generateKeyPair('RS256');
    await expect(verifier().verify(await signed(privateKey, claims(), { alg: 'RS256', kid: 'k1' }))).rejects.toEqual(
      denied(/signature/),
    );
  });

  it('of alg none, with and without a signature', async () => {
    for (const signature of ['', 'AAAA']) {
      const none = unsigned(claims(), { alg: 'none', kid: 'k1' }, signature);
      await expect(verifier().verify(none)).rejects.toEqual(denied(/not a JWT|algorithm/));
    }
  });

  it("of HS256, signed with the issuer's public key", async () => {
    const jwk = issuer.jwk('k1');
    const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const secrets = [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'der', type: 'spki' }),
    ];
    for (const secret of [...secrets, JSON.stringify(jwk), jwk.n ?? '']) {
      const input = unsigned(claims(), { alg: 'HS256', kid: 'k1' }).slice(0, -1);
      const forged = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      await expect(verifier().verify(forged)).rejects.toEqual(denied(/algorithm/));
    }
  });

  it('of HS256, also where the issuer does not say what its key is for', async () => {
    const { alg: _alg, ...jwk } = issuer.jwk('k1') as JWK;
    issuer.answers.set('/jwks', { keys: [jwk] });
    for (const alg of ['HS256', 'none', 'ES256', 'EdDSA', 'PS256']) {
      const forged = unsigned(claims(), { alg, kid: 'k1' }, Buffer.alloc(64, 1).toString('base64url'));
      await expect(verifier().verify(forged)).rejects.toEqual(denied(/algorithm|signature/));
    }
  });

  it('of another issuer, for which no key is fetched', async () => {
    await expect(verifier().verify(await token({ iss: 'https://evil.example' }))).rejects.toEqual(
      denied(/another issuer/),
    );
    await expect(verifier().verify(await token({ iss: `${issuer.url}/` }))).rejects.toEqual(denied(/another issuer/));
    await expect(verifier().verify(await token({ iss: undefined }))).rejects.toEqual(denied(/another issuer/));
    expect(issuer.requests).toEqual([]);
  });

  it('for another audience, or for none', async () => {
    await expect(verifier().verify(await token({ aud: 'other' }))).rejects.toEqual(denied(/audience/));
    await expect(verifier().verify(await token({ aud: undefined }))).rejects.toEqual(denied(/audience/));
  });

  it('whose key the issuer does not have, or that names none', async () => {
    await expect(verifier().verify(await token({}, 'k9'))).rejects.toEqual(denied(/key/));
    await expect(verifier().verify(await signed(key, claims(), { alg: 'RS256' }))).rejects.toEqual(denied(/key/));
  });

  it('whose user has more than 512 bytes', async () => {
    await expect(verifier().verify(await token({ sub: 'ä'.repeat(257) }))).rejects.toEqual(denied(/"sub".*512/));
  });

  it('whose channels are none', async () => {
    await expect(verifier().verify(await token({ channels: 'news' }))).rejects.toEqual(denied(/"channels"/));
  });

  it('whose caps are not caps', async () => {
    await expect(verifier().verify(await token({ caps: 'all' }))).rejects.toEqual(denied(/"caps"/));
  });

  it.each(['', 'a.b.c', 'no token', '..', `${Buffer.from('{}').toString('base64url')}.e30`])(
    'that is none: %j',
    async (text) => {
      await expect(verifier().verify(text)).rejects.toEqual(denied(/not a JWT|another issuer/));
    },
  );

  it('with a message that does not hold it', async () => {
    const bad = await token({ sub: 'private-subject', aud: 'private-audience' });
    const error = await verifier()
      .verify(bad)
      .catch((e: Error) => e);
    expect((error as Error).message).not.toMatch(/private|parley|eyJ/);
  });
});

describe("the stack's own pool", () => {
  const pool = () => verifier({ url: POOL, endpoint: issuer.url, userClaim: 'username', accepts: { client: CLIENT } });
  const access = (more: Claims = {}) =>
    token({
      iss: POOL,
      aud: undefined,
      sub: 'uuid',
      token_use: 'access',
      client_id: CLIENT,
      username: 'alice',
      ...more,
    });

  beforeEach(async () => {
    await issuer[Symbol.asyncDispose]();
    issuer = await startIssuer(POOL);
    await issuer.addKey('k1', 'RS256', pair);
  });

  it('gives access tokens, whose user is the username, reached where the endpoint says', async () => {
    expect(await pool().verify(await access())).toMatchObject({ user: 'alice' });
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it.each<[string, Claims, RegExp]>([
    ['an id token', { token_use: 'id', aud: CLIENT, client_id: undefined }, /not an access token/],
    ['an id token with a client', { token_use: 'id' }, /not an access token/],
    ['a token without a use', { token_use: undefined }, /not an access token/],
    ['a token of another client', { client_id: 'other' }, /another client/],
    ['a token of no client', { client_id: undefined }, /another client/],
  ])('gives %s, which is refused', async (_, more, message) => {
    await expect(pool().verify(await access(more))).rejects.toEqual(denied(message));
  });
});

describe("the issuer's keys", () => {
  it('are fetched once, for all who ask', async () => {
    const tokens = verifier();
    const good = await token();
    await Promise.all([tokens.verify(good), tokens.verify(good), tokens.verify(good)]);
    await tokens.verify(good);
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('are fetched again for a key that is new', async () => {
    const tokens = verifier();
    await tokens.verify(await token());
    const { privateKey } = await issuer.addKey('k2', 'ES256');
    expect(await tokens.verify(await signed(privateKey, claims(), { alg: 'ES256', kid: 'k2' }))).toMatchObject({
      user: 'alice',
    });
    expect(issuer.requests.filter((path) => path === '/jwks')).toHaveLength(2);
  });

  it('are not fetched for each token that names a key which does not exist', async () => {
    const tokens = verifier();
    await tokens.verify(await token());
    for (const kid of ['x1', 'x2', 'x3'])
      await expect(tokens.verify(await token({}, kid))).rejects.toEqual(denied(/key/));
    expect(issuer.requests.filter((path) => path === '/jwks')).toHaveLength(2);
    expect(await tokens.verify(await token())).toMatchObject({ user: 'alice' });
  });

  it('that were withdrawn are trusted for an hour at most', async () => {
    const tokens = verifier();
    await tokens.verify(await token());
    issuer.removeKey('k1');
    now += 60 * 60_000 - 1;
    expect(await tokens.verify(await token())).toMatchObject({ user: 'alice' });
    now += 1;
    await expect(tokens.verify(await token())).rejects.toEqual(denied(/key/));
  });

  it('are found for an issuer whose URL ends with a slash, and wherever it keeps them', async () => {
    const url = `${issuer.url}/`;
    issuer.answers.set('/.well-known/openid-configuration', { issuer: url, jwks_uri: `${issuer.url}/elsewhere` });
    issuer.answers.set('/elsewhere', issuer.answers.get('/jwks'));
    expect(await verifier({ url }).verify(await token({ iss: url }))).toMatchObject({ user: 'alice' });
  });

  it('of another host are fetched there, although the issuer has an endpoint', async () => {
    await using host = await startIssuer('https://issuer.example');
    host.answers.set('/.well-known/openid-configuration', {
      issuer: 'https://issuer.example',
      jwks_uri: `${issuer.url}/jwks`,
    });
    const fetched: string[] = [];
    const fetcher: Issuer['fetcher'] = {
      fetch(url, ...rest) {
        fetched.push(url);
        return (url.startsWith(host.url) ? host : issuer).fetcher.fetch(url, ...rest);
      },
    };
    const tokens = verifier({ url: 'https://issuer.example', endpoint: host.url, fetcher });
    expect(await tokens.verify(await token({ iss: 'https://issuer.example' }))).toMatchObject({ user: 'alice' });
    expect(fetched).toEqual([`${host.url}/.well-known/openid-configuration`, `${issuer.url}/jwks`]);
  });

  it.each<[string, string, unknown]>([
    ['has no configuration', '/.well-known/openid-configuration', undefined],
    ['has a configuration that is no JSON', '/.well-known/openid-configuration', '<html>'],
    [
      'has a configuration of another issuer',
      '/.well-known/openid-configuration',
      { issuer: 'https://evil.example', jwks_uri: 'https://evil.example/jwks' },
    ],
    ['has keys that are no JSON', '/jwks', '<html>'],
    ['has keys that are none', '/jwks', { keys: [{ kid: 'k1' }] }],
    ['has no keys', '/jwks', undefined],
  ])('are unavailable while the issuer %s', async (_, path, answer) => {
    const tokens = verifier();
    const before = issuer.answers.get(path);
    issuer.answers.set(path, answer);
    await expect(tokens.verify(await token())).rejects.toThrow(Unavailable);
    issuer.answers.set(path, before);
    expect(await tokens.verify(await token())).toMatchObject({ user: 'alice' });
  });

  it('are unavailable where the issuer names none, or none over HTTPS', async () => {
    for (const jwks_uri of [undefined, 'http://127.0.0.1/jwks']) {
      issuer.answers.set('/.well-known/openid-configuration', { issuer: issuer.url, jwks_uri });
      await expect(verifier().verify(await token())).rejects.toThrow(Unavailable);
    }
  });

  it('are unavailable where the issuer cannot be reached, also with a certificate that nobody vouches for', async () => {
    const { fetcher: _fetcher, ...unaware } = {
      url: issuer.url,
      userClaim: 'sub',
      accepts: { audience: 'parley' },
      fetcher: 0,
    };
    await expect(issuerTokens(unaware).verify(await token())).rejects.toThrow(Unavailable);
    const tokens = verifier();
    const good = await token();
    await issuer[Symbol.asyncDispose]();
    await expect(tokens.verify(good)).rejects.toThrow(Unavailable);
    issuer = await startIssuer();
  });
});
