import type { QueueDeclaration } from '../declarations.ts';
import type { Clock } from '../invocation.ts';
import { Backlog, type Change, type Place } from './backlog.ts';
import { resultOf } from './batch.ts';
import type { Message, OutgoingMessage, ReceivedMessage, SentMessage } from './message.ts';
import { invalidValue, QueueError } from './queue-error.ts';
import { receiptHandle, receiptMessageId } from './receipt-handle.ts';
import { checkMessage, deduplicationIdOf } from './send-rules.ts';
import { Waiters } from './waiters.ts';

/** The longest visibility timeout, counted from the receive. */
const MAXIMUM_VISIBILITY_MS = 43_200_000;
const MAXIMUM_BATCH = 10;
const PURGE_PAUSE_MS = 60_000;

/** Where a queue's changes are kept. */
export interface Journal {
  /** Returns once the changes are kept; throws where they are not, and then none of them is. */
  append(changes: readonly Change[]): void;
}

/** What a queue takes from outside. */
export interface QueueWorld {
  readonly clock: Clock;
  /** A new id, unlike any before. */
  readonly id: () => string;
  /** What was kept of an earlier run; absent: the queue begins empty. */
  readonly backlog?: Backlog;
  /** Absent: nothing outlives the process. */
  readonly journal?: Journal;
  /** The queue of the redrive policy; asked for when the first message goes there. Required where the queue has one. */
  readonly deadLetterQueue?: () => Queue;
}

/** How many messages are in which state; SQS calls them approximate, these are exact. */
interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/**
 * One SQS queue, FIFO or standard, as AWS documents it: a pure model, whose time and ids are passed in.
 *
 * Every method does what it does at once and throws a `QueueError` where SQS would refuse. Of a FIFO group, nothing is
 * given out behind a message that is in flight (or hidden by a longer visibility timeout); one receive may take several
 * messages of a group, and takes all it can of one before it goes on to the next. Groups are served in turn.
 * Not modelled: `ReceiveRequestAttemptId`, the bounds of 120,000 messages, and deliveries more than once of a standard queue.
 */
