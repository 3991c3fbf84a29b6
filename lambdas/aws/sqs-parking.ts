import { type MessageAttributeValue, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Parking } from '../chat/ports.ts';
import { tellingFaults } from './faults.ts';
import { messageGroupOf, messageText } from './sqs-message.ts';

/** What is kept of a reason, in characters. */
const LONGEST_REASON = 1_000;

/**
 * Sends an event to the FIFO dead-letter queue as it came, in its channel's group, so that a redrive to the channel queue
 * puts it back. (The redrive has to name the channel queue: SQS did not move the event, and knows no source of it. What
 * was no event at all is parked as one that holds its `body`.)
 * Attributes: `why` (JSON text), `seq`, and `channel`, which is the group's hash. Parked twice, it is there once.
 */
export function sqsParking(client: SQSClient, QueueUrl: string): Parking {
  return tellingFaults<Parking>({
    async park({ event, seq }, why) {
      const group = messageGroupOf(event.channel);
      const parked = new SendMessageCommand({
        QueueUrl,
        MessageBody: messageText(event),
        MessageGroupId: group,
        // with the group: the numbers of two channels may be the same
        MessageDeduplicationId: `${group}.${seq}`,
        MessageAttributes: {
          why: text(messageText(why.slice(0, LONGEST_REASON))),
          seq: text(seq),
          channel: text(group),
        },
      });
      await client.send(parked);
    },
  });
}

const text = (StringValue: string): MessageAttributeValue => ({ DataType: 'String', StringValue });
