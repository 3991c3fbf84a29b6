import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import type { Delivered } from '../chat/channel-event.ts';
import { Unavailable } from '../chat/errors.ts';
import type { Lease } from '../chat/ports.ts';
import { tellingFaults } from './faults.ts';

/** How a batch was handed over. */
export interface LeaseOptions {
  /** The record that each event came in. */
  readonly records: ReadonlyMap<Delivered, SQSRecord>;
  /** The queue's visibility timeout, ms. */
  readonly visibilityMs: number;
  /** The function's timeout, ms. */
  readonly timeoutMs: number;
  /** When this invocation is ended by Lambda, ms since 1970. */
  readonly killedAt: number;
  /** ms since 1970. */
  readonly now: () => number;
}

/** The worker stops by itself so long before Lambda ends it, to give back what it has not done. */
const STOPS_BEFORE_MS = 3_000;
/** More than the function's timeout must be left of the visibility by this. */
const MARGIN_MS = 5_000;
/** What SQS says of a receipt that another receive has overtaken, or that has run out. */
const LOST = new Set(['InvalidParameterValue', 'ReceiptHandleIsInvalid', 'MessageNotInflight']);

/**
 * The hold on a batch of the channel queue.
 *
 * Lambda can hand a batch over late. A first receive tells its age; a later one does not, so its visibility is begun
 * anew, which fails where the receipt has run out. What is given back on such a receipt is in another's hands already.
 */
export function sqsLease(client: SQSClient, QueueUrl: string, options: LeaseOptions): Lease {
  const { records, visibilityMs, timeoutMs, killedAt, now } = options;

  /** Hides events for so many seconds from now. Answers the places of those whose receipt does not hold any more. */
  async function hide(items: readonly Delivered[], VisibilityTimeout: number): Promise<Set<number>> {
    const Entries = items.map((item, i) => ({
      Id: String(i),
      ReceiptHandle: records.get(item)?.receiptHandle,
      VisibilityTimeout,
    }));
    const { Failed = [] } = await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
    for (const { Code, Message, SenderFault } of Failed) {
      if (LOST.has(String(Code).replace(/^AWS\.SimpleQueueService\./, ''))) continue;
      const error = Object.assign(new Error(Message), { name: String(Code) });
      throw SenderFault ? error : new Unavailable(`the queue: ${Code}`, { cause: error });
    }
    return new Set(Failed.map(({ Id }) => Number(Id)));
  }

  const isFresh = (item: Delivered) => {
    const receivedAt = Number(records.get(item)?.attributes.ApproximateFirstReceiveTimestamp);
    return receivedAt + visibilityMs - now() >= timeoutMs + MARGIN_MS;
  };

  return {
    endsAt: killedAt - STOPS_BEFORE_MS,
    // the claim comes a little after the receive, from which the visibility counts
    deathAfterMs: visibilityMs - MARGIN_MS,
    ...tellingFaults<Pick<Lease, 'hold' | 'giveBack'>>({
      async hold(items) {
        const repeated = items.filter(({ receives }) => receives > 1);
        const lost = repeated.length > 0 ? await hide(repeated, visibilityMs / 1000) : new Set<number>();
        const isHeld = new Map(repeated.map((item, i) => [item, !lost.has(i)]));
        return items.map((item) => isHeld.get(item) ?? isFresh(item));
      },
      async giveBack(items, seconds) {
        await hide(items, seconds);
      },
    }),
  };
}
