import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** An HTTP server on a free loopback port, and what has come to it. */
export interface Loopback extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
  /** `POST /path` of each request. */
  readonly requests: string[];
  /** Sockets that were opened to it. */
  readonly sockets: Socket[];
}

/** Starts a server that answers as it is told to. */
export async function listening(answer: RequestListener): Promise<Loopback> {
  const requests: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    requests,
    sockets,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
