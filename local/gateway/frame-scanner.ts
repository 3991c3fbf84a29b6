/** Follows the frames of one direction of a WebSocket, to find one that is too large. */
export interface FrameScanner {
  /** Takes the next bytes of the stream. True as soon as a frame announces more than the limit; then no more is read. */
  scan(chunk: Uint8Array): boolean;
  /** How many whole messages came before that frame. */
  readonly messages: number;
}

/**
 * Reads only the headers of frames (RFC 6455, section 5.2): a library that parses WebSockets bounds a message, but not
 * the frames it is made of. `limit` is in bytes of payload.
 */
export function createFrameScanner(limit: number): FrameScanner {
  let header: number[] = [];
  let payloadLeft = 0;
  let exceeded = false;
  let messages = 0;

  /** Undefined until all bytes of the header are there. */
  function payloadLength(): number | undefined {
    const [, second] = header;
    if (second === undefined) return undefined;
    const short = second & 0x7f;
    const extended = short === 127 ? 8 : short === 126 ? 2 : 0;
    const mask = second & 0x80 ? 4 : 0;
    if (header.length < 2 + extended + mask) return undefined;
    // beyond 2^53 it is inexact, and far above any limit
    return extended === 0 ? short : header.slice(2, 2 + extended).reduce((length, byte) => length * 256 + byte, 0);
  }

  return {
    get messages() {
      return messages;
    },
    scan(chunk) {
      for (let i = 0; i < chunk.length && !exceeded; ) {
        if (payloadLeft > 0) {
          const skipped = Math.min(payloadLeft, chunk.length - i);
          payloadLeft -= skipped;
          i += skipped;
          continue;
        }
        header.push(chunk[i++] ?? 0);
        const length = payloadLength();
        if (length === undefined) continue;
        const [first = 0] = header;
        header = [];
        payloadLeft = length;
        if (length > limit) exceeded = true;
        // the last frame of a message, and not a control frame
        else if (first & 0x80 && (first & 0x0f) < 0x8) messages++;
      }
      return exceeded;
    },
  };
}
