import { wholeNumber } from './whole-number.ts';

/** How many requests are let through. */
export interface ThrottlingOptions {
  /**
   * How many handshakes and frames a second each route of the WebSocket API takes from all clients together, and how many
   * calls each route of the server API takes. Above, it is answered 429. The account has 10,000 a second for all APIs and
   * `@connections` calls, so leave room for the pushes.
   * @default - 1000 a second, 1000 at once
   */
  readonly throttling?: { readonly rateLimit?: number; readonly burstLimit?: number };
}

/** Checks the option and fills in its defaults. Throws an `Error` that names it and what is allowed. */
export function resolveThrottling({ throttling = {} }: ThrottlingOptions) {
  const { rateLimit = 1000, burstLimit = 1000 } = throttling;
  return {
    rateLimit: wholeNumber('throttling.rateLimit', rateLimit, { min: 1, max: 10_000 }),
    burstLimit: wholeNumber('throttling.burstLimit', burstLimit, { min: 1, max: 5_000 }),
  };
}
