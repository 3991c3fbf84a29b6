import type { Clock } from './invocation.ts';

/** setTimeout takes at most 2^31 − 1 ms, and calls back at once above that. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own clock. A pending call keeps no process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, callback) {
    let timer: NodeJS.Timeout;
    const arm = () => {
      const left = Math.max(0, at - Date.now());
      // a timer may fire a millisecond early, and never counts as due before its time
      timer = setTimeout(() => (Date.now() >= at ? callback() : arm()), Math.min(left, LONGEST_TIMER)).unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};
