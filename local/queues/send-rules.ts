import { createHash } from 'node:crypto';
import type { QueueDeclaration } from '../declarations.ts';
import type { MessageAttributes, OutgoingMessage } from './message.ts';
import { invalidValue, QueueError } from './queue-error.ts';

/** 1 MiB, the limit of a message and of a batch as a whole: body and attributes together. */
export const MAXIMUM_BYTES = 1_048_576;
const MAXIMUM_DELAY_MS = 900_000;
const MAXIMUM_ATTRIBUTES = 10;

// alphanumeric characters and the punctuation that SQS lists: all that is printable in ASCII but the space
const FIFO_ID = /^[!-~]{1,128}$/;
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)$/i;
const ATTRIBUTE_TYPE = /^(String|Number|Binary)(\.[\s\S]{1,248})?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that SQS takes
const CONTENT = /^[\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

const NOT_OF_THIS_TYPE = 'The request include parameter that is not valid for this queue type.';

/** What a message counts against the limit: UTF-8 bytes of the body and of each attribute's name, type and value. */
export function bytesOf(message: OutgoingMessage): number {
  let bytes = Buffer.byteLength(message.body);
  for (const [name, { DataType, StringValue = '', BinaryValue = '' }] of Object.entries(message.attributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue);
    bytes += Buffer.byteLength(BinaryValue, 'base64');
  }
  return bytes;
}

/** Throws a `QueueError`, in SQS's words, for a message that the queue does not take. */
export function checkMessage(queue: QueueDeclaration, message: OutgoingMessage): void {
  if (message.body === '') {
    throw new QueueError('MissingRequiredParameterException', 'The request must contain the parameter MessageBody.');
  }
  if (bytesOf(message) > MAXIMUM_BYTES) {
    throw new QueueError(
      'InvalidParameterValueException',
      `One or more parameters are invalid. Reason: Message must be shorter than ${MAXIMUM_BYTES} bytes.`,
    );
  }
  if (!CONTENT.test(message.body)) {
    throw new QueueError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
  checkAttributes(message.attributes ?? {});
  checkFifoId('MessageGroupId', message.groupId);
  checkFifoId('MessageDeduplicationId', message.deduplicationId);
  if (queue.fifo) checkFifo(queue, message);
  else checkStandard(message);
}

/** Throws where a FIFO queue misses one of its two ids. Of a batch with such an entry, SQS refuses the whole. */
export function checkFifo(queue: QueueDeclaration, message: OutgoingMessage): void {
  if (message.groupId === undefined) {
    throw new QueueError('MissingRequiredParameterException', 'The request must contain the parameter MessageGroupId.');
  }
  if (deduplicationIdOf(queue, message) === undefined) {
    throw new QueueError(
      'InvalidParameterValueException',
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  // 0 is taken, though it says nothing
  if (message.delayMs) throw invalidValue(message.delayMs / 1000, 'DelaySeconds', NOT_OF_THIS_TYPE);
}

function checkStandard({ deduplicationId, delayMs = 0 }: OutgoingMessage): void {
  if (deduplicationId !== undefined) throw invalidValue(deduplicationId, 'MessageDeduplicationId', NOT_OF_THIS_TYPE);
  if (delayMs < 0 || delayMs > MAXIMUM_DELAY_MS) {
    throw invalidValue(delayMs / 1000, 'DelaySeconds', 'DelaySeconds must be >= 0 and <= 900.');
  }
}

/** The id by which a message is known as a duplicate: the sender's, or else the body's SHA-256 where the queue says so. */
export function deduplicationIdOf(queue: QueueDeclaration, message: OutgoingMessage): string | undefined {
  if (!queue.fifo) return undefined;
  if (message.deduplicationId !== undefined || !queue.contentBasedDeduplication) return message.deduplicationId;
  return createHash('sha256').update(message.body).digest('hex');
}

function checkFifoId(parameter: string, id: string | undefined): void {
  if (id === undefined || FIFO_ID.test(id)) return;
  throw invalidValue(
    id,
    parameter,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

function checkAttributes(attributes: MessageAttributes): void {
  const entries = Object.entries(attributes);
  const refuse = (message: string): never => {
    throw new QueueError('InvalidParameterValueException', message);
  };
  if (entries.length > MAXIMUM_ATTRIBUTES) {
    refuse(`Number of message attributes [${entries.length}] exceeds the allowed maximum [${MAXIMUM_ATTRIBUTES}].`);
  }
  for (const [name, { DataType, StringValue, BinaryValue }] of entries) {
    if (!ATTRIBUTE_NAME.test(name)) refuse(`The message attribute name '${name}' is invalid.`);
    if (!ATTRIBUTE_TYPE.test(DataType)) {
      refuse(
        `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
      );
    }
    const [value, field] = DataType.startsWith('Binary') ? [BinaryValue, 'binary'] : [StringValue, 'string'];
    if (!value)
      refuse(`The message attribute '${name}' must contain non-empty message attribute value for ${field} type.`);
  }
}
