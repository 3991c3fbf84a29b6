import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SimpleFetcher } from 'aws-jwt-verify/https';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { generate } from 'selfsigned';
import type { Fetcher } from '../../../lambdas/aws/issuer-keys.ts';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

/** An OpenID issuer over HTTPS on a free loopback port. */
export interface TestIssuer extends AsyncDisposable {
  /** Where it listens; its `iss` is what `configuration` says. */
  readonly url: string;
  /** Trusts its certificate. */
  readonly fetcher: Fetcher;
  /** Paths that were asked for. */
  readonly requests: string[];
  /** Answers of the paths; a function is asked each time. Others are 404. */
  readonly answers: Map<string, unknown>;
  /** Publishes a key under `kid` among the others, and answers it; by default a new one. */
  addKey(kid: string, alg: string, pair?: KeyPair): Promise<KeyPair>;
  removeKey(kid: string): void;
  /** The public key as it is published. */
  jwk(kid: string): JWK;
}

/** A key that an issuer signs with. */
export type Key = KeyPair['privateKey'];

/** One for all, since it takes its time to make. */
let certificate: ReturnType<typeof generate> | undefined;

/** `iss`: what the issuer calls itself; by default its own URL. */
export async function startIssuer(iss?: string): Promise<TestIssuer> {
  certificate ??= generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const pem = await certificate;
  const requests: string[] = [];
  const answers = new Map<string, unknown>();
  const keys = new Map<string, JWK>();
  const server = createServer({ key: pem.private, cert: pem.cert }, (request, response) => {
    requests.push(request.url ?? '');
    const answer = answers.get(request.url ?? '');
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = iss ?? url;
  const publish = () => answers.set('/jwks', { keys: [...keys.values()] });
  answers.set('/.well-known/openid-configuration', { issuer, jwks_uri: `${issuer.replace(/\/$/, '')}/jwks` });
  publish();
  return {
    url,
    fetcher: new SimpleFetcher({ defaultRequestOptions: { ca: pem.cert } }),
    requests,
    answers,
    async addKey(kid, alg, given) {
      const pair = given ?? (await generateKeyPair(alg));
      keys.set(kid, { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' });
      publish();
      return pair;
    },
    removeKey(kid) {
      keys.delete(kid);
      publish();
    },
    jwk: (kid) => keys.get(kid) as JWK,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Now, Unix time in seconds. */
export const seconds = (): number => Math.floor(Date.now() / 1000);

/** A signed token. */
export const signed = (
  key: Key | Uint8Array,
  claims: Readonly<Record<string, unknown>>,
  header: { readonly alg: string; readonly kid?: string },
): Promise<string> => new SignJWT(claims as JWTPayload).setProtectedHeader(header).sign(key);

/** A token that nobody has signed, with any header. */
export const unsigned = (claims: object, header: object, signature = ''): string =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${signature}`;
