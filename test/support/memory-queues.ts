import type { ChannelEvent, Delivered, Reason, SubscribeEvent } from '../../lambdas/chat/channel-event.ts';
import { EVENT_VERSION } from '../../lambdas/chat/channel-event.ts';
import type { LaterItem } from '../../lambdas/chat/later.ts';
import type { ChannelQueue, LaterQueue, Outgoing } from '../../lambdas/chat/ports.ts';
import { seqOf } from '../../lambdas/chat/seq.ts';
import type { SweepTask } from '../../lambdas/chat/sweep.ts';

/** Events that a worker takes at once. */
const BATCH = 10;
/** How long the delayed queue hides what it is given, and what could not be done, in ms. (SQS: a second and more.) */
const DELAY_MS = 50;

/** What a worker did not do, and for how long it stays hidden, in seconds. */
export interface LeftOver {
  readonly failed: readonly Delivered[];
  readonly seconds: number;
}

/** A FIFO queue for each channel, whose events are worked on as soon as they come: a channel's one batch after the other. */
export class WorkedQueue implements ChannelQueue {
  readonly #work: (batch: readonly Delivered[]) => Promise<LeftOver>;
  readonly #channels = new Map<string, Delivered[]>();
  readonly #known = new Set<string>();
  readonly #timers: Timers;
  #numbers = 0;

  constructor(timers: Timers, work: (batch: readonly Delivered[]) => Promise<LeftOver>) {
    this.#timers = timers;
    this.#work = work;
  }

  async send(events: readonly Outgoing[]): Promise<boolean[]> {
    for (const { event, deduplicationId } of events) {
      if (deduplicationId !== undefined && this.#known.has(deduplicationId)) continue;
      if (deduplicationId !== undefined) this.#known.add(deduplicationId);
      // as text, like everything that goes through a queue
      const body = JSON.parse(JSON.stringify(event)) as ChannelEvent;
      const item = { event: body, seq: seqOf(String(++this.#numbers)), receives: 0 };
      const waiting = this.#channels.get(body.channel);
      if (waiting !== undefined) {
        waiting.push(item);
        continue;
      }
      this.#channels.set(body.channel, [item]);
      this.#timers.after(0, () => this.#go(body.channel));
    }
    return events.map(() => true);
  }

  async waiting(): Promise<number> {
    return this.#channels.values().reduce((sum, items) => sum + items.length, 0);
  }

  async #go(channel: string): Promise<void> {
    const waiting = this.#channels.get(channel) ?? [];
    if (waiting.length === 0) {
      this.#channels.delete(channel);
      return;
    }
    const batch = waiting.splice(0, BATCH).map((item) => ({ ...item, receives: item.receives + 1 }));
    const { failed, seconds } = await this.#work(batch);
    waiting.unshift(...failed);
    this.#timers.after(failed.length === 0 ? 0 : seconds * 1000, () => this.#go(channel));
  }
}

/** The delayed queue, whose items are worked on a little later, and again until they are done. */
export class WorkedLater implements LaterQueue {
  readonly #work: (item: LaterItem) => Promise<boolean>;
  readonly #timers: Timers;

  constructor(timers: Timers, work: (item: LaterItem) => Promise<boolean>) {
    this.#timers = timers;
    this.#work = work;
  }

  async again(event: SubscribeEvent): Promise<void> {
    this.#send({ v: EVENT_VERSION, type: 'again', event });
  }

  async end(connection: string, options: { readonly channel?: string; readonly disconnect?: Reason } = {}) {
    this.#send({ v: EVENT_VERSION, type: 'end', connection, ...options });
  }

  async sweep(task: SweepTask): Promise<void> {
    this.#send({ v: EVENT_VERSION, type: 'sweep', ...task });
  }

  #send(item: LaterItem): void {
    const body = JSON.parse(JSON.stringify(item)) as LaterItem;
    this.#timers.after(DELAY_MS, async () => {
      if (!(await this.#work(body))) this.#send(body);
    });
  }
}

/** Work that is to begin later, unless all of it is called off before. A failure is told to `failed`. */
export class Timers {
  readonly #pending = new Set<NodeJS.Timeout>();
  readonly #failed: (error: unknown) => void;
  #stopped = false;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  after(ms: number, work: () => void | Promise<void>): void {
    if (this.#stopped) return;
    const timer = setTimeout(async () => {
      this.#pending.delete(timer);
      try {
        await work();
      } catch (error) {
        this.#failed(error);
      }
    }, ms);
    this.#pending.add(timer);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#pending) clearTimeout(timer);
  }
}
