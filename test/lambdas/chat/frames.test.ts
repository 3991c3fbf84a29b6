import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentOf, FRAME_BYTES, framesOf } from '../../../lambdas/chat/frames.ts';

const textOf = (bytes: number) => 'x'.repeat(bytes);
const frames = (...texts: string[]) => framesOf(texts.map(documentOf)).map(({ text }) => text);

describe('frames', () => {
  it('are 32 KB at most', () => {
    expect(FRAME_BYTES).toBe(32_768);
  });

  it('are none without documents', () => {
    expect(frames()).toEqual([]);
  });

  it('hold documents that travel together, joined by line breaks', () => {
    expect(frames('a', 'b', 'c')).toEqual(['a\nb\nc']);
  });

  it('are filled to the last byte, and not beyond', () => {
    expect(frames(textOf(16_383), textOf(16_384))).toHaveLength(1);
    expect(frames(textOf(16_384), textOf(16_384))).toHaveLength(2);
    expect(frames(textOf(32_768), 'a')).toEqual([textOf(32_768), 'a']);
  });

  it('are measured in bytes, not in characters', () => {
    expect(frames('é'.repeat(8_192), 'é'.repeat(8_192))).toHaveLength(2);
  });

  it('hold a document alone that is too large: it must not be lost without a trace', () => {
    expect(frames('a', textOf(40_000), 'b')).toEqual(['a', textOf(40_000), 'b']);
  });

  it('lose nothing, keep the order, and are as few as the order allows', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 8_000, max: 32_768 })));
    fc.assert(
      fc.property(sizes, (all) => {
        const documents = all.map((bytes, i) => documentOf(String(i).padEnd(bytes, '.')));
        const made = framesOf(documents);
        expect(made.flatMap((frame) => frame.documents)).toEqual(documents);
        for (const [i, { text, documents: inside }] of made.entries()) {
          expect(text).toBe(inside.map((d) => d.text).join('\n'));
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(FRAME_BYTES);
          const next = made[i + 1]?.documents[0];
          if (next) expect(Buffer.byteLength(text) + 1 + next.bytes).toBeGreaterThan(FRAME_BYTES);
        }
      }),
    );
  });
});
