import type { Delivered } from '../../../lambdas/chat/channel-event.ts';
import { deliver } from '../../../lambdas/chat/deliver.ts';
import { handleLater } from '../../../lambdas/chat/later.ts';
import type { Lease } from '../../../lambdas/chat/ports.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import type { ReceivedMessage } from '../../../local/queues/message.ts';
import { QueueError } from '../../../local/queues/queue-error.ts';
import type { Decisions } from './decisions.ts';
import { VISIBILITY_MS } from './simulated-queues.ts';
import type { Actor, Simulation } from './simulation.ts';

const TIMEOUT_MS = 15_000;
const STOPS_BEFORE_MS = 3_000;
/** Longer than a dead worker's events stay hidden. */
const SLOW_MS = 60_000;
const HANDED_OVER_LATE_MS = [30_000, 46_000] as const;

/** Hands the queues' batches to `deliver` and `later`, as Lambda does: in time or late, whole or short. */
export class SimulatedEventSources {
  readonly #simulation: Simulation;
  readonly #decisions: Decisions;
  readonly #arrived = { events: false, later: false };

  constructor(simulation: Simulation, decisions: Decisions) {
    this.#simulation = simulation;
    this.#decisions = decisions;
    this.#await('events');
    this.#await('later');
  }

  /** What can arrive now. */
  arrivals(): (() => Promise<void>)[] {
    const found: (() => Promise<void>)[] = [];
    if (this.#arrived.events) found.push(async () => this.#receive());
    if (this.#arrived.later) found.push(async () => this.#receiveLater());
    return found;
  }

  /** Waits until a queue has something to give. */
  #await(queue: 'events' | 'later'): void {
    this.#arrived[queue] = false;
    (queue === 'events' ? this.#simulation.channelQueue : this.#simulation.laterQueue).whenReceivable(() => {
      this.#arrived[queue] = true;
    });
  }

  #receive(): void {
    const how = this.#decisions.outcome(4);
    const messages = this.#simulation.channelQueue.receive({ max: how === 3 ? 1 : 10 });
    this.#await('events');
    if (messages.length === 0) return;
    const handOver = () => this.#deliver(messages);
    const lateMs = (how === 1 || how === 2 ? HANDED_OVER_LATE_MS[how - 1] : undefined) ?? this.#simulation.alwaysLateMs;
    this.#simulation.trace.push(
      `receive ${messages.map((m) => m.body.slice(0, 90))}${lateMs > 0 ? ` LATE ${lateMs}` : ''}`,
    );
    if (lateMs === 0) handOver();
    else this.#simulation.time.at(this.#simulation.time.now() + lateMs, handOver);
  }

  #deliver(messages: readonly ReceivedMessage[]): void {
    const receipts = new Map<Delivered, ReceivedMessage>();
    const batch = messages.map((m): Delivered => {
      const item = { event: JSON.parse(m.body), seq: seqOf(String(m.sequenceNumber)), receives: m.receiveCount };
      receipts.set(item, m);
      if (item.receives > 1) this.#simulation.repeats.add(item.event.channel);
      return item;
    });
    const actor = this.#simulation.start(`deliver${this.#simulation.trace.length}`, async (chat, self) => {
      const failed = await deliver(chat, batch, this.#lease(self, receipts));
      for (const item of batch)
        if (!failed.includes(item))
          this.#ignoringExpired(receipts, item, (h) => this.#simulation.channelQueue.delete(h));
      this.#simulation.holding.delete(self);
      self.alive = false;
    });
    this.#simulation.holding.set(actor, batch);
    this.#simulation.time.at(this.#simulation.time.now() + TIMEOUT_MS, () => {
      if (actor.alive) this.#simulation.kill(actor);
    });
  }

  #lease(actor: Actor, receipts: ReadonlyMap<Delivered, ReceivedMessage>): Lease {
    const holds = (item: Delivered) => {
      const left = Number(receipts.get(item)?.firstReceivedAt) + VISIBILITY_MS - this.#simulation.time.now();
      if (item.receives === 1) return left >= TIMEOUT_MS + 5_000;
      return this.#ignoringExpired(receipts, item, (handle) =>
        this.#simulation.channelQueue.changeVisibility(handle, VISIBILITY_MS),
      );
    };
    return {
      endsAt: this.#simulation.time.now() + TIMEOUT_MS - STOPS_BEFORE_MS,
      deathAfterMs: VISIBILITY_MS - 5_000,
      hold: (items) => this.#simulation.call(actor, 'hold', async () => items.map(holds)),
      giveBack: (items, seconds) =>
        this.#simulation.call(actor, `giveBack ${items.length} ${seconds}s`, async () => {
          this.#simulation.holding.set(
            actor,
            (this.#simulation.holding.get(actor) ?? []).filter((item) => !items.includes(item)),
          );
          for (const item of items) {
            this.#ignoringExpired(receipts, item, (h) =>
              this.#simulation.channelQueue.changeVisibility(h, seconds * 1000),
            );
          }
        }),
    };
  }

  #ignoringExpired(
    receipts: ReadonlyMap<Delivered, ReceivedMessage>,
    item: Delivered,
    act: (handle: string) => void,
  ): boolean {
    try {
      act(String(receipts.get(item)?.receiptHandle));
      return true;
    } catch (error) {
      if (error instanceof QueueError) return false;
      throw error;
    }
  }

  #receiveLater(): void {
    if (this.#decisions.outcome(2) === 1) {
      this.#simulation.trace.push('the delayed queue is slow');
      this.#arrived.later = false;
      this.#simulation.time.at(this.#simulation.time.now() + SLOW_MS, () => {
        this.#arrived.later = true;
      });
      return;
    }
    const [message] = this.#simulation.laterQueue.receive();
    this.#await('later');
    if (!message) return;
    this.#simulation.trace.push(`later ${message.body}`);
    this.#simulation.start('later', async (chat, self) => {
      const until = this.#simulation.time.now() + TIMEOUT_MS - STOPS_BEFORE_MS;
      if (await handleLater(chat, JSON.parse(message.body), until))
        this.#simulation.laterQueue.delete(message.receiptHandle);
      self.alive = false;
    });
  }
}
