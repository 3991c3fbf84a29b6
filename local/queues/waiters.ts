import type { Clock } from '../invocation.ts';

/** Who waits for something to receive: woken in their order, by what happens or by the clock, never by a tick. */
export class Waiters {
  readonly #clock: Clock;
  readonly #next: () => number;
  readonly #waiting = new Set<() => void>();
  #cancelTimer: (() => void) | undefined;

  /** `next` tells when there is something to receive, ms since 1970: Infinity where nothing will be. */
  constructor(clock: Clock, next: () => number) {
    this.#clock = clock;
    this.#next = next;
  }

  /** Adds one who waits. Answers how to stop. */
  add(callback: () => void): () => void {
    // the same callback may wait twice
    const waiter = (): void => callback();
    this.#waiting.add(waiter);
    this.#schedule();
    return () => {
      if (this.#waiting.delete(waiter)) this.#schedule();
    };
  }

  /** To be called after each change: wakes as long as there is something to receive, and sets the clock for the rest. */
  wake(): void {
    // a copy: who has found nothing waits again, and is not woken twice
    for (const waiter of [...this.#waiting]) {
      if (this.#next() > this.#clock.now()) break;
      if (this.#waiting.delete(waiter)) waiter();
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#waiting.size === 0) return;
    const next = this.#next();
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.at(next, () => {
      this.#cancelTimer = undefined;
      this.wake();
    });
  }
}
