import type { Queue } from './queue.ts';
import { QueueError } from './queue-error.ts';
import { MAXIMUM_BYTES } from './send-rules.ts';

/** The attributes that only some queues have: asked for by name elsewhere, they are absent and no error. */
const OF_SOME = ['ContentBasedDeduplication', 'DeduplicationScope', 'FifoQueue', 'RedrivePolicy'];

/**
 * A queue's attributes as GetQueueAttributes answers them, all of them strings; `All` stands for every one.
 * `createdAt` is in ms since 1970. Throws `InvalidAttributeName` for a name that it does not know.
 */
export function queueAttributes(queue: Queue, names: readonly string[], createdAt: number): Record<string, string> {
  const all = allAttributes(queue, createdAt);
  if (names.includes('All')) return all;
  const chosen: Record<string, string> = {};
  for (const name of names) {
    const value = all[name];
    if (value !== undefined) chosen[name] = value;
    else if (!OF_SOME.includes(name)) throw new QueueError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
  return chosen;
}

function allAttributes(queue: Queue, createdAt: number): Record<string, string> {
  const { declaration } = queue;
  const counts = queue.counts();
  const seconds = (ms: number): string => String(Math.floor(ms / 1000));
  return {
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    CreatedTimestamp: seconds(createdAt),
    DelaySeconds: seconds(declaration.delayMs),
    LastModifiedTimestamp: seconds(createdAt),
    MaximumMessageSize: String(MAXIMUM_BYTES),
    MessageRetentionPeriod: seconds(declaration.retentionMs),
    QueueArn: declaration.arn,
    ReceiveMessageWaitTimeSeconds: '0',
    VisibilityTimeout: seconds(declaration.visibilityTimeoutMs),
    ...(declaration.fifo && {
      ContentBasedDeduplication: String(declaration.contentBasedDeduplication),
      DeduplicationScope: declaration.deduplicationScope,
      FifoQueue: 'true',
    }),
    ...(declaration.redrive && { RedrivePolicy: JSON.stringify(declaration.redrive) }),
  };
}
