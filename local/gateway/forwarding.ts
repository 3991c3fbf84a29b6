import type { IncomingMessage } from 'node:http';

/** Whose request it is: the address at the other end of the connection. */
export function sourceIpOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
}

/** The headers that API Gateway adds to what a function is told. `traceId` is any 24 hexadecimal digits. */
export function forwardedHeaders(request: IncomingMessage, traceId: string): [string, string][] {
  return [
    ['X-Amzn-Trace-Id', `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`],
    ['X-Forwarded-For', sourceIpOf(request)],
    ['X-Forwarded-Port', String(request.socket.localPort ?? '')],
    ['X-Forwarded-Proto', 'http'],
  ];
}

/** A request's headers in their order, names as the client wrote them; of several values one pair each. */
export function headerPairs({ rawHeaders }: IncomingMessage): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) pairs.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return pairs;
}
