import type { Reason } from './channel-event.ts';

/** What a client can be told it did wrong; the codes of docs/protocol.md, sent as they are. */
export type ParleyErrorCode =
  | 'bad_request'
  | 'unknown_action'
  | 'unknown_channel'
  | 'permission_denied'
  | 'not_available'
  | 'already_subscribed'
  | 'limit_exceeded'
  | 'too_many_requests'
  | 'token_expired'
  | 'unrecoverable_position'
  | 'internal';

/**
 * A refusal that the client caused and can act on; `code` is stable and is sent to it as is, and so is the message.
 *
 * Anything else that is thrown is a fault: it is logged, and the client is told `internal` and a request id.
 */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  readonly code: ParleyErrorCode;

  constructor(code: ParleyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A service that Parley calls refused or could not be reached: throttling, 5xx, network, credentials, access denied.
 *
 * Adapters throw it with the service's own error as `cause`. The same call may succeed later, so nothing is parked or
 * suspected for it. What a service says of our own mistake (any other 4xx) is no `Unavailable`: it is a bug.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** A frame of a client that its protocol does not allow at all: the connection is told the reason, and ended. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected';
  readonly why: Reason;

  constructor(why: Reason, options?: ErrorOptions) {
    super(why.reason, options);
    this.why = why;
  }
}

/** The channel's head has seen a later turn than this worker's: it has lost the channel and must not write again. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** Whether a failure is no fault of the event in hand: a service refused, or the channel is another worker's by now. */
export const isOrderly = (error: unknown): boolean => error instanceof Overtaken || error instanceof Unavailable;
