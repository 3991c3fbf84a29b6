import type { Clock } from '../invocation.ts';

/** Wake-up calls that can be called off all at once. */
export interface Timers {
  now(): number;
  /** Calls back once, at or after `at` (ms since 1970). Answers how to cancel it. */
  at(at: number, callback: () => void): () => void;
  /** Resolves when `work` has settled, and at the latest after `ms`. */
  within(ms: number, work: Promise<unknown>): Promise<void>;
  /** Calls off all of them; later ones are never called either. */
  stop(): void;
}

/** Remembers what waits on a clock, so that a server that closes leaves no timer behind. */
export function createTimers(clock: Clock): Timers {
  const pending = new Set<() => void>();
  let stopped = false;
  function at(when: number, callback: () => void): () => void {
    if (stopped) return () => undefined;
    const cancelOnClock = clock.at(when, () => {
      pending.delete(cancel);
      callback();
    });
    const cancel = () => {
      pending.delete(cancel);
      cancelOnClock();
    };
    pending.add(cancel);
    return cancel;
  }
  return {
    now: () => clock.now(),
    at,
    async within(ms, work) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = at(clock.now() + ms, resolve);
      void work.then(
        () => resolve(),
        () => resolve(),
      );
      await promise;
      cancel();
    },
    stop() {
      stopped = true;
      for (const cancel of pending) cancel();
    },
  };
}
