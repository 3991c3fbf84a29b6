import type { SimpleFetcher } from 'aws-jwt-verify/https';
import { Unavailable } from '../chat/errors.ts';

/** Fetches over HTTPS; aws-jwt-verify's own by default. */
export type Fetcher = Pick<SimpleFetcher, 'fetch'>;

/** A fetcher that reaches the issuer at `endpoint`, where one is given: for every URL that begins with the issuer's. */
export function fetcherVia(fetcher: Fetcher, issuer: string, endpoint: string | undefined): Fetcher {
  if (endpoint === undefined) return fetcher;
  const [from, to] = [withoutSlash(issuer), withoutSlash(endpoint)];
  const reached = (url: string) => (url === from || url.startsWith(`${from}/`) ? to + url.slice(from.length) : url);
  return { fetch: (url, ...rest) => fetcher.fetch(reached(url), ...rest) };
}

/**
 * Where an issuer's keys are, by OpenID Connect Discovery 1.0, section 4.
 *
 * Throws `Unavailable` where the issuer cannot be reached or answers something else.
 */
export async function discoverKeys(fetcher: Fetcher, issuer: string): Promise<string> {
  try {
    const body = await fetcher.fetch(`${withoutSlash(issuer)}/.well-known/openid-configuration`);
    const found = JSON.parse(new TextDecoder().decode(body)) as { issuer?: unknown; jwks_uri?: unknown };
    if (found.issuer !== issuer) throw new Error('its configuration is for another issuer');
    const { jwks_uri: keys } = found;
    if (typeof keys !== 'string' || !keys.startsWith('https://'))
      throw new Error('its configuration has no https jwks_uri');
    return keys;
  } catch (error) {
    throw new Unavailable(`the issuer ${issuer} does not tell its keys`, { cause: error });
  }
}

const withoutSlash = (url: string): string => url.replace(/\/$/, '');
