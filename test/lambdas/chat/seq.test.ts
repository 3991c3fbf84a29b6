import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { later, OLDEST, seqFrom, seqOf, storedSeq } from '../../../lambdas/chat/seq.ts';

/** A `SequenceNumber` of SQS: up to 128 bits, without leading zeros. */
const sequenceNumber = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });

describe("an event's number", () => {
  it('compares as a number does, however many digits it has', () => {
    fc.assert(
      fc.property(sequenceNumber, sequenceNumber, (a, b) => {
        expect(seqOf(String(a)) < seqOf(String(b))).toBe(a < b);
        const sorted = [a, b].toSorted((x, y) => (x < y ? -1 : 1));
        expect(later(seqOf(String(a)), seqOf(String(b)))).toBe(seqOf(String(sorted[1])));
      }),
    );
    expect(seqOf('9') < seqOf('10')).toBe(true);
  });

  it('is later than that of no event', () => {
    expect(seqOf('0') > OLDEST).toBe(true);
    expect(later(OLDEST, seqOf('0'))).toBe(seqOf('0'));
    expect(later(seqOf('0'), OLDEST)).toBe(seqOf('0'));
  });

  it('is read as it was stored by the queue that gave it', () => {
    expect(seqFrom('channels.fifo', storedSeq('channels.fifo', seqOf('7')))).toBe(seqOf('7'));
    expect(seqFrom('channels.fifo', storedSeq('channels.fifo', OLDEST))).toBe(OLDEST);
  });

  it('of another queue is older than every one of this queue', () => {
    const stored = storedSeq('former.fifo', seqOf('9'.repeat(39)));
    expect(seqFrom('channels.fifo', stored)).toBe(OLDEST);
    expect(seqFrom('former.fif', stored)).toBe(OLDEST);
  });

  it('that was never written is older than every one', () => {
    expect(seqFrom('channels.fifo', undefined)).toBe(OLDEST);
    expect(seqFrom('channels.fifo', '')).toBe(OLDEST);
  });
});
