import { Duration } from 'aws-cdk-lib';
import { wholeNumber } from './whole-number.ts';

/** How it is known who is there, and who is told. */
export interface PresenceOptions {
  /**
   * How often each connection is pinged, in minutes (or a Duration), 1 to 9. A ping keeps it from API Gateway's idle end
   * after 10 minutes, finds out that it has vanished, and is when an expired token ends it. A connection that is open all
   * month costs about $0.005 a month at 9 minutes, $0.009 at 5, $0.045 at 1.
   * @default 9
   */
  readonly pingInterval?: Duration | number;
  /**
   * Up to how many readers of a channel are told of joins and leaves, 0 to 1,000: each costs a frame a reader, $1 a
   * million, so when a thousand come back to a channel of a thousand it would be a million frames.
   * @default 100
   */
  readonly joinLeaveReaders?: number;
}

/** The options with their defaults; the interval in minutes. */
export interface PresenceSettings {
  readonly pingInterval: number;
  readonly joinLeaveReaders: number;
}

/** Checks the options and fills in their defaults. Throws an `Error` that names the option and what is allowed. */
export function resolvePresence({ pingInterval = 9, joinLeaveReaders = 100 }: PresenceOptions): PresenceSettings {
  const minutes = pingInterval instanceof Duration ? pingInterval.toMinutes({ integral: false }) : pingInterval;
  return {
    pingInterval: wholeNumber('pingInterval', minutes, { min: 1, max: 9, unit: 'minutes (or a Duration)' }),
    joinLeaveReaders: wholeNumber('joinLeaveReaders', joinLeaveReaders, { min: 0, max: 1000 }),
  };
}
