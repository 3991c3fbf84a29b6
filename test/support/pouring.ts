import type { Document, PlainClient } from './plain-client.ts';

/** Messages on their way, until they are stopped. */
export interface Pouring {
  /** Resolves when so many more are durable than were when it was called. */
  more(count: number): Promise<void>;
  /** Sends no more; resolves, when all that were sent are durable, to how many there were. */
  stop(): Promise<number>;
  /** Resolves when it has stopped by itself, and all are durable. */
  readonly done: Promise<unknown>;
}

/** Publishers who send another frame as soon as one is acknowledged. */
const SIDE_BY_SIDE = 3;
/** Messages that are durable, and not pushed yet, at most: behind a queue that only grows, everybody waits. */
const MOST_WAITING = 30;

interface PouringOptions {
  /** Messages in a frame. @default 1 */
  readonly perFrame?: number;
  /** After so many, a multiple of `perFrame`, it stops by itself. @default never */
  readonly most?: number;
}

/** Has a client, which reads the channel and may publish to it, send one message after the other: `data` is 1, 2, 3, … */
export function pour(client: PlainClient, channel: string, options: PouringOptions = {}): Pouring {
  const { perFrame = 1, most = Number.POSITIVE_INFINITY } = options;
  const before = messagesOf(client, channel).length;
  let stopped = false;
  let sent = 0;
  let durable = 0;

  async function publish(): Promise<void> {
    while (!stopped && sent < most) {
      const numbers = upTo(sent + 1, sent + perFrame);
      sent += perFrame;
      const messages = numbers.map((data) => ({ action: 'sendMessage', channel, data, id: `${channel} ${data}` }));
      client.send(...messages);
      const answers = await Promise.all(messages.map(({ id }) => client.next({ id })));
      const refused = answers.find(({ type }) => type !== 'ack');
      if (refused !== undefined) throw new Error(`not acknowledged: ${JSON.stringify(refused)}`);
      durable += perFrame;
      const wanted = before + durable - MOST_WAITING;
      await client.until(() => messagesOf(client, channel).length >= wanted, `${wanted} messages of ${channel}`);
    }
  }

  const publishers = Promise.all(Array.from({ length: SIDE_BY_SIDE }, publish));
  // whoever waits hears of it
  publishers.catch(() => {});
  return {
    async more(count) {
      const wanted = durable + count;
      await Promise.race([publishers, client.until(() => durable >= wanted, `${wanted} durable messages`)]);
    },
    async stop() {
      stopped = true;
      await publishers;
      return durable;
    },
    done: publishers,
  };
}

/** What a client has been sent of a channel. */
export const messagesOf = ({ documents }: PlainClient, channel: string): Document[] =>
  documents.filter((document) => document.type === 'message' && document.channel === channel);

/** The offsets of a channel's messages, in the order in which they came. */
export const offsetsOf = (client: PlainClient, channel: string): unknown[] =>
  messagesOf(client, channel).map(({ offset }) => offset);

/** Resolves when the message at that offset has come. */
export const untilOffset = (client: PlainClient, channel: string, offset: number): Promise<void> =>
  client.until(
    () => messagesOf(client, channel).some((message) => Number(message.offset) >= offset),
    `offset ${offset} of ${channel}`,
  );

/** From one number up to another, both included. */
export const upTo = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(to - from + 1, 0) }, (_, i) => from + i);
