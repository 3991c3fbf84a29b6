import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Why a handshake is refused: an HTTP answer in place of the upgrade. */
export interface Refusal {
  readonly status: number;
  /** JSON, as API Gateway words it. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A refusal in API Gateway's form; `ids` are those of the connection that does not come to be. */
export function refusal(
  status: number,
  message: string,
  errorType?: string,
  ids?: { readonly connectionId: string; readonly requestId: string },
): Refusal {
  return {
    status,
    body: JSON.stringify({ message, ...ids }),
    headers: { 'Content-Type': 'application/json', ...(errorType !== undefined && { 'x-amzn-ErrorType': errorType }) },
  };
}

/** Answers an upgrade with a refusal and ends the socket. */
export function refuseUpgrade(socket: Duplex, { status, body, headers }: Refusal): void {
  const all = { ...headers, Connection: 'close', 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
