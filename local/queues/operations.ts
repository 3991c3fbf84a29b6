import type { Clock } from '../invocation.ts';
import { type BatchAnswer, batchAnswer, checkBatch, resultOf } from './batch.ts';
import { md5OfAttributes, md5OfBody } from './digest.ts';
import { receiveOrWait } from './long-poll.ts';
import {
  type MessageAttribute,
  type MessageAttributes,
  type OutgoingMessage,
  type ReceivedMessage,
  type SentMessage,
  systemAttributes,
} from './message.ts';
import type { Queue } from './queue.ts';
import { queueAttributes } from './queue-attributes.ts';
import { invalidValue, QueueError } from './queue-error.ts';
import type { MessageRequest, OperationName, RequestOf } from './requests.ts';
import { bytesOf, checkFifo, MAXIMUM_BYTES } from './send-rules.ts';

const MAXIMUM_WAIT_SECONDS = 20;

/** What an operation needs beside its queue. */
export interface OperationContext {
  readonly clock: Clock;
  /** Since when the queues are served, ms since 1970. */
  readonly startedAt: number;
  /** Who asks, as `SenderId` tells it. */
  readonly senderId: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

type Operations = {
  readonly [Name in OperationName]: (
    queue: Queue,
    request: RequestOf<Name>,
    context: OperationContext,
  ) => object | Promise<object>;
};

/** What each operation does: a request in, the answer's document out. All throw `QueueError` where SQS refuses. */
export const operations: Operations = {
  SendMessage(queue, request, { senderId }) {
    return sendResult(request, queue.send(outgoing(request, senderId)));
  },

  SendMessageBatch(queue, { Entries }, { senderId }) {
    checkBatch(Entries, 'SendMessageBatchRequestEntry');
    const messages = Entries.map((entry) => outgoing(entry, senderId));
    if (queue.declaration.fifo) for (const message of messages) checkFifo(queue.declaration, message);
    const bytes = messages.reduce((sum, message) => sum + bytesOf(message), 0);
    if (bytes > MAXIMUM_BYTES) {
      throw new QueueError(
        'BatchRequestTooLong',
        `Batch requests cannot be longer than ${MAXIMUM_BYTES} bytes. You have sent ${bytes} bytes.`,
      );
    }
    const results = queue.sendAll(messages).map((result, index) => {
      const entry = Entries[index];
      return result instanceof QueueError || entry === undefined ? result : sendResult(entry, result);
    });
    return batchAnswer(Entries, results);
  },

  async ReceiveMessage(queue, request, { clock, signal }) {
    const { MaxNumberOfMessages, VisibilityTimeout, WaitTimeSeconds } = request;
    if (WaitTimeSeconds < 0 || WaitTimeSeconds > MAXIMUM_WAIT_SECONDS) {
      throw invalidValue(WaitTimeSeconds, 'WaitTimeSeconds', 'Must be >= 0 and <= 20, if provided.');
    }
    const messages = await receiveOrWait(
      queue,
      {
        max: MaxNumberOfMessages,
        ...(VisibilityTimeout !== undefined && { visibilityTimeoutMs: VisibilityTimeout * 1000 }),
      },
      { clock, waitMs: WaitTimeSeconds * 1000, signal },
    );
    return messages.length === 0 ? {} : { Messages: messages.map((message) => receivedMessage(message, request)) };
  },

  DeleteMessage(queue, { ReceiptHandle }) {
    queue.delete(ReceiptHandle);
    return {};
  },

  DeleteMessageBatch(queue, { Entries }) {
    return each(Entries, 'DeleteMessageBatchRequestEntry', ({ ReceiptHandle }) => queue.delete(ReceiptHandle));
  },

  ChangeMessageVisibility(queue, { ReceiptHandle, VisibilityTimeout }) {
    queue.changeVisibility(ReceiptHandle, VisibilityTimeout * 1000);
    return {};
  },

  ChangeMessageVisibilityBatch(queue, { Entries }) {
    return each(Entries, 'ChangeMessageVisibilityBatchRequestEntry', ({ ReceiptHandle, VisibilityTimeout }) =>
      queue.changeVisibility(ReceiptHandle, VisibilityTimeout * 1000),
    );
  },

  GetQueueAttributes(queue, { AttributeNames }, { startedAt }) {
    return AttributeNames.length === 0 ? {} : { Attributes: queueAttributes(queue, AttributeNames, startedAt) };
  },

  GetQueueUrl(queue) {
    return { QueueUrl: queue.declaration.url };
  },

  PurgeQueue(queue) {
    queue.purge();
    return {};
  },
};

function each<Entry extends { readonly Id: string }>(
  entries: readonly Entry[],
  entryName: string,
  step: (entry: Entry) => void,
): BatchAnswer<object> {
  checkBatch(entries, entryName);
  const results = entries.map((entry) => resultOf(() => step(entry)) ?? {});
  return batchAnswer(entries, results);
}

function outgoing(request: MessageRequest, senderId: string): OutgoingMessage {
  const { MessageBody, DelaySeconds, MessageAttributes, MessageSystemAttributes } = request;
  const traceHeader = MessageSystemAttributes?.AWSTraceHeader?.StringValue;
  return {
    body: MessageBody,
    senderId,
    ...(request.MessageGroupId !== undefined && { groupId: request.MessageGroupId }),
    ...(request.MessageDeduplicationId !== undefined && { deduplicationId: request.MessageDeduplicationId }),
    ...(DelaySeconds !== undefined && { delayMs: DelaySeconds * 1000 }),
    ...(MessageAttributes !== undefined && { attributes: attributesOf(MessageAttributes) }),
    ...(traceHeader !== undefined && { traceHeader }),
  };
}

function attributesOf(attributes: NonNullable<MessageRequest['MessageAttributes']>): MessageAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]): [string, MessageAttribute] => [
      name,
      {
        DataType,
        ...(StringValue !== undefined && { StringValue }),
        ...(BinaryValue !== undefined && { BinaryValue }),
      },
    ]),
  );
}

