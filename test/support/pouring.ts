import type { Document, PlainClient } from './plain-client.ts';

/** Messages on their way, until they are stopped. */
export interface Pouring {
  /** Resolves when so many more are durable than were when it was called. */
  more(count: number): Promise<void>;
  /** Sends no more; resolves, when all that were sent are durable, to how many there were. */
  stop(): Promise<number>;
}

/** Publishers who have sent another message as soon as one was acknowledged. */
const SIDE_BY_SIDE = 3;

/** Has a client, which may publish to the channel, send one message after the other: `data` is 1, 2, 3, … */
export function pour(client: PlainClient, channel: string): Pouring {
  let stopped = false;
  let sent = 0;
  let durable = 0;

  async function publish(): Promise<void> {
    while (!stopped) {
      const id = `${channel} ${++sent}`;
      const answer = await client.ask({ action: 'sendMessage', channel, data: sent, id });
      if (answer.type !== 'ack') throw new Error(`not acknowledged: ${JSON.stringify(answer)}`);
      durable++;
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
