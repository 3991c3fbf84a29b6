import type { QueueDeclaration } from '../../../local/declarations.ts';
import type { Clock } from '../../../local/invocation.ts';
import { createQueues, type Queues } from '../../../local/queues/queues.ts';

/** How long the channel queue hides a batch. */
export const VISIBILITY_MS = 45_000;

const declaration = (name: string, fifo: boolean): QueueDeclaration => ({
  logicalId: name,
  name,
  arn: `arn:${name}`,
  url: `http://queue/${name}`,
  fifo,
  contentBasedDeduplication: false,
  deduplicationScope: 'messageGroup',
  visibilityTimeoutMs: fifo ? VISIBILITY_MS : 30_000,
  delayMs: 0,
  retentionMs: 14 * 24 * 3600 * 1000,
});

/** The channel queue and the delayed queue, as the stack declares them. */
export const simulatedQueues = (clock: Clock, id: () => string): Queues =>
  createQueues([declaration('events.fifo', true), declaration('later', false)], { clock, id });
