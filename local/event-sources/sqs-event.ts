import type { SQSEvent, SQSMessageAttributes, SQSRecordAttributes } from 'aws-lambda';
import type { QueueDeclaration } from '../declarations.ts';
import { md5OfAttributes, md5OfBody } from '../queues/digest.ts';
import { type MessageAttributes, type ReceivedMessage, systemAttributes } from '../queues/message.ts';

/** The event that Lambda makes of a batch, in the shape that its developer guide shows. */
export function sqsEvent({ arn }: QueueDeclaration, messages: readonly ReceivedMessage[]): SQSEvent {
  const [, , , awsRegion = ''] = arn.split(':');
  return {
    Records: messages.map((message) => {
      const md5OfMessageAttributes = md5OfAttributes(message.attributes);
      return {
        messageId: message.id,
        receiptHandle: message.receiptHandle,
        body: message.body,
        attributes: systemAttributes(message) as unknown as SQSRecordAttributes,
        messageAttributes: messageAttributes(message.attributes ?? {}),
        ...(md5OfMessageAttributes !== undefined && { md5OfMessageAttributes }),
        md5OfBody: md5OfBody(message.body),
        eventSource: 'aws:sqs',
        eventSourceARN: arn,
        awsRegion,
      };
    }),
  };
}

function messageAttributes(attributes: MessageAttributes): SQSMessageAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ]),
  );
}
