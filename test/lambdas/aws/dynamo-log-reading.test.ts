import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoChannelLog } from '../../../lambdas/aws/dynamo-channel-log.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { ChannelLog, LogRange, LogRow, Publication } from '../../../lambdas/chat/ports.ts';
import { OLDEST, type Seq, seqOf } from '../../../lambdas/chat/seq.ts';
import { startTables, type Tables } from './tables.ts';

const NOW = 1_764_000_000_500;
const SECONDS = Math.floor(NOW / 1000);

const message = (offset: number, more: Partial<Publication> = {}): Publication => ({
  id: `m${offset}`,
  data: `message ${offset}`,
  time: NOW,
  offset,
  epoch: 'epochA',
  ...more,
});

const row = (offset: number, seq: number, more: Partial<Publication> = {}): LogRow => ({
  offset,
  seq: seqOf(String(seq)),
  publication: message(offset, more),
});

let tables: Tables;
let table: string;
let log: ChannelLog;

const logOf = (queue: string): ChannelLog => dynamoChannelLog(tables.client, table, queue, { now: () => NOW });

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables[Symbol.asyncDispose]());
beforeEach(async () => {
  table = await tables.create();
  log = logOf('queue.fifo');
});

/** An item as the table has it. */
const stored = (offset: number, expiresAt = SECONDS + 60) => ({
  sk: String(offset).padStart(16, '0'),
  id: `m${offset}`,
  time: NOW,
  seq: `queue.fifo#${seqOf(String(offset))}`,
  expiresAt,
});

