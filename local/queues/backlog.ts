import type { QueueDeclaration } from '../declarations.ts';
import type { Message } from './message.ts';

/** SQS knows a FIFO message as a duplicate for 5 minutes after the first one was sent. */
const DEDUPLICATION_MS = 300_000;

/** What lasts of a queue's doings. All of them in order, applied to an empty backlog, make the backlog as it is. */
export type Change =
  /** A message that was sent here. */
  | { readonly kind: 'sent'; readonly message: Message }
  /** A message that came from another queue: it is no duplicate of any. */
  | { readonly kind: 'moved'; readonly message: Message }
  | { readonly kind: 'received'; readonly at: number; readonly ids: readonly string[] }
  /** Messages that were deleted, have expired, or went to another queue. */
  | { readonly kind: 'gone'; readonly ids: readonly string[] }
  /** A message that is still remembered for deduplication, but no longer here: how a backlog in short tells of it. */
  | { readonly kind: 'remembered'; readonly message: Remembered }
  /** The last number that was given: how a backlog in short tells of it. */
  | { readonly kind: 'numbered'; readonly sequenceNumber: string };

/** What a duplicate is known by, and answered with. */
type Remembered = Pick<Message, 'id' | 'groupId' | 'deduplicationId' | 'sequenceNumber' | 'sentAt'>;

/** A message in its place, with what does not outlive the process: its visibility, and the latest receive's handle. */
export interface Place {
  message: Message;
  /** Nobody is given the message before (ms since 1970): its delay, or its visibility timeout. */
  visibleAt: number;
  /** Of the latest receive. */
  receipt?: { readonly handle: string; readonly at: number };
}

/** A queue's messages in their order, and what it remembers. It holds no rules of SQS but those of order and memory. */
export class Backlog {
  readonly #declaration: QueueDeclaration;
  readonly #places = new Map<string, Place>();
  // a message of a standard queue is a group of its own, so that none waits for another
  readonly #groups = new Map<string, Map<string, Place>>();
  readonly #remembered = new Map<string, Remembered>();
  #lastNumber = '';

  constructor(declaration: QueueDeclaration) {
    this.#declaration = declaration;
  }

  /** Makes a change hold. What it does depends on nothing but the changes before it. */
  apply(change: Change): void {
    switch (change.kind) {
      case 'sent':
        this.#remember(change.message);
        this.#add(change.message);
        break;
      case 'moved':
        this.#add(change.message);
        break;
      case 'received':
        for (const id of change.ids) this.#countReceive(id, change.at);
        break;
      case 'gone':
        for (const id of change.ids) this.#remove(id);
        break;
      case 'remembered':
        this.#remember(change.message);
        break;
      case 'numbered':
        this.#lastNumber = change.sequenceNumber;
        break;
    }
  }

  /** The changes that make a backlog like this one, in short; what is forgotten by `now` is left out. */
  *inShort(now: number): Generator<Change> {
    this.forget(now);
    for (const message of this.#remembered.values()) yield { kind: 'remembered', message };
    for (const { message } of this.#places.values()) yield { kind: 'moved', message };
    if (this.#lastNumber !== '') yield { kind: 'numbered', sequenceNumber: this.#lastNumber };
  }

  /** How many changes `inShort` would take. */
  get length(): number {
    return this.#places.size + this.#remembered.size + 1;
  }

  /** The last number that was given; `''` before the first. */
  get lastNumber(): string {
    return this.#lastNumber;
  }

  /** Every message, the oldest first. */
  places(): Iterable<Place> {
    return this.#places.values();
  }

  /** The groups, the longest unserved first; each in its order. */
  groups(): Iterable<ReadonlyMap<string, Place>> {
    return this.#groups.values();
  }

  find(id: string): Place | undefined {
    return this.#places.get(id);
  }

  /** The message that this one would repeat. */
  original(message: Pick<Message, 'groupId' | 'deduplicationId'>, now: number): Remembered | undefined {
    this.forget(now);
    return this.#remembered.get(this.#memoryOf(message));
  }

  /** Drops what is no longer remembered. */
  forget(now: number): void {
    for (const [key, { sentAt }] of this.#remembered) {
      if (sentAt + DEDUPLICATION_MS > now) return;
      this.#remembered.delete(key);
    }
  }

  /** Puts the message's group behind all others: the next receive begins with another. */
  served(message: Message): void {
    const key = this.#groupOf(message);
    const group = this.#groups.get(key);
    if (group === undefined) return;
    this.#groups.delete(key);
    this.#groups.set(key, group);
  }

  /** When the next message can be received, ms since 1970: now or earlier where one can be; Infinity where none waits. */
  nextReceivable(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const group of this.#groups.values()) {
      for (const { visibleAt } of group.values()) {
        next = Math.min(next, visibleAt);
        // the first message of a group holds back the others
        break;
      }
    }
    return next;
  }

  #add(message: Message): void {
    const place: Place = { message, visibleAt: message.dueAt };
    this.#places.set(message.id, place);
    const key = this.#groupOf(message);
    const group = this.#groups.get(key);
    if (group) group.set(message.id, place);
    else this.#groups.set(key, new Map([[message.id, place]]));
    if (message.sequenceNumber !== undefined) this.#lastNumber = message.sequenceNumber;
  }

  #remove(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    const key = this.#groupOf(place.message);
    const group = this.#groups.get(key);
    group?.delete(id);
    if (group?.size === 0) this.#groups.delete(key);
  }

  #countReceive(id: string, at: number): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    const { receiveCount, firstReceivedAt = at } = place.message;
    place.message = { ...place.message, receiveCount: receiveCount + 1, firstReceivedAt };
  }

  #remember(message: Remembered): void {
    if (message.deduplicationId === undefined) return;
    const { id, groupId, deduplicationId, sequenceNumber, sentAt } = message;
    const key = this.#memoryOf(message);
    // set anew at the end, so that the oldest stay in front
    this.#remembered.delete(key);
    this.#remembered.set(key, {
      id,
      deduplicationId,
      sentAt,
      ...(groupId !== undefined && { groupId }),
      ...(sequenceNumber !== undefined && { sequenceNumber }),
    });
  }

  #groupOf({ id, groupId = '' }: Message): string {
    return this.#declaration.fifo ? groupId : id;
  }

  #memoryOf({ groupId = '', deduplicationId = '' }: Pick<Message, 'groupId' | 'deduplicationId'>): string {
    // neither id can hold a space
    return this.#declaration.deduplicationScope === 'messageGroup' ? `${groupId} ${deduplicationId}` : deduplicationId;
  }
}
