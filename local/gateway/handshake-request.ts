import type { IncomingMessage } from 'node:http';
import { forwardedHeaders, headerPairs } from './forwarding.ts';

/** The parts of a handshake that functions are told, in the shape API Gateway gives them. */
export interface HandshakeRequest {
  /** Without the query; always begins with `/`. */
  readonly path: string;
  /** Names as the client wrote them; of several values the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>;
  /** Decoded; of several values the last. */
  readonly queryStringParameters: Readonly<Record<string, string>>;
  readonly multiValueQueryStringParameters: Readonly<Record<string, readonly string[]>>;
}

/** Path and query of a request line, apart. */
export function splitTarget(url: string): { readonly path: string; readonly query: string } {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) };
}

/** Reads the upgrade request, and adds the headers that API Gateway adds. `traceId` is any 24 hexadecimal digits. */
export function readHandshake(request: IncomingMessage, traceId: string): HandshakeRequest {
  const { path, query } = splitTarget(request.url ?? '/');
  const headers = [...headerPairs(request), ...forwardedHeaders(request, traceId)];
  const parameters = [...new URLSearchParams(query)];
  return {
    path,
    headers: Object.fromEntries(headers),
    multiValueHeaders: gather(headers),
    queryStringParameters: Object.fromEntries(parameters),
    multiValueQueryStringParameters: gather(parameters),
  };
}

function gather(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const names = new Set(pairs.map(([name]) => name));
  // fromEntries, for a client may name a header or parameter __proto__
  return Object.fromEntries(
    [...names].map((name) => [name, pairs.filter(([other]) => other === name).map(([, value]) => value)]),
  );
}
