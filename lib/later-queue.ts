import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ChatQueue } from './chat-queue.ts';
import type { Retention } from './retention.ts';

/** How long `later` may take for a batch, in seconds. */
export const LATER_TIMEOUT = 10;

/** What is to be done after a while. Standard, since a FIFO queue has no delay for a single message. */
export class LaterQueue extends ChatQueue {
  constructor(scope: Construct, id: string, { retention }: { readonly retention: Retention }) {
    super(scope, id, {
      // also how long it is until what failed is tried again; and time for a batch that is handed over late
      visibilityTimeout: Duration.seconds(3 * LATER_TIMEOUT),
      // the dead-letter queue counts its 14 days from when a message was sent first, and has ten of them left
      retentionPeriod: Duration.days(4),
      retention,
    });
  }
}
