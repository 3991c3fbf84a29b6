import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameScanner } from '../../../local/gateway/frame-scanner.ts';
import { encodeFrame } from './raw-client.ts';

function frame(size: number, { opcode = 1, fin = true } = {}): Buffer {
  return encodeFrame(opcode, Buffer.alloc(size), fin);
}

describe('the frame scanner', () => {
  it('lets frames of up to the limit pass, however the stream is cut', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 5_000 }), (lengths, cut) => {
        const stream = Buffer.concat(lengths.map((length) => frame(length)));
        const scanner = createFrameScanner(70_000);
        let found = false;
        for (let at = 0; at < stream.length; at += cut) found ||= scanner.scan(stream.subarray(at, at + cut));
        expect(found).toBe(false);
        expect(scanner.messages).toBe(lengths.length);
      }),
      { numRuns: 50 },
    );
  });

  it('finds the frame that is one byte too large, and counts the messages before it', () => {
    const scanner = createFrameScanner(1_000);
    expect(scanner.scan(Buffer.concat([frame(1_000), frame(3), frame(1_001), frame(1)]))).toBe(true);
    expect(scanner.messages).toBe(2);
  });

  it('counts a message of several frames once, and no control frame', () => {
    const scanner = createFrameScanner(1_000);
    const parts = [
      frame(900, { fin: false }),
      frame(4, { opcode: 9 }),
      frame(900, { opcode: 0, fin: false }),
      frame(900, { opcode: 0 }),
    ];
    expect(scanner.scan(Buffer.concat(parts))).toBe(false);
    expect(scanner.messages).toBe(1);
  });

  it('finds a frame whose length takes eight bytes by its header alone', () => {
    const scanner = createFrameScanner(32 * 1024);
    expect(scanner.scan(frame(100_000).subarray(0, 14))).toBe(true);
  });
});
