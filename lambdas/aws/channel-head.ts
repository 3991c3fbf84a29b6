import type { Head, Trial } from '../chat/ports.ts';
import { OLDEST, seqFrom, storedSeq } from '../chat/seq.ts';

/** A head as the table keeps it; older versions may have written less. Numbers of events have their queue before them. */
export interface HeadItem {
  /** The table that the head was written to: in a restored backup it is another one than this. */
  readonly table: string;
  readonly epoch: string;
  readonly offset: number;
  readonly turn: number;
  readonly last: string;
  readonly claimed: string;
  /** ms since 1970. */
  readonly claimedAt: number;
  readonly suspect: string;
  readonly trial: TrialItem;
  readonly removed: number;
  /** Unix time in seconds. */
  readonly expiresAt: number;
}

interface TrialItem {
  readonly seq: string;
  readonly failures: number;
  readonly after: boolean;
}

const NO_TRIAL: Trial = { seq: OLDEST, failures: 0, after: false };

/** What the item says, with what is lacking filled in; numbers of another queue than `queueName` are `OLDEST`. */
export function headOf(queueName: string, item: Partial<HeadItem>): Head {
  return {
    epoch: item.epoch ?? '',
    offset: item.offset ?? 0,
    turn: item.turn ?? 0,
    last: seqFrom(queueName, item.last),
    claimed: seqFrom(queueName, item.claimed),
    claimedAt: item.claimedAt ?? 0,
    suspect: seqFrom(queueName, item.suspect),
    trial: trialOf(queueName, item.trial),
    removed: item.removed ?? 0,
  };
}

/** Whether a claim begins a new epoch: the head is missing, expired, or another table's. `now` in ms since 1970. */
export const hasEnded = (tableName: string, item: Partial<HeadItem> | undefined, now: number): boolean =>
  item?.table !== tableName || (item.expiresAt ?? 0) <= Math.floor(now / 1000);

/** A trial of another queue's event is over: that event is older than every one that can come. */
function trialOf(queueName: string, item: Partial<TrialItem> | undefined): Trial {
  const seq = seqFrom(queueName, item?.seq);
  return seq === OLDEST ? NO_TRIAL : { seq, failures: item?.failures ?? 0, after: item?.after ?? false };
}

/** The trial as the item keeps it. */
export const trialItem = (queueName: string, { seq, failures, after }: Trial): TrialItem => ({
  seq: storedSeq(queueName, seq),
  failures,
  after,
});
