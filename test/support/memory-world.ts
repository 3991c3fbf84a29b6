import type { World } from '../../lambdas/chat/ports.ts';

/** Time and chance that a test holds in its hand: time passes only when everybody sleeps. */
export class MemoryWorld implements World {
  /** ms since 1970. */
  time = Date.UTC(2026, 0, 1);
  /** What `random` answers. */
  chance = 0.5;
  /** How long each sleep was, in ms. */
  readonly sleeps: number[] = [];
  readonly #alarms = new Set<{ readonly at: number; readonly ring: () => void }>();
  #ids = 0;

  now(): number {
    return this.time;
  }

  random(): number {
    return this.chance;
  }

  /** As long as a real one; the first letters alone tell one from another. */
  id(): string {
    return `i${String(++this.#ids).padStart(9, '0')}${'x'.repeat(12)}`;
  }

  sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    return new Promise((resolve) => {
      if (this.#alarms.size === 0) setImmediate(() => this.#ring());
      this.#alarms.add({ at: this.time + ms, ring: resolve });
    });
  }

  /** Called when all that can go on without time has done so: moves on to the first who wakes. */
  #ring(): void {
    const [first] = [...this.#alarms].sort((a, b) => a.at - b.at);
    if (!first) return;
    this.#alarms.delete(first);
    this.time = Math.max(this.time, first.at);
    first.ring();
    if (this.#alarms.size > 0) setImmediate(() => this.#ring());
  }
}