describe('read', () => {
  const range = (after: number, upTo: number, more: Partial<LogRange> = {}) =>
    log.read('general', { epoch: 'epochA', after, upTo, most: 1_000, bytes: 1_000_000, ...more });
  const offsets = ({ publications }: { readonly publications: readonly Publication[] }) =>
    publications.map(({ offset }) => offset);
  const append = (from: number, to: number, expiresAt = SECONDS + 60) =>
    log.append(
      'general',
      'epochA',
      1,
      Array.from({ length: to - from + 1 }, (_, i) => row(from + i, from + i)),
      expiresAt,
    );

  it('answers the messages behind one offset up to and with another, oldest first or newest first', async () => {
    await append(8, 12);
    await log.append('general', 'epochZ', 1, [row(10, 99, { id: 'of another epoch' })], SECONDS + 60);
    expect(await range(9, 11)).toEqual({ publications: [message(10), message(11)], reached: 11 });
    const newest = await range(9, 11, { newestFirst: true });
    expect(newest).toEqual({ publications: [message(11), message(10)], reached: 10 });
    expect(await range(11, 20)).toEqual({ publications: [message(12)], reached: 20 });
    expect(await range(20, 30)).toEqual({ publications: [], reached: 30 });
    expect(await range(20, 30, { newestFirst: true })).toEqual({ publications: [], reached: 21 });
    expect(await range(9, 9)).toEqual({ publications: [], reached: 9 });
  });

  it('stops behind as many as are wanted, and says where', async () => {
    await append(1, 9);
    expect(await range(2, 9, { most: 3 })).toMatchObject({ reached: 5 });
    expect(offsets(await range(2, 9, { most: 3 }))).toEqual([3, 4, 5]);
    expect(offsets(await range(2, 9, { most: 3, newestFirst: true }))).toEqual([9, 8, 7]);
    expect(await range(2, 9, { most: 3, newestFirst: true })).toMatchObject({ reached: 7 });
    expect(offsets(await range(2, 9, { most: 7 }))).toHaveLength(7);
  });

  it('stops behind the message with which it has so many bytes, and reads at least one', async () => {
    await append(1, 9);
    const size = Buffer.byteLength(JSON.stringify(message(1)));
    expect(await range(0, 9, { bytes: 1 })).toEqual({ publications: [message(1)], reached: 1 });
    expect(offsets(await range(0, 9, { bytes: 2 * size }))).toEqual([1, 2]);
    expect(offsets(await range(0, 9, { bytes: 2 * size + 1 }))).toEqual([1, 2, 3]);
    expect(offsets(await range(0, 9, { bytes: size + 1, newestFirst: true }))).toEqual([9, 8]);
  });

  it('counts bytes of UTF-8, not letters', async () => {
    const rows = [1, 2].map((offset) => row(offset, offset, { data: '\u{1F600}'.repeat(50) }));
    await log.append('general', 'epochA', 1, rows, SECONDS + 60);
    expect(offsets(await range(0, 2, { bytes: 250 }))).toEqual([1]);
  });

  it('leaves out what has expired, at either end and between: it counts for nothing', async () => {
    await append(1, 2, SECONDS);
    await append(3, 4);
    await append(5, 5, SECONDS);
    await append(6, 6, SECONDS + 1);
    await append(7, 7, SECONDS - 9_999);
    expect(await range(0, 7)).toEqual({ publications: [message(3), message(4), message(6)], reached: 7 });
    expect(offsets(await range(0, 7, { most: 3 }))).toEqual([3, 4, 6]);
    expect(await range(0, 7, { most: 1, newestFirst: true })).toEqual({ publications: [message(6)], reached: 6 });
    expect(await range(0, 2)).toEqual({ publications: [], reached: 2 });
  });

  it('goes on over pages, those of DynamoDB (1 MB) as well as its own, to whatever end comes first', async () => {
    await append(1, 260);
    expect(offsets(await range(0, 260))).toHaveLength(260);
    expect(offsets(await range(0, 260, { most: 255, newestFirst: true }))).toEqual(
      Array.from({ length: 255 }, (_, i) => 260 - i),
    );
    const large = Array.from({ length: 6 }, (_, i) => row(1_001 + i, 1_001 + i, { data: 'x'.repeat(300_000) }));
    await log.append('general', 'epochA', 1, large, SECONDS + 60);
    expect(offsets(await range(1_000, 1_006, { bytes: 10_000_000 }))).toHaveLength(6);
  });

  it('is consistent, and asks for no more than is wanted', async () => {
    const client = mockClient(tables.client);
    try {
      client.on(QueryCommand).resolves({ Items: [stored(1)] });
      await range(0, 900, { most: 7 });
      await range(0, 900, { newestFirst: true });
      const [first, second] = client.commandCalls(QueryCommand).map(({ args }) => args[0].input);
      expect(first).toMatchObject({ ConsistentRead: true, ScanIndexForward: true, Limit: 7 });
      expect(second).toMatchObject({ ConsistentRead: true, ScanIndexForward: false, Limit: 250 });
    } finally {
      client.restore();
    }
  });

  it('goes through expired ones that DynamoDB has not deleted yet by whole pages, also by empty ones', async () => {
    const client = mockClient(tables.client);
    try {
      const LastEvaluatedKey = { pk: 'p', sk: 's' };
      client
        .on(QueryCommand)
        .resolvesOnce({ Items: [stored(1, SECONDS)], LastEvaluatedKey })
        .resolvesOnce({ LastEvaluatedKey })
        .resolvesOnce({ Items: [stored(2, SECONDS), stored(3), stored(4)], LastEvaluatedKey });
      expect(offsets(await range(0, 900, { most: 1 }))).toEqual([3]);
      expect(client.commandCalls(QueryCommand).map(({ args }) => args[0].input.Limit)).toEqual([1, 250, 250]);
      expect(client.commandCalls(QueryCommand)[1]?.args[0].input.ExclusiveStartKey).toEqual(LastEvaluatedKey);
    } finally {
      client.restore();
    }
  });

  it('is unavailable where DynamoDB is', async () => {
    const client = mockClient(tables.client);
    client.on(QueryCommand).rejects(Object.assign(new Error('no'), { name: 'ThrottlingException' }));
    try {
      await expect(range(0, 9)).rejects.toThrow(Unavailable);
    } finally {
      client.restore();
    }
  });
});

