import { QueueError } from './queue-error.ts';

/** Names one receive of a message; opaque to who gets it. `nonce` is unlike that of any other receive. */
export const receiptHandle = (queueName: string, messageId: string, nonce: string): string =>
  Buffer.from(JSON.stringify([queueName, messageId, nonce])).toString('base64');

/** The id of the message that a handle of this queue names. Throws `ReceiptHandleIsInvalid` for anything else. */
export function receiptMessageId(queueName: string, handle: string): string {
  try {
    const [queue, messageId] = JSON.parse(Buffer.from(handle, 'base64').toString());
    if (queue === queueName && typeof messageId === 'string') return messageId;
  } catch (cause) {
    throw invalid(handle, cause);
  }
  throw invalid(handle);
}

const invalid = (handle: string, cause?: unknown): QueueError =>
  new QueueError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`, {
    cause,
  });
