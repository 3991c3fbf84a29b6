import type { QueueDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import type { Resource, Resources } from './resources.ts';

/** The template's queues, with SQS's defaults for what it does not say. */
export function readQueues(resources: Resources): QueueDeclaration[] {
  return resources.of('AWS::SQS::Queue').map(readQueue);
}

function readQueue({ logicalId, identity, properties }: Resource): QueueDeclaration {
  const redrive = properties.part('RedrivePolicy');
  const scope = properties.text('DeduplicationScope', 'queue');
  if (scope !== 'queue' && scope !== 'messageGroup') {
    throw new StartError(`${properties.pathOf('DeduplicationScope')}: SQS knows queue and messageGroup, not ${scope}.`);
  }
  return {
    logicalId,
    name: identity.attributes.QueueName ?? '',
    arn: identity.attributes.Arn ?? '',
    url: identity.ref,
    fifo: properties.flag('FifoQueue', false),
    contentBasedDeduplication: properties.flag('ContentBasedDeduplication', false),
    deduplicationScope: scope,
    visibilityTimeoutMs: properties.number('VisibilityTimeout', 30) * 1000,
    delayMs: properties.number('DelaySeconds', 0) * 1000,
    retentionMs: properties.number('MessageRetentionPeriod', 345_600) * 1000,
    ...(redrive && {
      redrive: {
        deadLetterTargetArn: redrive.text('deadLetterTargetArn'),
        maxReceiveCount: redrive.number('maxReceiveCount'),
      },
    }),
  };
}
