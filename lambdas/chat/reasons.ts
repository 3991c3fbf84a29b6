import type { Reason } from './channel-event.ts';

// Centrifugo's codes and words (centrifugal/centrifuge, disconnect.go and unsubscribe.go). A client comes back after
// 3000–3499 and stays away from 3500 on; it subscribes again from 2500 on.

/** A fault has left a connection without what it was told that it has: the client comes back. */
export const SERVER_ERROR: Reason = { code: 3004, reason: 'internal server error' };
/** The token of a connection has ended, and no other came. */
export const CONNECTION_EXPIRED: Reason = { code: 3005, reason: 'connection expired' };
/** What a server-side subscription needs is not there any more: the client comes back, and is told where it stands. */
export const INSUFFICIENT_STATE: Reason = { code: 3010, reason: 'insufficient state' };
/** A token that is not good, or is somebody else's. */
export const INVALID_TOKEN: Reason = { code: 3500, reason: 'invalid token' };
/** A frame that the protocol does not have. */
export const BAD_REQUEST: Reason = { code: 3501, reason: 'bad request' };
/** The owner's server wants it. */
export const FORCE_DISCONNECT: Reason = { code: 3503, reason: 'force disconnect' };
/** The token names more server-side channels than a connection may have. */
export const CHANNEL_LIMIT: Reason = { code: 3505, reason: 'channel limit' };

/** The owner's server has ended a subscription. */
export const SERVER_UNSUBSCRIBE: Reason = { code: 2000, reason: 'server unsubscribe' };
/** What a reader had still to be sent is not kept any more. */
export const HISTORY_LOST: Reason = { code: 2500, reason: 'insufficient state' };
/** The token of a subscription has ended, and no other came. */
export const SUBSCRIPTION_EXPIRED: Reason = { code: 2501, reason: 'subscription expired' };
