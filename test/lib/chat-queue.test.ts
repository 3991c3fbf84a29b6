import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { propertiesOf, templateOf } from './synthesis.ts';

const DAY = 86_400;

describe('the queues', () => {
  const template = templateOf();

  it('orders and deduplicates the events of each channel by themselves, at high throughput', () => {
    const highThroughput = {
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    };
    expect(propertiesOf(template, 'ChannelQueue')).toMatchObject({
      ...highThroughput,
      VisibilityTimeout: 45,
      MessageRetentionPeriod: 14 * DAY,
    });
    expect(propertiesOf(template, 'ChannelQueueDeadLetters')).toMatchObject(highThroughput);
  });

  it('leaves deduplication ids to the sender: two equal messages are two', () => {
    expect(propertiesOf(template, 'ChannelQueue')).not.toHaveProperty('ContentBasedDeduplication');
  });

  it('delays by a standard queue, which hides a batch three times as long as its function may take', () => {
    const later = propertiesOf(template, 'LaterQueue');
    expect(later).not.toHaveProperty('FifoQueue');
    expect(propertiesOf(template, 'LaterQueueDeadLetters')).not.toHaveProperty('FifoQueue');
    expect(later).toMatchObject({ VisibilityTimeout: 3 * propertiesOf(template, 'Later').Timeout });
    expect(later.MessageRetentionPeriod).toBeLessThan(14 * DAY);
  });

  it.each(['ChannelQueue', 'LaterQueue'])('%s has a dead-letter queue of 14 days as the last net', (queue) => {
    expect(propertiesOf(template, queue).RedrivePolicy).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': [`${queue}DeadLetters`, 'Arn'] },
      maxReceiveCount: 1000,
    });
    expect(propertiesOf(template, `${queue}DeadLetters`)).toMatchObject({ MessageRetentionPeriod: 14 * DAY });
  });

  it('encrypts each queue, and refuses requests without TLS', () => {
    template.resourceCountIs('AWS::SQS::Queue', 4);
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
    for (const queue of ['ChannelQueue', 'ChannelQueueDeadLetters', 'LaterQueue', 'LaterQueueDeadLetters']) {
      template.hasResourceProperties('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: queue }],
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Effect: 'Deny',
              Action: 'sqs:*',
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            }),
          ]),
        },
      });
    }
  });

  it('names no queue: a queue that had to be made anew could not have the name of the one that stays', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::SQS::Queue'))) {
      expect(Properties).not.toHaveProperty('QueueName');
    }
  });
});
