import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { SimpleFetcher } from 'aws-jwt-verify/https';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, openCertificate } from '../../../local/identity/certificate.ts';
import { type Issuer, serveIssuer } from '../../../local/identity/issuer.ts';
import { type Keys, openKeys } from '../../../local/identity/keys.ts';
import { accessToken } from '../../../local/identity/tokens.ts';

const DAY = 24 * 60 * 60 * 1000;
let directory: string;
let keys: Keys;
let certificate: Certificate;
let issuer: Issuer;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-issuer-'));
  keys = await openKeys(directory);
  certificate = await openCertificate(directory, Date.now());
  issuer = await serveIssuer(keys, certificate);
});

afterAll(async () => {
  await issuer.close();
  rmSync(directory, { recursive: true });
});

/** As a client does that trusts the certificate and nothing else. */
function fetched(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca: readFileSync(certificate.certificateFile), agent: false }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

describe('the issuer', () => {
  it('tells where its keys are, by its name on AWS', async () => {
    const found = JSON.parse(await fetched(`${issuer.endpoint}/.well-known/openid-configuration`));
    expect(found).toMatchObject({ issuer: keys.issuer, jwks_uri: `${keys.issuer}/.well-known/jwks.json` });
  });

  it('gives the public part of its key alone', async () => {
    const { keys: given } = JSON.parse(await fetched(`${issuer.endpoint}/.well-known/jwks.json`));
    const { kid, alg, n, e, kty, use } = keys.issuerKey;
    expect(given).toEqual([{ kid, alg, n, e, kty, use }]);
  });

  it('is believed by a verifier of Cognito tokens', async () => {
    const reached = (url: string) => url.replace(keys.issuer, issuer.endpoint);
    const fetcher = new SimpleFetcher({ defaultRequestOptions: { ca: readFileSync(certificate.certificateFile) } });
    const verifier = CognitoJwtVerifier.create(
      { userPoolId: keys.userPool.id, clientId: keys.userPool.clientId, tokenUse: 'access' },
      {
        jwksCache: new SimpleJwksCache({ fetcher: { fetch: (url, ...rest) => fetcher.fetch(reached(url), ...rest) } }),
      },
    );
    const token = await accessToken(keys, { user: 'alice', ttl: 60, now: Date.now(), id: 'token1' });
    expect(await verifier.verify(token)).toMatchObject({ username: 'alice', jti: 'token1' });
  });
});

describe('its certificate', () => {
  it('is for localhost and 127.0.0.1, and stays the same', async () => {
    const again = await openCertificate(directory, Date.now());
    expect(again).toEqual(certificate);
    const shown = new X509Certificate(readFileSync(certificate.certificateFile));
    expect(shown.checkHost('localhost')).toBe('localhost');
    expect(shown.checkIP('127.0.0.1')).toBe('127.0.0.1');
  });

  it.each(['2026-01-01T00:00:00Z', '2026-12-31T23:59:59Z', '2027-06-01T00:00:00Z'])(
    'is good for a year more, opened at %s',
    async (date) => {
      const now = Date.parse(date);
      const { certificateFile } = await openCertificate(directory, now);
      const { validFrom, validTo } = new X509Certificate(readFileSync(certificateFile));
      expect(Date.parse(validFrom)).toBeLessThan(now);
      expect(Date.parse(validTo)).toBeGreaterThan(now + 365 * DAY);
    },
  );
});
