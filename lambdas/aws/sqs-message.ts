import { createHash } from 'node:crypto';

/** A channel's message group. A group id has at most 128 characters, a channel's name may have more, so it is a hash. */
export const messageGroupOf = (channel: string): string => createHash('sha256').update(channel).digest('base64url');

/**
 * A value as a message's body or attribute: JSON, in the characters that SQS takes. `JSON.stringify` escapes all that
 * SQS does not take but U+FFFE and U+FFFF, which a client may well send.
 */
export const messageText = (value: unknown): string =>
  JSON.stringify(value).replace(/[\uFFFE\uFFFF]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
