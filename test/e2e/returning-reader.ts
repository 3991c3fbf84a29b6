import type { Document, PlainClient } from '../support/plain-client.ts';
import type { Pouring } from '../support/pouring.ts';

/** Where a client stands in a channel. */
interface Standing {
  readonly epoch: string;
  readonly offset: number;
}

/** How a reader comes to its channel: connected, and its subscribe sent, since where it stood. */
export type Join = (channel: string, since: Standing) => Promise<PlainClient>;

/** What a reader is told of its life. */
export interface ReturningOptions {
  readonly channel: string;
  readonly join: Join;
  /** Where it stands before its first connection. */
  readonly from: Standing;
  /** The offset at which it is done. */
  readonly goal: number;
  /** It stays away while some more of these become durable. */
  readonly pouring: Pick<Pouring, 'more'>;
  /** 0 up to, not including, 1: when it is killed, and how long it stays away. */
  readonly random: () => number;
}

/** A reader's whole life, over all of its connections. */
export interface ReturningLife {
  /** What it was sent, each message once, in the order in which it came. */
  readonly messages: readonly Document[];
  /** How many connections it has had. */
  readonly connections: number;
}

/** A connection is killed after so many messages at most, and comes back after so many at most that it has missed. */
const LONGEST_STAY = 150;
const LONGEST_AWAY = 80;
/** So large a part of the connections is killed before the subscribe can be answered. */
const STILLBORN = 0.2;

/**
 * Lives as a reader whose connection is killed over and over: its socket is destroyed, without a close frame. Resolves
 * when it has the message at `goal`. Throws where a message was missed, another one came at an offset that it knows, or
 * a position was not recovered.
 */
export async function liveReturning(options: ReturningOptions): Promise<ReturningLife> {
  const { channel, join, from, goal, pouring, random } = options;
  const log = new ReaderLog(channel, from);
  let connections = 0;
  while (log.offset < goal) {
    const client = await join(channel, log);
    connections++;
    log.connect(client);
    if (random() >= STILLBORN) await stay(client, log, Math.min(log.offset + 1 + random() * LONGEST_STAY, goal));
    client.socket.terminate();
    if (log.offset < goal) await pouring.more(Math.floor(random() * LONGEST_AWAY));
  }
  return { messages: log.messages, connections };
}

/** Reads until the log has come so far, or the server ends the connection (whom it could not reach has to come back). */
async function stay(client: PlainClient, log: ReaderLog, until: number): Promise<void> {
  let isOver = false;
  const over = client.closed.then(() => {
    isOver = true;
  });
  const reached = () => {
    log.read();
    return log.offset >= Math.floor(until) || isOver;
  };
  await Promise.race([over, client.until(reached, `offset ${until}, from ${log.offset}`)]).catch((error: unknown) => {
    if (!isOver) throw error;
  });
  log.read();
}

/** A channel as its reader knows it, over several connections. */
class ReaderLog implements Standing {
  readonly messages: Document[] = [];
  readonly epoch: string;
  offset: number;
  #channel: string;
  #documents: readonly Document[] = [];
  #next = 0;
  #isSubscribed = false;

  constructor(channel: string, { epoch, offset }: Standing) {
    this.#channel = channel;
    this.epoch = epoch;
    this.offset = offset;
  }

  connect({ documents }: PlainClient): void {
    this.#documents = documents;
    this.#next = 0;
    this.#isSubscribed = false;
  }

  /** Reads what has come since the last time. Throws, then and ever after, where something is wrong with it. */
  read(): void {
    for (let document = this.#documents[this.#next]; document; document = this.#documents[++this.#next]) {
      const fault = document.channel === this.#channel ? this.#take(document) : undefined;
      if (fault !== undefined) throw new Error(`${fault}: offset ${this.offset}, then ${JSON.stringify(document)}`);
    }
  }

  /** What is wrong with a document. */
  #take(document: Document): string | undefined {
    const { type, epoch, offset } = document;
    if (type === 'error' || type === 'unsubscribed') return 'not what was asked for';
    if (type === 'subscribed' && !this.#isSubscribed) {
      this.#isSubscribed = true;
      if (document.recovered !== true) return 'not recovered';
      if (offset !== this.offset) return 'another position than was asked for';
    }
    if (type !== 'message') return undefined;
    if (!this.#isSubscribed) return 'a message before "subscribed"';
    if (epoch !== this.epoch) return 'a message of another epoch';
    if (Number(offset) > this.offset + 1) return 'a hole';
    if (offset !== this.offset + 1) {
      const known = this.messages.find((message) => message.offset === offset);
      return known?.id === document.id ? undefined : 'another message at an offset that is known';
    }
    this.offset++;
    this.messages.push(document);
    return undefined;
  }
}
