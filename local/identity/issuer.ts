import { OAuth2Server } from 'oauth2-mock-server';
import type { Certificate } from './certificate.ts';
import type { Keys } from './keys.ts';

/** The local issuer while it runs. */
export interface Issuer {
  /** What stands for `keys.issuer` at the beginning of its URLs: `https://127.0.0.1:<port>`. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/**
 * Serves what is known of the user pool's keys, over HTTPS on a loopback port: `/.well-known/openid-configuration`, and
 * the keys at Cognito's own path, `/.well-known/jwks.json`. Both name the issuer as on AWS.
 *
 * Its OAuth endpoints are oauth2-mock-server's own, and give no tokens of a Cognito kind.
 */
export async function serveIssuer(keys: Keys, { keyFile, certificateFile }: Certificate): Promise<Issuer> {
  const server = new OAuth2Server(keyFile, certificateFile, { endpoints: { jwks: '/.well-known/jwks.json' } });
  await server.issuer.keys.add(keys.issuerKey);
  server.issuer.url = keys.issuer;
  await server.start(0, '127.0.0.1');
  return {
    endpoint: `https://127.0.0.1:${server.address().port}`,
    close: () => server.stop(),
  };
}
