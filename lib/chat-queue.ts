import { Duration } from 'aws-cdk-lib';
import { type IQueue, Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';

/** A queue with a dead-letter queue of its kind. */
export interface ChatQueueProps {
  /** What makes the queue and its dead-letter queue FIFO; none makes both standard. */
  readonly fifo?: Pick<QueueProps, 'fifo' | 'deduplicationScope' | 'fifoThroughputLimit'>;
  /** For how long a message that was received is hidden. */
  readonly visibilityTimeout: Duration;
  /** How long a message waits at most. */
  readonly retentionPeriod: Duration;
  readonly retention: Retention;
}

/**
 * A queue with its dead-letter queue, encrypted, by TLS alone. Its logical id is the construct's id, and the other's
 * is `<id>DeadLetters`, wherever they stand: a queue that is made anew loses what was acknowledged.
 */
export class ChatQueue extends Construct {
  readonly queue: IQueue;
  readonly deadLetters: IQueue;

  constructor(scope: Construct, id: string, props: ChatQueueProps) {
    super(scope, id);
    const common: QueueProps = {
      ...props.fifo,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: props.retention.removalPolicy,
    };

    const deadLetters = new Queue(this, 'DeadLetters', { ...common, retentionPeriod: Duration.days(14) });
    pinLogicalId(deadLetters, `${id}DeadLetters`);

    const queue = new Queue(this, 'Queue', {
      ...common,
      retentionPeriod: props.retentionPeriod,
      visibilityTimeout: props.visibilityTimeout,
      // the last net, hours of waiting: the functions themselves park what cannot be processed, long before
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 1000 },
    });
    pinLogicalId(queue, id);

    this.queue = queue;
    this.deadLetters = deadLetters;
  }
}
