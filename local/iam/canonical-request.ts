import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, percent-encoded as received: `req.url`. */
  readonly url: string;
  /** Names in lower case, as Node has them. */
  readonly headers: IncomingHttpHeaders;
  /** All of it: its hash is signed. */
  readonly body: Uint8Array;
}

/** SHA-256 in hexadecimal, as Signature Version 4 writes it. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** RFC 3986: everything is escaped but letters, digits and `-._~`. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // not an escape sequence: the characters themselves
    return text;
  }
}

/** The path's segments are escaped once more than they came; S3 alone takes the path as it is. */
function canonicalPath(path: string, service: string): string {
  if (service === 's3') return path;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(percentEncode(segment));
  }
  const trailing = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${trailing}`;
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [percentEncode(percentDecode(name)), percentEncode(percentDecode(value.join('=')))] as const;
    })
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function canonicalHeader(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return `${name}:${text.replace(/\s+/g, ' ').trim()}\n`;
}

/**
 * The canonical request of Signature Version 4, as the receiver sees it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * `signedHeaders` are lower-case names in order; `service` is the one in the credential scope.
 */
export function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[], service: string): string {
  const at = request.url.indexOf('?');
  const path = at < 0 ? request.url : request.url.slice(0, at);
  const query = at < 0 ? '' : request.url.slice(at + 1);
  return [
    request.method,
    canonicalPath(path, service),
    canonicalQuery(query),
    signedHeaders.map((name) => canonicalHeader(request.headers, name)).join(''),
    signedHeaders.join(';'),
    sha256Hex(request.body),
  ].join('\n');
}