describe('rows', () => {
  const read = (offset: number, since: Seq) => log.rows('general', { epoch: 'epochA', offset }, since);

  it('are found by their events, from the one asked for up to the position', async () => {
    await log.append('general', 'epochA', 1, [row(1, 5), row(2, 6), row(3, 8), row(4, 9)], SECONDS + 60);
    await log.append('general', 'epochZ', 1, [row(1, 7)], SECONDS + 60);
    expect(await read(3, seqOf('6'))).toEqual(
      new Map([
        [seqOf('8'), message(3)],
        [seqOf('6'), message(2)],
      ]),
    );
    expect(await read(0, seqOf('1'))).toEqual(new Map());
  });

  it('are kept by channel, epoch and an offset of 16 digits, with their end in seconds', async () => {
    await log.append('general', 'epochA', 3, [row(12, 5)], SECONDS + 60);
    expect(await tables.items(table)).toMatchObject([
      { pk: 'LOG#general#epochA', sk: '0000000000000012', turn: 3, expiresAt: SECONDS + 60 },
    ]);
  });

  it('that have expired are not seen', async () => {
    await log.append('general', 'epochA', 1, [row(1, 5)], SECONDS);
    await log.append('general', 'epochA', 1, [row(2, 6)], SECONDS + 1);
    expect([...(await read(2, seqOf('1'))).keys()]).toEqual([seqOf('6')]);
  });

  it('of a queue that was replaced are older than every event, and end the search', async () => {
    await log.append('general', 'epochA', 1, [row(1, 5), row(2, 6)], SECONDS + 60);
    const anew = logOf('queue-2.fifo');
    await anew.append('general', 'epochA', 2, [row(3, 1)], SECONDS + 60);
    expect([...(await anew.rows('general', { epoch: 'epochA', offset: 3 }, OLDEST)).keys()]).toEqual([seqOf('1')]);
  });

  it('of many pages are all found', async () => {
    const many = Array.from({ length: 80 }, (_, i) => row(i + 1, i + 1));
    await log.append('general', 'epochA', 1, many, SECONDS + 60);
    expect((await read(80, seqOf('10'))).size).toBe(71);
  });

  it('are read consistently, page after page, and no further than the event asked for', async () => {
    const client = mockClient(tables.client);
    try {
      const LastEvaluatedKey = { pk: 'p', sk: 's' };
      client
        .on(QueryCommand)
        .resolvesOnce({ Items: [stored(9, SECONDS)], LastEvaluatedKey })
        .resolvesOnce({ LastEvaluatedKey })
        .resolvesOnce({ Items: [stored(8), stored(7), stored(6)], LastEvaluatedKey });
      expect([...(await read(9, seqOf('7'))).keys()]).toEqual([seqOf('8'), seqOf('7')]);
      expect(client.calls()).toHaveLength(3);
      for (const { args } of client.commandCalls(QueryCommand))
        expect(args[0].input).toMatchObject({ ConsistentRead: true });
    } finally {
      client.restore();
    }
  });

  it('bring back any JSON as it came, numbers beyond what DynamoDB can hold included', async () => {
    let offset = 0;
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (data) => {
        offset++;
        const came = JSON.parse(JSON.stringify(data));
        await log.append('general', 'epochA', 1, [row(offset, offset, { data: came })], SECONDS + 60);
        const found = await read(offset, seqOf(String(offset)));
        expect(found.get(seqOf(String(offset)))?.data).toStrictEqual(came);
      }),
      { numRuns: 50 },
    );
    const odd = JSON.parse(
      '{"__proto__":{"a":1},"":"","big":1e300,"exact":12345678901234567890123456789012345678901234567890}',
    );
    await log.append('general', 'epochA', 1, [row(offset + 1, offset + 1, { data: odd })], SECONDS + 60);
    const [found] = (await read(offset + 1, seqOf(String(offset + 1)))).values();
    expect(JSON.stringify(found?.data)).toBe(JSON.stringify(odd));
  });

  it('bring back all that belongs to a message, and nothing that it had not', async () => {
    const full = { user: '', connection: 'c1', info: { name: null }, tags: { '': '', k: 'v' }, key: 'k1', data: null };
    await log.append('general', 'epochA', 1, [row(1, 1, full), row(2, 2, { data: undefined })], SECONDS + 60);
    const found = await read(2, seqOf('1'));
    expect(found.get(seqOf('1'))).toStrictEqual(message(1, full));
    expect(found.get(seqOf('2'))).toEqual(message(2, { data: undefined }));
    expect(Object.keys(found.get(seqOf('2')) ?? {})).not.toContain('user');
  });
});
