import { wholeNumber } from './whole-number.ts';

/** What a client may send and hold. */
export interface LimitOptions {
  /**
   * How large the push of a message may be, in bytes; a larger message is refused with `limit_exceeded`. Only
   * downwards: 32 KB is what API Gateway has for a frame.
   * @default 32768
   */
  readonly maxMessageBytes?: number;
  /**
   * How many channels a connection may be subscribed to.
   * @default 128
   */
  readonly maxChannels?: number;
  /**
   * Above how many waiting events publishes are refused with `too_many_requests`. SQS finds no other channel's events
   * behind 120,000, so it stays below.
   * @default 20000
   */
  readonly maxBacklog?: number;
}

/** Checks the limits and fills in their defaults. Throws an `Error` that names the limit and what is allowed. */
export function resolveLimits(options: LimitOptions): Required<LimitOptions> {
  const { maxMessageBytes = 32_768, maxChannels = 128, maxBacklog = 20_000 } = options;
  return {
    maxMessageBytes: wholeNumber('maxMessageBytes', maxMessageBytes, { min: 1024, max: 32_768 }),
    // with names of 255 characters, 1,000 still fit the connection's record (400 KB); with a subscription token each, 600
    maxChannels: wholeNumber('maxChannels', maxChannels, { min: 1, max: 1000 }),
    maxBacklog: wholeNumber('maxBacklog', maxBacklog, { min: 100, max: 100_000 }),
  };
}
