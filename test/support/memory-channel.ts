import type { ChannelEvent, Delivered } from '../../lambdas/chat/channel-event.ts';
import { deliver } from '../../lambdas/chat/deliver.ts';
import type { Seq } from '../../lambdas/chat/seq.ts';
import { inHand, leaseOf, type MemoryChat } from './memory-chat.ts';
import type { MemoryLease } from './memory-ports.ts';

/** So often a queue is looked at: what it holds then would stay there for ever. */
const MOST_RECEIVES = 200;

/** What handles a batch: answers the events that are not done. */
export type Work = (chat: MemoryChat, batch: readonly Delivered[], lease: MemoryLease) => Promise<readonly Delivered[]>;

/**
 * A queue of events and its worker in memory. What a test sends, and what the core sends, is numbered in that order and
 * handed over in batches; what is not done stays first.
 */
export class MemoryChannel {
  /** Every event that it has ever taken, with its number. */
  readonly all: Delivered[] = [];
  readonly #chat: MemoryChat;
  #waiting: Delivered[] = [];
  #inHand: readonly Delivered[] = [];
  #numbers = 0;
  #taken = 0;

  constructor(chat: MemoryChat) {
    this.#chat = chat;
  }

  /** Puts events into the queue, in order. */
  send(...events: readonly ChannelEvent[]): this {
    this.#take();
    for (const event of events) this.#number(event);
    return this;
  }

  /** What waits, first to last. */
  get waiting(): readonly ChannelEvent[] {
    this.#take();
    return this.#waiting.map(({ event }) => event);
  }

  /** The numbers of the events that are not done: waiting, or in hand. */
  get unfinished(): ReadonlySet<Seq> {
    this.#take();
    return new Set([...this.#waiting, ...this.#inHand].map(({ seq }) => seq));
  }

  /** Takes out what waits. */
  empty(): readonly ChannelEvent[] {
    this.#take();
    return this.#waiting.splice(0).map(({ event }) => event);
  }

  /** Hands over one batch of at most so many events. Answers those that are not done. `work`: what the worker does with it. */
  async receive(most = 10, work: Work = deliver): Promise<readonly Delivered[]> {
    this.#take();
    const batch = this.#waiting.splice(0, most).map((item) => ({ ...item, receives: item.receives + 1 }));
    this.#inHand = batch;
    const failed = await work(this.#chat, batch, leaseOf(this.#chat));
    this.#waiting.unshift(...failed);
    this.#inHand = [];
    return failed;
  }

  /** Hands over batches until nothing waits any more. Answers how many that took. */
  async receiveAll(most = 10): Promise<number> {
    for (let times = 0; times < MOST_RECEIVES; times++) {
      if (this.waiting.length === 0) return times;
      await this.receive(most);
    }
    throw new Error(`events wait for ever: ${JSON.stringify(this.waiting)}`);
  }

  /** What the core has sent since the last look. */
  #take(): void {
    const { sent } = this.#chat.queue;
    for (; this.#taken < sent.length; this.#taken++) {
      const outgoing = sent[this.#taken];
      if (outgoing) this.#number(outgoing.event);
    }
  }

  #number(event: ChannelEvent): void {
    const item = inHand(++this.#numbers, event, 0);
    this.all.push(item);
    this.#waiting.push(item);
  }
}
