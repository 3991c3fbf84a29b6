import { Duration } from 'aws-cdk-lib';
import { DeduplicationScope, FifoThroughputLimit } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ChatQueue } from './chat-queue.ts';
import type { Retention } from './retention.ts';

/** How the channel queue hides what is in work, and what stays of it. */
export interface ChannelQueueProps {
  /** In seconds. */
  readonly visibilityTimeout: number;
  readonly retention: Retention;
}

/** The channels' events, a group for each channel. What cannot be processed is parked in the dead-letter queue. */
export class ChannelQueue extends ChatQueue {
  constructor(scope: Construct, id: string, { visibilityTimeout, retention }: ChannelQueueProps) {
    super(scope, id, {
      // high throughput mode: both are needed for it
      fifo: {
        fifo: true,
        deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
        fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      },
      visibilityTimeout: Duration.seconds(visibilityTimeout),
      retentionPeriod: Duration.days(14),
      retention,
    });
  }
}
