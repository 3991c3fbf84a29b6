import type { IncomingMessage } from 'node:http';
import { forwardedHeaders, headerPairs, sourceIpOf } from '../gateway/forwarding.ts';
import { splitTarget } from '../gateway/handshake-request.ts';

/** A request as a function is told of it. */
export interface HttpApiRequest {
  readonly method: string;
  /** `HTTP/1.1` */
  readonly protocol: string;
  /** Decoded, with the stage. */
  readonly path: string;
  /** As received, without the `?`. */
  readonly query: string;
  /** Decoded; several values of a name are joined by commas. */
  readonly queryStringParameters: Readonly<Record<string, string>>;
  /** Names in lower case; several values of a name are joined by commas. Without cookies. */
  readonly headers: Readonly<Record<string, string>>;
  /** `name=value` each. */
  readonly cookies: readonly string[];
  /** The `Host` that the client asked for; locally with its port. */
  readonly domainName: string;
  readonly sourceIp: string;
  readonly body: Buffer;
}

/** What only concerns the connection, and no function is told. */
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'expect'];
/** What API Gateway says itself, whatever the client says. */
const REPLACED = ['x-amzn-trace-id', 'x-forwarded-port', 'x-forwarded-proto'];

/** Reads a request whose body is here, and adds the headers that API Gateway adds. `traceId` is any 24 hexadecimal digits. */
export function readHttpRequest(request: IncomingMessage, body: Buffer, traceId: string): HttpApiRequest {
  const { query } = splitTarget(request.url ?? '/');
  const given = headerPairs(request).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const forwarded = forwardedHeaders(request, traceId).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    value,
  ]);
  const told = given.filter(([name]) => ![...OF_THE_CONNECTION, ...REPLACED, 'cookie'].includes(name));
  return {
    method: request.method ?? 'GET',
    protocol: `HTTP/${request.httpVersion}`,
    path: requestPath(request),
    query,
    queryStringParameters: joined([...new URLSearchParams(query)]),
    // there is always a length, also of a request that came in chunks, or without a body
    headers: { 'content-length': String(body.length), ...joined([...told, ...forwarded]) },
    cookies: given
      .filter(([name]) => name === 'cookie')
      .flatMap(([, value]) => value.split(';'))
      .map((cookie) => cookie.trim())
      .filter((cookie) => cookie !== ''),
    domainName: request.headers.host ?? 'localhost',
    sourceIp: sourceIpOf(request),
    body,
  };
}

/** The path of a request as HTTP APIs take it: decoded before anything else, or as it is where it cannot be. */
export function requestPath(request: IncomingMessage): string {
  const { path } = splitTarget(request.url ?? '/');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function joined(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const values = Map.groupBy(pairs, ([name]) => name);
  // fromEntries, for a client may name a header or parameter __proto__
  return Object.fromEntries([...values].map(([name, all]) => [name, all.map(([, value]) => value).join(',')]));
}
