import type { Invocation, Invoke } from '../invocation.ts';
import type { Timers } from './timers.ts';

/** What became of a call to a function: its end, or that API Gateway stopped waiting for it. */
type IntegrationOutcome = Invocation | 'timed-out';

/** Calls a function and waits for it as long as API Gateway would. */
export type Integrate = (
  functionArn: string,
  event: object,
  source: string,
  timeoutMs: number,
) => Promise<IntegrationOutcome>;

/** A function that is no longer waited for runs on: API Gateway cannot end it. */
export function createIntegration(invoke: Invoke, timers: Timers): Integrate {
  return async (functionArn, event, source, timeoutMs) => {
    const { promise, resolve } = Promise.withResolvers<'timed-out'>();
    const cancel = timers.at(timers.now() + timeoutMs, () => resolve('timed-out'));
    try {
      return await Promise.race([invoke(functionArn, event, source), promise]);
    } finally {
      cancel();
    }
  };
}
