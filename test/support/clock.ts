import type { Clock } from '../../local/invocation.ts';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves the time on, and on its way calls back what falls due, in order, each at its own time. */
  advance(ms: number): void;
  /** When the next callback is due, ms since 1970; undefined where nobody waits. */
  readonly next: number | undefined;
}

/** Makes one. `start` is in ms since 1970. */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  const due = new Set<{ readonly at: number; readonly callback: () => void }>();
  const first = () =>
    [...due].reduce<{ at: number; callback: () => void } | undefined>(
      // of two at the same time, the one that was there first
      (earliest, one) => (earliest === undefined || one.at < earliest.at ? one : earliest),
      undefined,
    );
  return {
    now: () => now,
    at(at, callback) {
      const one = { at, callback };
      due.add(one);
      return () => due.delete(one);
    },
    advance(ms) {
      const end = now + ms;
      for (let one = first(); one !== undefined && one.at <= end; one = first()) {
        due.delete(one);
        now = Math.max(now, one.at);
        one.callback();
      }
      now = end;
    },
    get next() {
      return first()?.at;
    },
  };
}
