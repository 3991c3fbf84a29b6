import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';
import { messagesOf, pour, untilOffset, upTo } from '../support/pouring.ts';
import { storedReaders } from '../support/stored-items.ts';
import { type Join, liveReturning } from './returning-reader.ts';

const READERS = upTo(1, 8).map((n) => `reader-${n}`);

/** How long a table may take to say what it should. Only spent where a test fails. */
const PATIENCE = { timeout: 20_000, interval: 50 };

const parley = useParley();

/** Another number from 0 up to, not including, 1 at each call; the same ones for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const joinByFrame =
  (user: string): Join =>
  async (channel, { epoch, offset }) => {
    const client = await parley.connect(user);
    client.send({ action: 'subscribe', channel, since: { epoch, offset }, id: 's' });
    return client;
  };

const joinByHandshake =
  (user: string): Join =>
  (channel, { epoch, offset }) =>
    parley.connect(user, { channels: [channel], query: { [`since.${channel}`]: `${epoch}:${offset}` } });

describe('eight readers that are killed, and come back at random, while messages pour in', () => {
  it.each([
    [1_000, 'a frame', 'framed', joinByFrame],
    [500, 'the handshake', 'shaken', joinByHandshake],
  ])(
    'have each of %i once, in order, where %s says since when',
    { timeout: 180_000 },
    async (count, _, channel, joinAs) => {
      const seed = randomInt(2 ** 32);
      const alice = await parley.connect('alice', { channels: [channel] });
      const { epoch } = await alice.next({ type: 'subscribed' });
      const from = { epoch: String(epoch), offset: 0 };
      const pouring = pour(alice, channel, { perFrame: 10, most: count });
      const lives = await Promise.all(
        READERS.map((user, i) =>
          liveReturning({ channel, join: joinAs(user), from, goal: count, pouring, random: seeded(seed + i) }),
        ),
      ).catch((cause: Error) => {
        throw new Error(`with the seed ${seed}: ${cause.message}`, { cause });
      });
      await pouring.done;
      await untilOffset(alice, channel, count);
      const log = messagesOf(alice, channel);
      expect(log.map(({ offset }) => offset)).toEqual(upTo(1, count));
      expect(log.map(({ data }) => Number(data)).toSorted((a, b) => a - b)).toEqual(upTo(1, count));
      for (const { messages, connections } of lives) {
        expect(messages, `with the seed ${seed}`).toEqual(log);
        expect(connections).toBeGreaterThan(1);
      }
      // nothing stays of those that were killed
      await expect
        .poll(async () => [...(await storedReaders(parley.served, channel)).keys()], PATIENCE)
        .toEqual(['alice']);
    },
  );
});