function sendResult(request: MessageRequest, { messageId, sequenceNumber }: SentMessage): object {
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5OfBody(request.MessageBody),
    MD5OfMessageAttributes: md5OfAttributes(attributesOf(request.MessageAttributes ?? {})),
    MD5OfMessageSystemAttributes: md5OfAttributes(attributesOf(systemOf(request))),
    SequenceNumber: sequenceNumber,
  };
}

function systemOf({ MessageSystemAttributes }: MessageRequest): NonNullable<MessageRequest['MessageAttributes']> {
  const header = MessageSystemAttributes?.AWSTraceHeader;
  return header ? { AWSTraceHeader: header } : {};
}

function receivedMessage(message: ReceivedMessage, request: RequestOf<'ReceiveMessage'>): object {
  const wanted = [...request.AttributeNames, ...request.MessageSystemAttributeNames];
  const Attributes = pick(systemAttributes(message), (name) => wanted.includes('All') || wanted.includes(name));
  const MessageAttributes = pick(message.attributes ?? {}, (name) =>
    request.MessageAttributeNames.some((pattern) => matches(pattern, name)),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: md5OfBody(message.body),
    Body: message.body,
    Attributes,
    MD5OfMessageAttributes: md5OfAttributes(MessageAttributes),
    MessageAttributes,
  };
}

/** `All`, a name, or the beginning of one before `.*`. */
function matches(pattern: string, name: string): boolean {
  if (pattern === 'All') return true;
  return pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -2)) : name === pattern;
}

/** The entries whose name is wanted; undefined, and so absent from the answer, where none is. */
function pick<Value>(
  record: Readonly<Record<string, Value>>,
  isWanted: (name: string) => boolean,
): Record<string, Value> | undefined {
  const entries = Object.entries(record).filter(([name]) => isWanted(name));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
