import type { AsynchronousInvocationDeclaration } from '../declarations.ts';
import { createTimers } from '../gateway/timers.ts';
import type { Activity, Clock, Invoke } from '../invocation.ts';

/** How long Lambda waits before it tries an event again: after the first failure, and after the second. */
const WAITS_MS = [60_000, 120_000];
/** How old an event may become, where the template says nothing. */
const LONGEST_AGE_MS = 6 * 60 * 60 * 1000;

/** The queue between who invokes a function asynchronously and the function. */
export interface AsynchronousInvocations {
  /** Takes an event; `source` says in the log where it comes from. What becomes of it is only told at the terminal. */
  enqueue(functionArn: string, event: unknown, source: string): void;
  /** Tries nothing again from now on, and tells how many events are dropped by that. */
  stop(): void;
}

/**
 * Invokes functions as Lambda does for events that nobody waits for: at once, side by side; and an event that fails
 * twice more, a minute after the first failure and two minutes after the second, or as often as the function's
 * EventInvokeConfig says. A function that is busy is waited for. Events are kept in memory: they end with the server.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 *
 * Other than in Lambda, a new try has a request id of its own.
 */
export function asynchronousInvocations(
  declarations: readonly AsynchronousInvocationDeclaration[],
  { invoke, clock, activity }: { readonly invoke: Invoke; readonly clock: Clock; readonly activity: Activity },
): AsynchronousInvocations {
  const timers = createTimers(clock);
  let waiting = 0;
  let stopped = false;

  async function attempt(functionArn: string, event: unknown, source: string, since: number, tries: number) {
    const { maximumRetries = WAITS_MS.length, maximumAgeMs = LONGEST_AGE_MS } =
      declarations.find((declared) => declared.functionArn === functionArn) ?? {};
    const invocation = await invoke(functionArn, event, source);
    // how it failed has its own line
    if (invocation.ok || stopped) return;
    // without the hash that the CDK puts behind a construct's path
    const name = functionArn.replace(/^.*:|(?<=.)[0-9A-F]{8}$/g, '');
    const wait = tries < maximumRetries ? WAITS_MS[tries] : undefined;
    const next = timers.now() + (wait ?? 0);
    if (wait === undefined || next > since + maximumAgeMs) {
      activity.warn(`${source} → ${name}: given up after ${tries + 1} of ${maximumRetries + 1} tries`);
      return;
    }
    activity.note(`${source} → ${name}: tried again in ${wait / 1000} s`);
    waiting++;
    timers.at(next, () => {
      waiting--;
      void attempt(functionArn, event, source, since, tries + 1);
    });
  }

  return {
    enqueue(functionArn, event, source) {
      if (!stopped) void attempt(functionArn, event, source, timers.now(), 0);
    },
    stop() {
      stopped = true;
      timers.stop();
      if (waiting > 0) activity.warn(`asynchronous invocations that failed and are not tried again: ${waiting}`);
      waiting = 0;
    },
  };
}
