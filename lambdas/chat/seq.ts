/**
 * An event's number in its channel's queue, as 39 digits padded with zeros, so that strings compare as numbers do
 * (SQS: `SequenceNumber` has up to 128 bits, and the number of digits is not promised).
 * `''` is older than every number: that of no event, and of every event of a queue that has been replaced.
 */
export type Seq = string;

/** Before any event of this queue. */
export const OLDEST: Seq = '';

const DIGITS = 39;

/** The `Seq` of SQS's `SequenceNumber`. */
export const seqOf = (sequenceNumber: string): Seq => sequenceNumber.padStart(DIGITS, '0');

/** The later of two. */
export const later = (a: Seq, b: Seq): Seq => (a > b ? a : b);

/**
 * How records keep a number: with the queue that gave it before it.
 * A queue that was made anew may count from lower, and its numbers must not be taken for older ones.
 */
export const storedSeq = (queue: string, seq: Seq): string => (seq === OLDEST ? '' : `${queue}#${seq}`);

/** What a record's number means to this queue: another queue's numbers are older than every one of ours. */
export const seqFrom = (queue: string, stored: string | undefined): Seq =>
  stored?.startsWith(`${queue}#`) ? stored.slice(queue.length + 1) : OLDEST;
