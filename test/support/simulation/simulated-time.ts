import type { Clock } from '../../../local/invocation.ts';

/** A clock that stands still until it is moved to its next alarm. */
export class SimulatedTime implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #alarms = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  at(at: number, callback: () => void): () => void {
    const alarm = { at, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + ms, resolve));
  }

  /** Rings what is due at this moment. */
  ringDue(): void {
    while ([...this.#alarms].some(({ at }) => at <= this.#now)) this.advance();
  }

  /** Moves to the next alarm and rings it. False: there is none. */
  advance(): boolean {
    const [next] = [...this.#alarms].sort((a, b) => a.at - b.at);
    if (!next) return false;
    this.#alarms.delete(next);
    this.#now = Math.max(this.#now, Math.ceil(next.at));
    next.callback();
    return true;
  }
}
