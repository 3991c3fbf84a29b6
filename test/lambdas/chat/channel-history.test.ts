import { beforeEach, describe, expect, it } from 'vitest';
import { type ChannelHistory, historyOf, isUnbroken } from '../../../lambdas/chat/channel-history.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { LogRange } from '../../../lambdas/chat/ports.ts';
import { publicationOf } from '../../../lambdas/chat/publications.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import { publishEvent } from '../../support/memory-chat.ts';
import { MemoryLog } from '../../support/memory-log.ts';

let log: MemoryLog;
let history: ChannelHistory;
let place: { epoch: string; offset: number };
let reads: LogRange[];

const append = (from: number, to: number, data: unknown = 'short') =>
  log.append(
    'general',
    'e',
    1,
    Array.from({ length: to - from + 1 }, (_, i) => {
      const offset = from + i;
      const publication = publicationOf(publishEvent(`m${offset}`, { data }), { epoch: 'e', offset });
      return { offset, seq: seqOf(String(offset)), publication };
    }),
    Number.MAX_SAFE_INTEGER,
  );
const behind = async (offset: number) => {
  const { publications, reached } = await history.after(offset);
  return { offsets: publications.map((publication) => publication.offset), reached };
};

beforeEach(async () => {
  log = new MemoryLog('events.fifo', () => 0);
  place = { epoch: 'e', offset: 5 };
  reads = [];
  const read = log.read.bind(log);
  log.read = (channel, range) => {
    reads.push(range);
    return read(channel, range);
  };
  history = historyOf(log, 'general', () => place);
  await append(1, 7);
});

describe("a channel's history in one batch", () => {
  it('is what stands behind an offset, up to the head', async () => {
    expect(await behind(3)).toEqual({ offsets: [4, 5], reached: 5 });
    expect(reads).toMatchObject([{ epoch: 'e', after: 3, upTo: 5 }]);
  });

  it('is read once for all who ask for the same, or for less', async () => {
    await Promise.all([behind(1), behind(1), behind(4)]);
    expect(await behind(3)).toEqual({ offsets: [4, 5], reached: 5 });
    expect(reads).toHaveLength(1);
  });

  it('is read again for who asks for more, or from where the first piece ends', async () => {
    await behind(3);
    expect(await behind(2)).toEqual({ offsets: [3, 4, 5], reached: 5 });
    place = { epoch: 'e', offset: 7 };
    expect(await behind(5)).toEqual({ offsets: [6, 7], reached: 7 });
    expect(reads).toHaveLength(3);
  });

  it('is read in pieces of eight frames, of which each has one message at least', async () => {
    place = { epoch: 'e', offset: 50 };
    await append(8, 50, 'x'.repeat(30_000));
    const { offsets, reached } = await behind(7);
    expect(offsets).toEqual(Array.from({ length: 9 }, (_, i) => 8 + i));
    expect(reached).toBe(16);
  });

  it('is read in pieces of a thousand short ones', async () => {
    place = { epoch: 'e', offset: 2_000 };
    await append(1, 2_000, '');
    expect(await behind(0)).toMatchObject({ offsets: { length: 1_000 }, reached: 1_000 });
  });

  it('that cannot be read fails all who wait for it', async () => {
    log.read = () => Promise.reject(new Unavailable('away'));
    const asked = [history.after(1), history.after(2)];
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describe('a piece', () => {
  const piece = (offsets: readonly number[], reached: number) => ({
    publications: offsets.map((offset) => publicationOf(publishEvent('m'), { epoch: 'e', offset })),
    reached,
  });

  it('is unbroken where it has every message behind the offset', () => {
    expect(isUnbroken(piece([4, 5], 5), 3)).toBe(true);
    expect(isUnbroken(piece([], 3), 3)).toBe(true);
  });

  it('is broken where one is missing: at its beginning, its end or between', () => {
    expect(isUnbroken(piece([5], 5), 3)).toBe(false);
    expect(isUnbroken(piece([4], 5), 3)).toBe(false);
    expect(isUnbroken(piece([4, 6], 6), 3)).toBe(false);
    expect(isUnbroken(piece([], 5), 3)).toBe(false);
  });
});
