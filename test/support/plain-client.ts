import { setTimeout as after } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** How long is waited for what must come. Generous: it is only spent where a test fails. */
const PATIENCE_MS = 30_000;

/** One document of a frame. */
export type Document = Readonly<Record<string, unknown>>;

/** Fields that a document must have, with these values; or a test of it. */
type Wanted = Document | ((document: Document) => boolean);

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

/** A client of plain JSON frames, which keeps all that comes. */
export interface PlainClient {
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
  /**
   * The first document that is as wanted and was not answered by `next` before, whether it has come or is to come.
   * Throws, with all that came, where it does not come in time or the connection ends before.
   */
  next(wanted: Wanted): Promise<Document>;
  /** Sends a document and answers the first one with its `id`, which it must have. */
  ask(document: Document & { readonly id: string }): Promise<Document>;
  /** Resolves when `reached` holds, which is tried after each frame. Throws like `next`; `what` says what is waited for. */
  until(reached: () => boolean, what: string): Promise<void>;
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
  const documents: Document[] = [];
  const frames: string[] = [];
  const taken = new Set<Document>();
  const waiting = new Set<() => void>();
  let ended: Closed | undefined;

  const closed = new Promise<Closed>((resolve) => {
    socket.on('close', (code, reason) => {
      ended = { code, reason: reason.toString() };
      resolve(ended);
      for (const look of waiting) look();
    });
  });
  socket.on('message', (data) => {
    const frame = data.toString();
    frames.push(frame);
    documents.push(...frame.split('\n').map((line) => JSON.parse(line) as Document));
    for (const look of waiting) look();
  });

  async function until(reached: () => boolean, what: string): Promise<void> {
    if (reached()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string) =>
      reject(new Error([`waited for ${what}: ${why}; what came:`, ...listed(documents)].join('\n  ')));
    const look = () => {
      if (reached()) resolve();
      else if (ended) fail(`the connection ended with ${ended.code} ${ended.reason}`);
    };
    const patience = new AbortController();
    waiting.add(look);
    look();
    after(PATIENCE_MS, undefined, { signal: patience.signal }).then(
      () => fail(`not within ${PATIENCE_MS} ms`),
      () => {}, // it came
    );
    try {
      await promise;
    } finally {
      waiting.delete(look);
      patience.abort();
    }
  }

  async function next(wanted: Wanted): Promise<Document> {
    const isWanted = typeof wanted === 'function' ? wanted : (document: Document) => hasFields(document, wanted);
    const find = () => documents.find((document) => !taken.has(document) && isWanted(document));
    await until(() => find() !== undefined, typeof wanted === 'function' ? String(wanted) : JSON.stringify(wanted));
    const found = find();
    if (found === undefined) throw new Error('two waited for the same document');
    taken.add(found);
    return found;
  }

  function send(...sent: readonly (Document | string)[]): void {
    socket.send(
      sent.map((document) => (typeof document === 'string' ? document : JSON.stringify(document))).join('\n'),
    );
  }

  return {
    documents,
    frames,
    socket,
    closed,
    send,
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

function hasFields(document: Document, wanted: Document): boolean {
  return Object.entries(wanted).every(([name, value]) => JSON.stringify(document[name]) === JSON.stringify(value));
}

/** The newest documents, cut where they are long. */
function listed(documents: readonly Document[]): string[] {
  const newest = documents.slice(-30).map((document) => JSON.stringify(document).slice(0, 200));
  return documents.length > newest.length ? [`(${documents.length - newest.length} before)`, ...newest] : newest;
}
