import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { StartError } from './start-error.ts';

/** What answers at an address. */
export interface Answering {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** An HTTP server that only this machine reaches. */
export interface Loopback {
  readonly port: number;
  /** Begins to answer; what was asked before has waited. */
  answer(answering: Answering): void;
  /** Ends all connections; resolves when the port is free. */
  close(): Promise<void>;
}

/**
 * Takes a port on 127.0.0.1 and, where there is IPv6, on ::1 (`localhost` may be either); 0 is any that is free. Throws a
 * StartError where it is taken.
 */
export async function listenOnLoopback(port: number): Promise<Loopback> {
  const { promise, resolve: answer } = Promise.withResolvers<Answering>();
  const servers: Server[] = [];

  async function listen(host: string, wanted: number): Promise<number> {
    // a function may take as long as its timeout says, and a socket lives for hours
    const server = createServer({ requestTimeout: 0 });
    server.on('request', (request, response) => {
      void promise.then((answering) => answering.request(request, response));
    });
    server.on('upgrade', (request, socket, head) => {
      // nobody else listens yet, and an error that nobody hears ends the process
      socket.on('error', () => socket.destroy());
      void promise.then(({ upgrade }) => (upgrade ? upgrade(request, socket, head) : socket.destroy()));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: wanted }, resolve);
    });
    servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  async function close(): Promise<void> {
    await Promise.all(
      servers.map((server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        return closed;
      }),
    );
  }

  try {
    const taken = await listen('127.0.0.1', port);
    await listen('::1', taken).catch((error: NodeJS.ErrnoException) => {
      // there is no IPv6; or any free port was asked for, and this one is free on 127.0.0.1 alone
      const none = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT';
      if (!none && !(error.code === 'EADDRINUSE' && port === 0)) throw error;
    });
    return { port: taken, answer, close };
  } catch (cause) {
    await close();
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartError(`Port ${port} is in use: npm start -- --port N takes another.`, { cause });
    }
    if (code === 'EACCES') throw new StartError(`Port ${port} needs rights that you do not have.`, { cause });
    throw cause;
  }
}
