import type { IncomingMessage } from 'node:http';

/**
 * Reads a request's body to its end; undefined where it has more than `limit` bytes (the rest is read and dropped, so
 * that the client can be answered). Rejects where the client goes away.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= limit ? Buffer.concat(chunks) : undefined;
}
