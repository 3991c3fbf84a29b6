import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { EVENT_VERSION } from '../chat/channel-event.ts';
import type { LaterQueue } from '../chat/ports.ts';
import { tellingFaults } from './faults.ts';
import { messageText } from './sqs-message.ts';

/** How long a handshake's subscribe waits, in seconds. */
const HANDSHAKE_DELAY = 1;

/**
 * Sends to the delayed queue, which is a standard one. Bodies are those of `LaterItem`; they may come more than once and
 * in any order.
 */
export function sqsLaterQueue(client: SQSClient, QueueUrl: string): LaterQueue {
  async function send(message: object, DelaySeconds: number): Promise<void> {
    const MessageBody = messageText({ v: EVENT_VERSION, ...message });
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));
  }

  return tellingFaults<LaterQueue>({
    again: (event) => send({ type: 'again', event }, HANDSHAKE_DELAY),
    end: (connection, options) => send({ type: 'end', connection, ...options }, 0),
    sweep: (task) => send({ type: 'sweep', ...task }, 0),
  });
}
