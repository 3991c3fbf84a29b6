import type { FormatName, Since } from '../../lambdas/chat/channel-event.ts';
import { documentsOf } from './simulation/documents.ts';

/** A request of a client for its channel. */
export interface Request {
  readonly id: string;
  readonly since?: Since;
  readonly rewind?: number;
}

/** What a channel's log says of a moment, to compare with. */
export interface Truth {
  /** The id of the message at a place; undefined: there never was one. */
  idAt(epoch: string, offset: number): string | undefined;
  /** Why what is behind a position cannot be had any more; undefined: it can. */
  whyLost(since: Since): string | undefined;
  /** Messages up to this offset have been removed. */
  readonly removed: number;
}

/**
 * A client of one channel, as careful as docs/protocol.md asks: it keeps one number, its position, and takes what is at
 * or below it for a repeat. Throws where it is sent what must never be sent.
 */
export class CarefulReader {
  readonly name: string;
  readonly format: FormatName;
  readonly channel: string;
  /** The connection that it has; undefined: it is away. */
  connection: string | undefined;
  /** Has been told to subscribe again. */
  isLost = false;
  /** Is there, and wants to read no longer. */
  hasLeft = false;
  /** Where it stands, as long as it has not been told otherwise. */
  position: Since | undefined;
  /** Where it stood last, whatever it was told since then: what it asks from. */
  lastPosition: Since | undefined;
  /** The request that is not answered yet. */
  pending: Request | undefined;
  /** Requests that it has had an answer to, or gone beyond. */
  readonly #over = new Set<string>();
  #answered: Request | undefined;
  readonly #truth: Truth;

  constructor(name: string, format: FormatName, channel: string, truth: Truth) {
    this.name = name;
    this.format = format;
    this.channel = channel;
    this.#truth = truth;
  }

  /** Sends a request: from now on, it waits for its answer. */
  ask(request: Request): void {
    this.#goBeyond();
    this.pending = request;
  }

  /** Sends that it wants to read no longer. */
  leave(): void {
    this.#goBeyond();
    this.hasLeft = true;
  }

  /** Its connection has ended. */
  disconnected(): void {
    this.#goBeyond();
    this.connection = undefined;
  }

  /** Reads a frame. Throws where that shows a hole, a stranger's message, or a part of what was lost. */
  read(frame: string): void {
    const documents = documentsOf(this.format, frame, () => this.channel);
    for (const document of documents) {
      if (document.type === 'subscribed') this.#subscribed(document, documents.length);
      else if (document.type === 'message') this.#message(document);
      else if (document.type === 'unsubscribed' && document.code !== undefined) this.#lost();
    }
  }

  #subscribed({ id, epoch = '', offset = 0, recovered }: Read, documents: number): void {
    if (id !== undefined && this.#over.has(id)) return;
    if (id === this.#answered?.id) {
      // a second answer, which it ignores
      const at = this.position;
      if (at && (at.epoch !== epoch || offset > at.offset))
        this.#fail(`was told again, of ${offset}, and is at ${at.offset}`);
      return;
    }
    const request = this.pending;
    if (request === undefined || id !== request.id) throw this.#fail(`has not asked, and was told of ${offset}`);
    this.#answered = request;
    this.pending = undefined;
    this.#moveTo({ epoch, offset });
    if (request.since) this.#checkRecovery(request.since, offset, recovered, documents);
    else if (recovered !== undefined) this.#fail('was recovered without asking');
  }

  #checkRecovery(since: Since, offset: number, recovered: boolean | undefined, documents: number): void {
    if (recovered === undefined) this.#fail('was not told whether it has recovered');
    const why = this.#truth.whyLost(since);
    if (recovered && offset !== since.offset)
      this.#fail(`asked since ${since.offset}, and was answered from ${offset}`);
    if (recovered && since.offset < this.#truth.removed) this.#fail('recovered what had been removed');
    if (!recovered && documents > 1) this.#fail('has not recovered, and was sent a part of it');
    if (!recovered && why === undefined) this.#fail(`has not recovered since ${since.offset}, and all of it is there`);
  }

  #message({ id, epoch, offset }: Read): void {
    const at = this.position;
    // who has left may be sent what was on its way; a message that comes back when its row has expired has lost its place
    if (at === undefined || offset === undefined) return;
    // (an SDK is not told the epoch of a message)
    if (epoch !== undefined && epoch !== at.epoch)
      this.#fail(`was sent ${epoch}:${offset}, and is in epoch ${at.epoch}`);
    const truth = this.#truth.idAt(at.epoch, offset);
    if (id !== truth) this.#fail(`was shown ${id} at ${offset}, where the log has ${truth}`);
    if (offset > at.offset + 1) this.#fail(`a hole between ${at.offset} and ${offset}`);
    if (offset <= at.offset) return;
    if (offset <= this.#truth.removed) this.#fail(`was sent ${offset}, which had been removed`);
    this.#moveTo({ epoch: at.epoch, offset });
  }

  #lost(): void {
    if (this.position === undefined) return;
    this.#goBeyond();
    this.isLost = true;
  }

  #moveTo(position: Since): void {
    this.position = position;
    this.lastPosition = position;
  }

  #goBeyond(): void {
    for (const request of [this.pending, this.#answered]) if (request) this.#over.add(request.id);
    this.pending = undefined;
    this.#answered = undefined;
    this.position = undefined;
    this.isLost = false;
    this.hasLeft = false;
  }

  #fail(why: string): never {
    throw new Error(`${this.name}: ${why}`);
  }
}

type Read = ReturnType<typeof documentsOf>[number];