export class Queue {
  readonly declaration: QueueDeclaration;
  readonly #world: QueueWorld;
  readonly #backlog: Backlog;
  readonly #waiters: Waiters;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(declaration: QueueDeclaration, world: QueueWorld) {
    this.declaration = declaration;
    this.#world = world;
    this.#backlog = world.backlog ?? new Backlog(declaration);
    this.#waiters = new Waiters(world.clock, () => this.#backlog.nextReceivable());
  }

  /** Takes a message. A duplicate is answered like the message that it repeats, and goes nowhere. */
  send(outgoing: OutgoingMessage): SentMessage {
    const [result] = this.sendAll([outgoing]);
    if (result instanceof QueueError) throw result;
    return result as SentMessage;
  }

  /** Takes messages in their order. Who waits is woken when all are there, so that one receive can have them together. */
  sendAll(outgoing: readonly OutgoingMessage[]): (SentMessage | QueueError)[] {
    try {
      return outgoing.map((message) => resultOf(() => this.#send(message)));
    } finally {
      this.#waiters.wake();
    }
  }

  /**
   * Hands out messages, 1 to 10 (`max`, default 1), and hides each for `visibilityTimeoutMs` (default: the queue's).
   * None is an empty list. A message that was received `maxReceiveCount` times already goes to the dead-letter queue instead.
   */
  receive({
    max = 1,
    visibilityTimeoutMs = this.declaration.visibilityTimeoutMs,
  }: {
    readonly max?: number;
    readonly visibilityTimeoutMs?: number;
  } = {}): ReceivedMessage[] {
    if (!(max >= 1 && max <= MAXIMUM_BATCH)) {
      throw invalidValue(max, 'MaxNumberOfMessages', 'Must be between 1 and 10, if provided.');
    }
    checkVisibility(visibilityTimeoutMs);
    const now = this.#world.clock.now();
    this.#dropExpired(now);
    const { taken, exceeded } = this.#choose(max, now);
    this.#giveUp(exceeded);
    if (taken.length > 0) this.#commit({ kind: 'received', at: now, ids: taken.map(({ message }) => message.id) });
    return taken.map((place) => {
      const handle = receiptHandle(this.declaration.name, place.message.id, this.#world.id());
      place.receipt = { handle, at: now };
      place.visibleAt = now + visibilityTimeoutMs;
      this.#backlog.served(place.message);
      return { ...place.message, firstReceivedAt: place.message.firstReceivedAt ?? now, receiptHandle: handle };
    });
  }

  /**
   * Deletes a received message. A message that is gone already is no error.
   * FIFO: a receipt that has expired is refused. Standard: the latest receipt holds for ever, an older one does nothing.
   */
  delete(handle: string): void {
    const place = this.#find(handle);
    if (place === undefined) return;
    if (place.receipt?.handle !== handle || this.#isVisible(place)) {
      if (this.declaration.fifo) throw expired(handle);
      if (place.receipt?.handle !== handle) return;
    }
    this.#commit({ kind: 'gone', ids: [place.message.id] });
    this.#waiters.wake();
  }

  /** Hides a received message for `ms` from now on; 0 gives it back. Of this message alone, and of this receive. */
  changeVisibility(handle: string, ms: number): void {
    checkVisibility(ms);
    const place = this.#find(handle);
    if (place === undefined) {
      throw invalidValue(
        handle,
        'ReceiptHandle',
        'Message does not exist or is not available for visibility timeout change.',
      );
    }
    if (place.receipt?.handle !== handle || this.#isVisible(place)) {
      if (this.declaration.fifo) throw expired(handle);
      throw new QueueError('MessageNotInflight', 'The message referred to is not in flight.');
    }
    const now = this.#world.clock.now();
    if (now + ms > place.receipt.at + MAXIMUM_VISIBILITY_MS) {
      throw invalidValue(
        ms / 1000,
        'VisibilityTimeout',
        'Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
      );
    }
    place.visibleAt = now + ms;
    this.#waiters.wake();
  }

  /** Deletes every message, those in flight too. What was sent is still remembered for deduplication. Once in 60 s. */
  purge(): void {
    const now = this.#world.clock.now();
    if (now < this.#purgedAt + PURGE_PAUSE_MS) {
      throw new QueueError(
        'PurgeQueueInProgress',
        `Only one PurgeQueue operation on ${this.declaration.name} is allowed every 60 seconds.`,
      );
    }
    this.#commit({ kind: 'gone', ids: Array.from(this.#backlog.places(), ({ message }) => message.id) });
    this.#purgedAt = now;
  }

  counts(): QueueCounts {
    this.#dropExpired(this.#world.clock.now());
    const counts = { visible: 0, inFlight: 0, delayed: 0 };
    for (const place of this.#backlog.places()) {
      if (this.#isVisible(place)) counts.visible++;
      else if (place.receipt) counts.inFlight++;
      else counts.delayed++;
    }
    return counts;
  }

  /**
   * Calls back once, as soon as there is something to receive: within the call that made it so, or by the clock, where a
   * delay or a visibility timeout ends. Another may take it first. Answers how to stop waiting.
   */
  whenReceivable(callback: () => void): () => void {
    return this.#waiters.add(callback);
  }

  /** Takes messages of another queue that were received too often there. Their order stays, their numbers are new. */
  takeOver(messages: readonly Message[], sourceArn: string): void {
    const now = this.#world.clock.now();
    for (const message of messages) {
      // AWS: a move begins the retention anew on a FIFO queue, and not on a standard one
      const sentAt = this.declaration.fifo ? now : message.sentAt;
      this.#commit({
        kind: 'moved',
        message: { ...message, ...this.#numbered(now), sentAt, dueAt: now, deadLetterSourceArn: sourceArn },
      });
    }
    this.#waiters.wake();
  }

  #send(outgoing: OutgoingMessage): SentMessage {
    checkMessage(this.declaration, outgoing);
    const { body, groupId, attributes, traceHeader, senderId } = outgoing;
    const now = this.#world.clock.now();
    const deduplicationId = deduplicationIdOf(this.declaration, outgoing);
    const { delayMs = this.declaration.delayMs } = this.declaration.fifo ? {} : outgoing;
    const known = {
      ...(groupId !== undefined && { groupId }),
      ...(deduplicationId !== undefined && { deduplicationId }),
    };
    const original = deduplicationId === undefined ? undefined : this.#backlog.original(known, now);
    if (original) return sent(original);
    const message: Message = {
      id: this.#world.id(),
      body,
      ...known,
      ...this.#numbered(now),
      ...(attributes !== undefined && { attributes }),
      ...(traceHeader !== undefined && { traceHeader }),
      ...(senderId !== undefined && { senderId }),
      sentAt: now,
      dueAt: now + delayMs,
      receiveCount: 0,
    };
    this.#commit({ kind: 'sent', message });
    return sent(message);
  }

  /** What a receive may take now, and what it finds received too often. */
  #choose(max: number, now: number): { taken: Place[]; exceeded: Place[] } {
    const taken: Place[] = [];
    const exceeded: Place[] = [];
    const limit = this.declaration.redrive?.maxReceiveCount ?? Number.POSITIVE_INFINITY;
    for (const group of this.#backlog.groups()) {
      for (const place of group.values()) {
        if (taken.length === max) return { taken, exceeded };
        if (place.visibleAt > now) break;
        (place.message.receiveCount < limit ? taken : exceeded).push(place);
      }
    }
    return { taken, exceeded };
  }

  /** Moves messages to the dead-letter queue. It has them before they go here: a death in between leaves both, never none. */
  #giveUp(places: readonly Place[]): void {
    if (places.length === 0) return;
    if (!this.#world.deadLetterQueue)
      throw new Error(`${this.declaration.name} has no dead-letter queue to give up to`);
    const messages = places.map(({ message }) => message);
    this.#world.deadLetterQueue().takeOver(messages, this.declaration.arn);
    this.#commit({ kind: 'gone', ids: messages.map(({ id }) => id) });
  }

  #dropExpired(now: number): void {
    const ids: string[] = [];
    for (const { message } of this.#backlog.places()) {
      if (message.sentAt + this.declaration.retentionMs > now) break;
      ids.push(message.id);
    }
    if (ids.length > 0) this.#commit({ kind: 'gone', ids });
  }

  #numbered(now: number): { sequenceNumber?: string } {
    if (!this.declaration.fifo) return {};
    // 20 digits; rising also where the clock goes back, and, by the clock, where a journal is lost and its tables are not
    const byTime = 10n ** 19n + BigInt(now) * 65_536n;
    const next = BigInt(this.#backlog.lastNumber || 0) + 256n;
    return { sequenceNumber: String(next > byTime ? next : byTime) };
  }

  #find(handle: string): Place | undefined {
    return this.#backlog.find(receiptMessageId(this.declaration.name, handle));
  }

  #isVisible(place: Place): boolean {
    return place.visibleAt <= this.#world.clock.now();
  }

  #commit(change: Change): void {
    this.#world.journal?.append([change]);
    this.#backlog.apply(change);
  }
}

const sent = ({ id, sequenceNumber }: Pick<Message, 'id' | 'sequenceNumber'>): SentMessage => ({
  messageId: id,
  ...(sequenceNumber !== undefined && { sequenceNumber }),
});

const expired = (handle: string): QueueError =>
  invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');

function checkVisibility(ms: number): void {
  if (ms >= 0 && ms <= MAXIMUM_VISIBILITY_MS) return;
  throw invalidValue(ms / 1000, 'VisibilityTimeout', 'Must be between 0 and 43200, if provided.');
}
