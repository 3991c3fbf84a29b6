import type { SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';

/** A message of a FIFO queue, ready to be sent. */
export type FifoEntry = SendMessageBatchRequestEntry & {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageGroupId: string;
};

const MOST_ENTRIES = 10;
/** All bodies of a batch together, in bytes. AWS allows 1 MiB since August 2025; 256 KiB holds everywhere. */
const MOST_BYTES = 256 * 1024;

/** Cuts messages into batches that SQS takes, in their order. */
export function batchesOf(entries: readonly FifoEntry[]): FifoEntry[][] {
  const batches: FifoEntry[][] = [];
  let batch: FifoEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.MessageBody);
    if (batch.length === 0 || batch.length === MOST_ENTRIES || bytes + size > MOST_BYTES) {
      batch = [];
      bytes = 0;
      batches.push(batch);
    }
    batch.push(entry);
    bytes += size;
  }
  return batches;
}
