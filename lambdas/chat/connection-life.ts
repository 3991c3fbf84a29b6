/** API Gateway ends every connection after 2 hours; a little more, and nothing outlives its connection for long. */
const LONGEST_S = 2 * 3600 + 600;
/** How long after its beginning a connection may still be in its handshake (the integration's longest time). */
const HANDSHAKE_MS = 30_000;

interface Connected {
  /** ms since 1970. */
  readonly connectedAt: number;
}

/** When what is kept of a connection ends, Unix time in seconds. */
export const expiryOf = ({ connectedAt }: Connected): number => Math.floor(connectedAt / 1000) + LONGEST_S;

/** Whether a 410 may only mean that `$connect` has not returned yet; `now` in ms since 1970. */
export const isInHandshake = ({ connectedAt }: Connected, now: number): boolean => now - connectedAt < HANDSHAKE_MS;
