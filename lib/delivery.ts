import { seconds, type Time } from './time.ts';
import { wholeNumber } from './whole-number.ts';

/** How channels' events are worked on. */
export interface DeliveryOptions {
  /**
   * How long `deliver` may take for a batch. It stops 3 s before, and gives the rest back.
   * @default - 15 seconds
   */
  readonly deliverTimeout?: Time;
  /**
   * How long the Channel queue hides a batch that is in work, and so how long a channel waits after a worker died. At
   * least `deliverTimeout` and 30 s, the longest that an event is hidden which was given back in good order: so an
   * event that is back after this long tells of a death.
   * @default - 45 seconds, or that least where it is more
   */
  readonly visibilityTimeout?: Time;
  /**
   * How many batches `deliver` works on at once, 2 to 1,000: one is about a hundred events a second. It bounds what a
   * backlog can take of the account's concurrency, so that `$connect` always finds a place. The default suits a new
   * account, which has 10 in all; most have 1,000, and 50 or more is right where many channels are busy.
   * @default 5
   */
  readonly deliverConcurrency?: number;
}

/** The options with their defaults; times in seconds. */
export interface Delivery {
  readonly deliverTimeout: number;
  readonly visibilityTimeout: number;
  readonly deliverConcurrency: number;
}

/** The longest for which an event is hidden that was given back in good order. */
const GIVEN_BACK = 30;

/** Checks the options and fills in their defaults. Throws an `Error` that names the option and what is allowed. */
export function resolveDelivery(options: DeliveryOptions): Delivery {
  // a frame is tried for 3 s, and 3 s are left to give back the rest: in less than 10 a batch gets nowhere
  const deliverTimeout = seconds('deliverTimeout', options.deliverTimeout ?? 15, { min: 10, max: 300 });
  const least = deliverTimeout + GIVEN_BACK;
  return {
    deliverTimeout,
    visibilityTimeout: seconds('visibilityTimeout', options.visibilityTimeout ?? least, { min: least, max: 900 }),
    deliverConcurrency: wholeNumber('deliverConcurrency', options.deliverConcurrency ?? 5, { min: 2, max: 1000 }),
  };
}
