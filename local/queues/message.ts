/** An attribute that the sender gave, named as in SQS's API. `BinaryValue` is base64. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

/** Attributes of a message by their name. */
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** A message on its way into a queue. */
export interface OutgoingMessage {
  readonly body: string;
  /** Required on a FIFO queue; on a standard one a mere attribute. */
  readonly groupId?: string;
  /** FIFO only. Absent: the body's hash, where the queue has content-based deduplication; else an error. */
  readonly deduplicationId?: string;
  /** Standard queues only; absent: the queue's own delay. */
  readonly delayMs?: number;
  readonly attributes?: MessageAttributes;
  /** X-Ray's header, kept as it is. */
  readonly traceHeader?: string;
  /** Who sends, as the receiver reads it in `SenderId`. */
  readonly senderId?: string;
}

/** What a sender is told. */
export interface SentMessage {
  readonly messageId: string;
  /** FIFO only: 20 digits, rising. Of a duplicate: that of the message it repeats. */
  readonly sequenceNumber?: string;
}

/** A message in a queue: what is kept of it for as long as it is there. */
export interface Message {
  readonly id: string;
  readonly body: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly attributes?: MessageAttributes;
  readonly traceHeader?: string;
  readonly senderId?: string;
  readonly sequenceNumber?: string;
  /** The queue that it was moved from. */
  readonly deadLetterSourceArn?: string;
  /** ms since 1970. */
  readonly sentAt: number;
  /** When its delay is over, ms since 1970; `sentAt` where it has none. */
  readonly dueAt: number;
  /** How often it was received, in every queue that it was in. */
  readonly receiveCount: number;
  /** ms since 1970; absent until it was received. */
  readonly firstReceivedAt?: number;
}

/** A message as it is handed out. */
export interface ReceivedMessage extends Message {
  readonly firstReceivedAt: number;
  /** Names this one receive of it, until its visibility timeout is over. */
  readonly receiptHandle: string;
}

/** A received message's system attributes, all of them strings, by the names that SQS and Lambda have for them. */
export function systemAttributes(message: ReceivedMessage): Record<string, string> {
  const present = {
    ApproximateReceiveCount: String(message.receiveCount),
    AWSTraceHeader: message.traceHeader,
    SentTimestamp: String(message.sentAt),
    SequenceNumber: message.sequenceNumber,
    MessageGroupId: message.groupId,
    SenderId: message.senderId,
    MessageDeduplicationId: message.deduplicationId,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  };
  return Object.fromEntries(
    Object.entries(present).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
