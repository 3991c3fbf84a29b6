import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Posts } from '../../lambdas/chat/ports.ts';
import { createFrameScanner } from '../../local/gateway/frame-scanner.ts';

/** API Gateway's bound on a WebSocket frame, in bytes, and on a message. */
const LARGEST_FRAME = 32 * 1024;
const LARGEST_MESSAGE = 128 * 1024;

/** What is behind the sockets. All of it may be called for several frames at once; nothing of it may reject. */
export interface GatewayHandlers {
  /** Answers the status of a handshake: 200 lets the connection in. */
  connect(id: string, query: Readonly<Record<string, string>>, headers: IncomingMessage['headers']): Promise<number>;
  /** Answers what goes back, if anything. */
  receive(id: string, body: string): Promise<string | undefined>;
  disconnected(id: string): void;
}

/** Sockets as API Gateway has them, as far as clients can tell. */
export interface MemoryGateway {
  readonly posts: Posts;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/** Serves sockets. `idleTimeoutMs`: who says nothing for so long, and is told nothing, is closed with 1001. */
export function memoryGateway(
  handlers: GatewayHandlers,
  { idleTimeoutMs }: { readonly idleTimeoutMs?: number | undefined } = {},
): MemoryGateway {
  const server = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE });
  const connections = new Map<string, { readonly socket: WebSocket; touch(): void }>();

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // (who goes away meanwhile is met as one who closes at once)
    socket.on('error', () => {});
    const id = randomBytes(12).toString('base64');
    const { searchParams } = new URL(request.url ?? '/', 'ws://memory');
    const status = await handlers.connect(id, Object.fromEntries(searchParams), request.headers);
    if (status === 200) {
      // the library tells of whole messages alone
      const scanner = createFrameScanner(LARGEST_FRAME);
      return server.handleUpgrade(request, socket, head, (ws) => {
        socket.prependListener('data', (chunk: Buffer) => scanner.scan(chunk) && ws.close(1009));
        serve(id, ws);
      });
    }
    socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
  }

  function serve(id: string, socket: WebSocket): void {
    const idle = idleTimeoutMs === undefined ? undefined : setTimeout(() => socket.close(1001), idleTimeoutMs);
    const touch = () => void idle?.refresh();
    connections.set(id, { socket, touch });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(idle);
      connections.delete(id);
      handlers.disconnected(id);
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      touch();
      if (isBinary) return socket.close(1003);
      void handlers.receive(id, data.toString()).then((reply) => {
        if (reply === undefined) return;
        touch();
        socket.send(reply);
      });
    });
  }

  return {
    posts: {
      async post(id, frame) {
        const connection = connections.get(id);
        if (connection?.socket.readyState !== 1) return 'gone';
        connection.touch();
        return new Promise((resolve) => {
          connection.socket.send(frame, (error) => resolve(error ? 'gone' : 'delivered'));
        });
      },
      async end(id) {
        const connection = connections.get(id);
        if (connection === undefined) return 'gone';
        connection.socket.close(1000);
        return 'ended';
      },
    },
    upgrade: (request, socket, head) => void upgrade(request, socket, head),
    close() {
      for (const { socket } of connections.values()) socket.terminate();
      server.close();
    },
  };
}
