import { connect, type Socket } from 'node:net';
import { bounded } from './gateway-server.ts';

/** A client of its own making: it sends the frames that a test writes, and reads only when it is told to. */
export interface RawClient {
  readonly socket: Socket;
  /** One masked frame; `opcode` 1 is text, 0 goes on, 9 is a ping. */
  send(opcode: number, payload: Uint8Array, fin?: boolean): void;
  /** The next frame that the server sends; starts to read. Payloads of up to 64 KB. */
  nextFrame(): Promise<{ readonly opcode: number; readonly fin: boolean; readonly payload: Buffer }>;
}

/** Connects to the stage `live` and stops reading as soon as the upgrade is through. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  const key = Buffer.alloc(16).toString('base64');
  socket.write(
    'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  let unread = Buffer.alloc(0);
  const upgraded = new Promise<void>((resolve) => {
    socket.on('data', function read(chunk: Buffer) {
      unread = Buffer.concat([unread, chunk]);
      const end = unread.indexOf('\r\n\r\n');
      if (end < 0) return;
      unread = unread.subarray(end + 4);
      socket.removeListener('data', read);
      socket.pause();
      resolve();
    });
  });
  await bounded('the upgrade', upgraded);

  function takeFrame() {
    const [first = 0, second = 0] = unread;
    if (unread.length < 2) return undefined;
    const long = (second & 0x7f) === 126;
    const start = long ? 4 : 2;
    if (unread.length < start) return undefined;
    const length = long ? unread.readUInt16BE(2) : second & 0x7f;
    if (unread.length < start + length) return undefined;
    const payload = unread.subarray(start, start + length);
    unread = unread.subarray(start + length);
    return { opcode: first & 0x0f, fin: (first & 0x80) !== 0, payload };
  }

  return {
    socket,
    send: (opcode, payload, fin) => socket.write(encodeFrame(opcode, payload, fin)),
    nextFrame: () =>
      bounded(
        'a frame',
        new Promise((resolve) => {
          const frame = takeFrame();
          if (frame) return resolve(frame);
          socket.on('data', function read(chunk: Buffer) {
            unread = Buffer.concat([unread, chunk]);
            const next = takeFrame();
            if (!next) return;
            socket.removeListener('data', read);
            socket.pause();
            resolve(next);
          });
          socket.resume();
        }),
      ),
  };
}

/** A frame as a client sends it. Its mask is zero, which leaves the payload as it is. */
export function encodeFrame(opcode: number, payload: Uint8Array, fin = true): Buffer {
  const header = Buffer.alloc(payload.length < 126 ? 6 : payload.length < 65_536 ? 8 : 14);
  header[0] = (fin ? 0x80 : 0) | opcode;
  if (header.length === 6) header[1] = 0x80 | payload.length;
  else if (header.length === 8) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(payload.length, 2);
  } else {
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([header, payload]);
}
