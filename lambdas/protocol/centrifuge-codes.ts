import type { Reason } from '../chat/channel-event.ts';
import type { ParleyErrorCode } from '../chat/errors.ts';

/** An error as the Centrifugo protocol names it. */
interface CentrifugeError {
  readonly code: number;
  readonly message: string;
  /** The same command may succeed later, which SDKs try by themselves. */
  readonly temporary?: true;
}

/** Parley's errors in Centrifugo's codes and its own words, which users of its SDKs know (`errors.go` of centrifugal/centrifuge). */
export const centrifugeErrors: Readonly<Record<ParleyErrorCode, CentrifugeError>> = {
  internal: { code: 100, message: 'internal server error', temporary: true },
  unknown_channel: { code: 102, message: 'unknown channel' },
  permission_denied: { code: 103, message: 'permission denied' },
  unknown_action: { code: 104, message: 'method not found' },
  already_subscribed: { code: 105, message: 'already subscribed' },
  limit_exceeded: { code: 106, message: 'limit exceeded' },
  bad_request: { code: 107, message: 'bad request' },
  not_available: { code: 108, message: 'not available' },
  token_expired: { code: 109, message: 'token expired' },
  too_many_requests: { code: 111, message: 'too many requests', temporary: true },
  unrecoverable_position: { code: 112, message: 'unrecoverable position' },
};

/** What ends a connection whose frame is none of the protocol: the client stays away (`disconnect.go` of centrifugal/centrifuge). */
export const BAD_REQUEST: Reason = { code: 3501, reason: 'bad request' };
