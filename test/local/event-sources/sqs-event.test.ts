import { describe, expect, it } from 'vitest';
import { sqsEvent } from '../../../local/event-sources/sqs-event.ts';
import { queueFixture, standardDeclaration } from '../queues/queue-fixture.ts';

describe('the event of a batch', () => {
  it('has the shape that AWS documents for a FIFO queue', () => {
    const { queue, clock } = queueFixture();
    const { sequenceNumber } = queue.send({
      body: 'Test message.',
      groupId: 'g',
      deduplicationId: 'd',
      senderId: 'AIDA',
    });
    const [message] = queue.receive();
    if (message === undefined) throw new Error('nothing was received');
    expect(sqsEvent(queue.declaration, [message])).toEqual({
      Records: [
        {
          messageId: 'id1',
          receiptHandle: message.receiptHandle,
          body: 'Test message.',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: String(clock.now()),
            SequenceNumber: sequenceNumber,
            MessageGroupId: 'g',
            SenderId: 'AIDA',
            MessageDeduplicationId: 'd',
            ApproximateFirstReceiveTimestamp: String(clock.now()),
          },
          messageAttributes: {},
          md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
          eventSource: 'aws:sqs',
          eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:channel.fifo',
          awsRegion: 'us-east-1',
        },
      ],
    });
  });

  it('carries the attributes of a message', () => {
    const { queue } = queueFixture(standardDeclaration());
    queue.send({
      body: 'x',
      attributes: {
        kind: { DataType: 'String', StringValue: 'v' },
        bytes: { DataType: 'Binary', BinaryValue: 'AQID' },
      },
    });
    const [record] = sqsEvent(queue.declaration, queue.receive()).Records;
    expect(record?.messageAttributes).toEqual({
      kind: { stringValue: 'v', stringListValues: [], binaryListValues: [], dataType: 'String' },
      bytes: { binaryValue: 'AQID', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
    });
    expect(record?.md5OfMessageAttributes).toMatch(/^[0-9a-f]{32}$/);
  });
});
