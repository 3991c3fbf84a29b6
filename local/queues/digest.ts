import { createHash } from 'node:crypto';
import type { MessageAttributes } from './message.ts';

/** MD5 of a body, in hex: what SDKs check an answer by. */
export const md5OfBody = (body: string): string => createHash('md5').update(body).digest('hex');

/**
 * MD5 of attributes, in hex; undefined where there are none.
 *
 * As SQS's developer guide has it: by name in order, each of name, type and value behind its length in four bytes,
 * with a byte before the value that tells strings (1) from binary (2).
 */
export function md5OfAttributes(attributes: MessageAttributes | undefined): string | undefined {
  const names = Object.keys(attributes ?? {}).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const update = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const { DataType = '', StringValue, BinaryValue } = attributes?.[name] ?? {};
    update(Buffer.from(name));
    update(Buffer.from(DataType));
    hash.update(Buffer.of(BinaryValue === undefined ? 1 : 2));
    update(BinaryValue === undefined ? Buffer.from(StringValue ?? '') : Buffer.from(BinaryValue, 'base64'));
  }
  return hash.digest('hex');
}
