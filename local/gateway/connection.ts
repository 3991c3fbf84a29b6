import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { ConnectionFacts } from './connection-facts.ts';
import { createFrameScanner } from './frame-scanner.ts';
import type { Timers } from './timers.ts';

/** API Gateway's quotas for a frame and a message, in bytes. */
const LARGEST_FRAME = 32 * 1024;
/** The largest message that a client may send, in bytes (AWS: 128 KB). */
export const LARGEST_MESSAGE = 128 * 1024;

/** How long a client may take to answer a close before its socket is destroyed. */
const CLOSING_MS = 2_000;

/** How long a connection may be idle and last, in ms, and how much may wait for it, in bytes. */
export interface ConnectionLimits {
  /** Without a message in either direction for so long, it is closed with 1001. */
  readonly idleTimeoutMs: number;
  /** It is closed with 1001 at that age. */
  readonly maxDurationMs: number;
  /** What may wait to be sent before a post is refused. */
  readonly bufferLimitBytes: number;
}

/** `gone`: the socket is closed or closing. `full`: the client does not read, and too much waits for it. */
type SendOutcome = 'sent' | 'gone' | 'full';

/** An established connection. */
export interface Connection {
  readonly facts: ConnectionFacts;
  /** False as soon as either side closes. */
  readonly isOpen: boolean;
  /** When the last message went either way; ms since 1970. */
  readonly lastActiveAt: number;
  /** Sends one text message, in frames of at most 32 KB. `sent` says that the socket took it, not that it arrived. */
  send(text: Buffer): Promise<SendOutcome>;
  /** Ends the connection; nothing is received or sent any more. */
  close(code: number, reason: string): void;
  /** Destroys the socket where the client has not answered a close. */
  terminate(): void;
  /** How it ended: what the side said that closed first. Resolves once the socket is closed; never rejects. */
  readonly ended: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Takes over an upgraded socket. `receive` is called for each message, at once, whatever became of the one before. */
export function openConnection(
  ws: WebSocket,
  socket: Socket,
  facts: ConnectionFacts,
  limits: ConnectionLimits,
  timers: Timers,
  receive: (connection: Connection, body: string) => void,
): Connection {
  const ended = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  const scanner = createFrameScanner(LARGEST_FRAME);
  let closedBy: { readonly code: number; readonly reason: string } | undefined;
  let lastActiveAt = timers.now();
  let received = 0;
  let lastReceived = Number.POSITIVE_INFINITY;
  let cancelIdle = () => {};
  let cancelClosing = () => {};

  /** `last`: how many messages from the client still count, of which some may be on their way here. */
  function close(code: number, reason: string, last = received): void {
    if (closedBy) return;
    closedBy = { code, reason };
    lastReceived = last;
    ws.close(code, reason);
    cancelClosing = timers.at(timers.now() + CLOSING_MS, () => ws.terminate());
  }

  // one timer a connection, not one a message: it looks again when it wakes
  function watchIdle(): void {
    cancelIdle = timers.at(lastActiveAt + limits.idleTimeoutMs, () => {
      if (timers.now() >= lastActiveAt + limits.idleTimeoutMs) close(1001, 'Going away');
      else watchIdle();
    });
  }
  watchIdle();
  const cancelDuration = timers.at(facts.connectedAt + limits.maxDurationMs, () => close(1001, 'Going away'));

  const isOpen = () => !closedBy && ws.readyState === WebSocket.OPEN;
  const connection: Connection = {
    facts,
    get isOpen() {
      return isOpen();
    },
    get lastActiveAt() {
      return lastActiveAt;
    },
    async send(text) {
      if (!isOpen()) return 'gone';
      if (ws.bufferedAmount > 0 && ws.bufferedAmount + text.length > limits.bufferLimitBytes) return 'full';
      lastActiveAt = timers.now();
      return sendFrames(ws, text);
    },
    close: (code, reason) => close(code, reason),
    terminate: () => ws.terminate(),
    ended: ended.promise,
  };

  // before the library's own listener, which takes a frame of any size
  socket.prependListener('data', function scan(chunk: Buffer) {
    if (!scanner.scan(chunk)) return;
    socket.removeListener('data', scan);
    close(1009, 'Frame is too large', scanner.messages);
  });
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    if (received++ >= lastReceived) return;
    lastActiveAt = timers.now();
    if (isBinary) close(1003, 'Binary messages are not supported');
    else receive(connection, data.toString('utf8'));
  });
  ws.on('error', (error: NodeJS.ErrnoException) => {
    // any other error is the socket's, and its end is told by 'close'
    if (error.code?.startsWith('WS_ERR_')) close(faultCode(error.code), error.message);
  });
  ws.on('close', (code, reason) => {
    cancelIdle();
    cancelDuration();
    cancelClosing();
    ended.resolve(closedBy ?? { code, reason: reason.toString('utf8') || reasonOf(code) });
  });
  return connection;
}

function sendFrames(ws: WebSocket, text: Buffer): Promise<SendOutcome> {
  return new Promise((resolve) => {
    for (let at = 0; at === 0 || at < text.length; at += LARGEST_FRAME) {
      const fin = at + LARGEST_FRAME >= text.length;
      ws.send(text.subarray(at, at + LARGEST_FRAME), { binary: false, fin }, (error) => {
        if (error) resolve('gone');
        else if (fin) resolve('sent');
      });
    }
    // a socket that is written to without waiting has called back by then; if not, the text is in its buffer
    setImmediate(() => resolve('sent'));
  });
}

/** The code that the library closes with after a fault of the protocol. */
function faultCode(error: string): number {
  if (error.endsWith('PAYLOAD_LENGTH') || error.endsWith('MESSAGE_LENGTH')) return 1009;
  return error === 'WS_ERR_INVALID_UTF8' ? 1007 : 1002;
}

/** API Gateway's words where the client gave no reason. */
function reasonOf(code: number): string {
  if (code === 1000) return 'Connection Closed Normally';
  if (code === 1001) return 'Going away';
  if (code === 1005) return 'Client-side close frame status not set';
  return code === 1006 ? 'Connection closed abnormally' : '';
}
