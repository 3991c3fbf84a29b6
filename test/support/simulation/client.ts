import type { FormatName } from '../../../lambdas/chat/channel-event.ts';

/** A document that a client was sent, as it reads it, whichever format it came in. */
export interface Told {
  readonly type: string;
  readonly id?: string;
  readonly channel?: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly data?: unknown;
  readonly code?: string | number;
  readonly recovered?: boolean;
  readonly user?: string;
}

/** A connection as API Gateway sees it. */
export interface Client {
  readonly format: FormatName;
  open: boolean;
  /** Its `$connect` has returned; before that, a post meets 410. */
  established: boolean;
  /** So many of its next frames arrive, and nobody learns of it. */
  mute: number;
  /** So many of its next posts are answered 429. */
  busy: number;
  /** Every document that arrived, in order. */
  readonly told: Told[];
  /** The same by the frames that they came in. */
  readonly frames: Told[][];
}

/** A client that is there, or (`established` false) still in its handshake. */
export const newClient = (established = true, format: FormatName = 'json'): Client => ({
  format,
  open: true,
  established,
  mute: 0,
  busy: 0,
  told: [],
  frames: [],
});
