import { WebSocket } from 'ws';
import { type Inbox, openInbox, PATIENCE_MS } from './inbox.ts';

/** The largest WebSocket frame that API Gateway takes, in bytes. */
const LARGEST_FRAME = 32 * 1024;

/** One document of a frame. */
export type Document = Readonly<Record<string, unknown>>;

/** How a connection ended, as its client sees it. */
interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A handshake's address and headers. */
export interface HandshakeOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client of JSON frames (plain ones, or the Centrifugo protocol written by hand), which keeps all that comes. */
export interface PlainClient extends Pick<Inbox<Document>, 'next' | 'until'> {
  /** All documents so far, in the order in which they came. */
  readonly documents: readonly Document[];
  /** All frames so far, as they came. */
  readonly frames: readonly string[];
  /** The socket itself, for what a well-behaved client does not do. */
  readonly socket: WebSocket;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<Closed>;
  /** Sends one frame of these documents, one a line; a string goes as it is. */
  send(...documents: readonly (Document | string)[]): void;
  /** The same in WebSocket frames of at most 32 KB, which API Gateway wants of a message that is larger. */
  sendInPieces(...documents: readonly (Document | string)[]): void;
  /** Sends a document and answers the first one with its `id`, which it must have. */
  ask(document: Document & { readonly id: string | number }): Promise<Document>;
  /** Closes the connection as a client should; resolves when it has ended. */
  close(): Promise<Closed>;
}

/** A handshake that was answered by another status than 101. */
export class RefusedHandshake extends Error {
  override readonly name = 'RefusedHandshake';
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`the handshake was refused: ${status} ${body}`);
    this.status = status;
    this.body = body;
  }
}

/** Connects to the address (`ws://…`, without a query). Throws `RefusedHandshake` where it is refused. */
export async function connectPlainClient(address: string, options: HandshakeOptions = {}): Promise<PlainClient> {
  const url = new URL(address);
  for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
  const socket = new WebSocket(url, { headers: { ...options.headers }, handshakeTimeout: PATIENCE_MS });
  const client = plainClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
    socket.on('unexpected-response', (request, response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        request.destroy();
        reject(new RefusedHandshake(response.statusCode ?? 0, body));
      });
    });
  });
  return client;
}

function plainClient(socket: WebSocket): PlainClient {
  const inbox = openInbox<Document>();
  const frames: string[] = [];

  const closed = new Promise<Closed>((resolve) => {
    socket.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
      inbox.end(`the connection ended with ${code} ${reason}`);
    });
  });
  socket.on('message', (data) => {
    const frame = data.toString();
    frames.push(frame);
    inbox.add(...frame.split('\n').map((line) => JSON.parse(line) as Document));
  });

  const send = (...sent: readonly (Document | string)[]) => socket.send(frameOf(sent));
  const { next, until } = inbox;
  return {
    documents: inbox.items,
    frames,
    socket,
    closed,
    send,
    sendInPieces(...sent) {
      const bytes = Buffer.from(frameOf(sent));
      for (let at = 0; at === 0 || at < bytes.length; at += LARGEST_FRAME) {
        const fin = at + LARGEST_FRAME >= bytes.length;
        socket.send(bytes.subarray(at, at + LARGEST_FRAME), { binary: false, fin });
      }
    },
    next,
    until,
    async ask(document) {
      send(document);
      return next({ id: document.id });
    },
    async close() {
      socket.close(1000);
      return closed;
    },
  };
}

const frameOf = (documents: readonly (Document | string)[]): string =>
  documents.map((document) => (typeof document === 'string' ? document : JSON.stringify(document))).join('\n');
