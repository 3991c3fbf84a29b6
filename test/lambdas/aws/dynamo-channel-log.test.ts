import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoChannelLog } from '../../../lambdas/aws/dynamo-channel-log.ts';
import { Overtaken, Unavailable } from '../../../lambdas/chat/errors.ts';
import type { ChannelLog, Claim, LogRow, Publication } from '../../../lambdas/chat/ports.ts';
import { OLDEST, seqOf } from '../../../lambdas/chat/seq.ts';
import { afterNext, startTables, type Tables } from './tables.ts';

const NOW = 1_764_000_000_500;
const SECONDS = Math.floor(NOW / 1000);
const DAY = 86_400;

const claim = (claimed: number, more: Partial<Claim> = {}): Claim => ({
  claimed: seqOf(String(claimed)),
  suspect: OLDEST,
  now: NOW,
  ttl: DAY,
  ...more,
});

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
let now: number;
let epochs: string[];
let log: ChannelLog;

const logOf = (queue: string, TableName = table, client = tables.client): ChannelLog =>
  dynamoChannelLog(client, TableName, queue, { now: () => now, epoch: () => epochs.shift() ?? 'none left' });

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables[Symbol.asyncDispose]());
beforeEach(async () => {
  table = await tables.create();
  now = NOW;
  epochs = ['epochA', 'epochB', 'epochC'];
  log = logOf('queue.fifo');
});

const untouched = { last: OLDEST, suspect: OLDEST, trial: { seq: OLDEST, failures: 0, after: false }, removed: 0 };

describe('a claim', () => {
  it('of a channel without a head makes one: turn 1, a new epoch, offset 0', async () => {
    expect(await log.peek('general')).toBeUndefined();
    const none = { turn: 1, epoch: 'epochA', offset: 0, claimed: OLDEST, claimedAt: 0, ...untouched };
    expect(await log.claim('general', claim(7))).toEqual(none);
    expect(await log.peek('general')).toEqual({ ...none, claimed: seqOf('7'), claimedAt: NOW });
    expect(await tables.items(table)).toMatchObject([
      { pk: 'CHAN#general', sk: 'HEAD', table, expiresAt: SECONDS + DAY, claimed: `queue.fifo#${seqOf('7')}` },
    ]);
  });

  it('takes the next turn and answers the head as it was', async () => {
    await log.claim('general', claim(7));
    await log.advance('general', 1, { offset: 3, last: seqOf('7') });
    const later = { ...claim(9), now: NOW + 5000 };
    expect(await log.claim('general', later)).toEqual({
      ...untouched,
      turn: 2,
      epoch: 'epochA',
      offset: 3,
      last: seqOf('7'),
      claimed: seqOf('7'),
      claimedAt: NOW,
    });
    expect(await log.peek('general')).toMatchObject({ claimed: seqOf('9'), claimedAt: NOW + 5000 });
    expect(await tables.items(table)).toMatchObject([{ expiresAt: SECONDS + 5 + DAY }]);
  });

  it('of a channel in use is one write and no reading', async () => {
    await log.claim('general', claim(7));
    const client = mockClient(tables.client);
    try {
      client.on(UpdateCommand).resolves({ Attributes: { turn: 1, epoch: 'epochA', offset: 0 } });
      await log.claim('general', claim(8));
      expect(client.calls()).toHaveLength(1);
    } finally {
      client.restore();
    }
  });

  it('of a short batch does not forget the later events that were taken in hand', async () => {
    await log.claim('general', claim(9));
    expect(await log.claim('general', claim(5, { now: NOW + 1000 }))).toMatchObject({ turn: 2, claimed: seqOf('9') });
    expect(await log.peek('general')).toMatchObject({ turn: 2, claimed: seqOf('9'), claimedAt: NOW + 1000 });
  });

  it('compares numbers of different lengths as numbers', async () => {
    await log.claim('general', claim(9));
    await log.claim('general', claim(10));
    expect(await log.peek('general')).toMatchObject({ claimed: seqOf('10') });
  });

  it('raises the suspect and never lowers it', async () => {
    await log.claim('general', claim(9, { suspect: seqOf('6') }));
    await log.claim('general', claim(10, { suspect: seqOf('4') }));
    expect(await log.peek('general')).toMatchObject({ suspect: seqOf('6') });
    await log.claim('general', claim(11, { suspect: seqOf('8') }));
    expect(await log.claim('general', claim(12))).toMatchObject({ turn: 4, suspect: seqOf('8') });
  });

  it('of a head that has expired begins a new epoch and keeps all else', async () => {
    await log.claim('general', claim(7, { suspect: seqOf('6') }));
    await log.trial('general', 1, { seq: seqOf('6'), failures: 1, after: true });
    await log.advance('general', 1, { offset: 3, last: seqOf('5') });
    await log.removeHistory('general', 1, 2);
    const kept = {
      last: seqOf('5'),
      claimed: seqOf('7'),
      claimedAt: NOW,
      suspect: seqOf('6'),
      trial: { seq: seqOf('6'), failures: 1, after: true },
    };
    const atItsEnd = (SECONDS + DAY) * 1000;
    expect(await log.claim('general', claim(8, { now: atItsEnd }))).toEqual({
      ...kept,
      turn: 2,
      epoch: 'epochB',
      offset: 0,
      removed: 0,
    });
    expect(await log.peek('general')).toMatchObject({ epoch: 'epochB', removed: 0 });
    expect(await log.claim('general', claim(9, { now: atItsEnd + 1000 }))).toMatchObject({ turn: 3, epoch: 'epochB' });
  });

  it('of a head that was restored from another table begins a new epoch, so that no offset is given twice', async () => {
    await log.claim('general', claim(7));
    await log.advance('general', 1, { offset: 3, last: seqOf('7') });
    const restored = await tables.create();
    for (const item of await tables.items(table)) await tables.put(restored, item);
    const there = logOf('queue.fifo', restored);
    expect(await there.claim('general', claim(8))).toMatchObject({
      turn: 2,
      epoch: 'epochB',
      offset: 0,
      last: seqOf('7'),
    });
    expect(await there.claim('general', claim(9))).toMatchObject({ turn: 3, epoch: 'epochB' });
  });

  it.each(['a.fifo', 'z.fifo'])(
    'takes numbers of a queue before %s for older than its own, and the epoch goes on',
    async (queue) => {
      await log.claim('general', claim(900, { suspect: seqOf('800') }));
      await log.trial('general', 1, { seq: seqOf('700'), failures: 1, after: true });
      await log.advance('general', 1, { offset: 3, last: seqOf('900') });
      const anew = logOf(queue);
      expect(await anew.claim('general', claim(5))).toEqual({
        ...untouched,
        turn: 2,
        epoch: 'epochA',
        offset: 3,
        claimed: OLDEST,
        claimedAt: NOW,
      });
      expect(await anew.peek('general')).toMatchObject({ claimed: seqOf('5'), suspect: OLDEST, last: OLDEST });
    },
  );

  it('of a head of an older version fills in what it lacks', async () => {
    await tables.put(table, { pk: 'CHAN#general', sk: 'HEAD', table, expiresAt: SECONDS + 1, turn: 4 });
    expect(await log.peek('general')).toEqual({
      turn: 4,
      epoch: '',
      offset: 0,
      claimed: OLDEST,
      claimedAt: 0,
      ...untouched,
    });
    expect(await log.claim('general', claim(5))).toMatchObject({ turn: 5, ...untouched });
    await tables.put(table, { pk: 'CHAN#other', sk: 'HEAD', table, trial: { seq: `queue.fifo#${seqOf('5')}` } });
    expect(await log.claim('other', claim(5))).toMatchObject({
      turn: 1,
      epoch: 'epochA',
      trial: { seq: seqOf('5'), failures: 0, after: false },
    });
  });

  it('that is raced takes a turn of its own: no two workers have the same', async () => {
    const heads = await Promise.all(Array.from({ length: 8 }, (_, i) => log.claim('general', claim(i + 1))));
    expect(heads.map((head) => head.turn).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(new Set(heads.map((head) => head.epoch))).toEqual(new Set(['epochA']));
    expect(await log.peek('general')).toMatchObject({ turn: 8, claimed: seqOf('8') });
  });

  it('that another overtakes between reading and writing is decided again', async () => {
    const client = afterNext(tables.client, GetCommand, async () => {
      await log.claim('general', claim(9));
      await log.advance('general', 1, { offset: 2, last: seqOf('9') });
    });
    const slow = logOf('queue.fifo', table, client);
    expect(await slow.claim('general', claim(5))).toMatchObject({ turn: 2, offset: 2, claimed: seqOf('9') });
    expect(await log.peek('general')).toMatchObject({ turn: 2, claimed: seqOf('9'), offset: 2 });
  });
});

describe('a claim that others always come before', () => {
  it('is given up after a while: its worker has other things to do', async () => {
    const { client } = tables;
    const stub = mockClient(client);
    stub.on(GetCommand).resolves({ Item: { turn: 1, table } });
    stub.on(UpdateCommand).rejects(new ConditionalCheckFailedException({ message: 'no', $metadata: {} }));
    try {
      await expect(log.claim('general', claim(1))).rejects.toThrow(Unavailable);
    } finally {
      stub.restore();
    }
  });
});

describe('a peek', () => {
  beforeEach(async () => {
    await log.claim('general', claim(7));
    await log.advance('general', 1, { offset: 3, last: seqOf('7') });
    await log.removeHistory('general', 1, 2);
  });

  const nothingKept = { epoch: '', offset: 0, removed: 0, turn: 1, last: seqOf('7') };

  it('at a head that has expired sees nothing of what was kept, and writes nothing', async () => {
    now = (SECONDS + DAY) * 1000 - 1;
    expect(await log.peek('general')).toMatchObject({ epoch: 'epochA', offset: 3, removed: 2 });
    now++;
    const before = await tables.items(table);
    expect(await log.peek('general')).toMatchObject(nothingKept);
    expect(await tables.items(table)).toEqual(before);
  });

  it('at a head that was restored from another table sees nothing of what was kept', async () => {
    const restored = await tables.create();
    for (const item of await tables.items(table)) await tables.put(restored, item);
    expect(await logOf('queue.fifo', restored).peek('general')).toMatchObject(nothingKept);
  });

  it('is a consistent read', async () => {
    const client = mockClient(tables.client);
    try {
      client.on(GetCommand).resolves({});
      expect(await log.peek('general')).toBeUndefined();
      expect(client.commandCalls(GetCommand)[0]?.args[0].input).toMatchObject({ ConsistentRead: true });
    } finally {
      client.restore();
    }
  });
});

describe('an overtaken worker', () => {
  beforeEach(async () => {
    await log.claim('general', claim(1));
    await log.claim('general', claim(2));
  });

  it.each<[string, () => Promise<unknown>]>([
    ['advance', () => log.advance('general', 1, { offset: 1, last: seqOf('1') })],
    ['renew', () => log.renew('general', 1)],
    ['suspect', () => log.suspect('general', 1, seqOf('1'))],
    ['remove the history', () => log.removeHistory('general', 1, 1)],
    ['release', () => log.release('general', 1)],
    ['trial', () => log.trial('general', 1, { seq: seqOf('1'), failures: 1, after: false })],
  ])('cannot %s', async (_, write) => {
    const before = await tables.items(table);
    await expect(write()).rejects.toThrow(Overtaken);
    expect(await tables.items(table)).toEqual(before);
  });

  it('cannot write over a row of a later turn, but the later one can over its', async () => {
    await log.append('general', 'epochA', 1, [row(1, 1, { data: 'of turn 1' })], SECONDS + 60);
    await log.append('general', 'epochA', 2, [row(1, 1, { data: 'of turn 2' })], SECONDS + 60);
    const again = log.append('general', 'epochA', 1, [row(1, 1, { data: 'too late' }), row(2, 2)], SECONDS + 60);
    await expect(again).rejects.toThrow(Overtaken);
    const found = await log.rows('general', { epoch: 'epochA', offset: 1 }, seqOf('1'));
    expect([...found.values()].map(({ data }) => data)).toEqual(['of turn 2']);
  });
});

describe('the head, in its turn', () => {
  beforeEach(() => log.claim('general', claim(1)));

  it('advances', async () => {
    await log.advance('general', 1, { offset: 4, last: seqOf('12') });
    expect(await log.peek('general')).toMatchObject({ offset: 4, last: seqOf('12'), turn: 1 });
  });

  it('is renewed: a new epoch at offset 0 with nothing removed, and all else as it was', async () => {
    await log.advance('general', 1, { offset: 4, last: seqOf('12') });
    await log.removeHistory('general', 1, 3);
    expect(await log.renew('general', 1)).toBe('epochB');
    const expected = { epoch: 'epochB', offset: 0, removed: 0, last: seqOf('12'), turn: 1 };
    expect(await log.peek('general')).toMatchObject(expected);
  });

  it('says up to where the history was removed, also to the claims that follow', async () => {
    await log.advance('general', 1, { offset: 4, last: seqOf('12') });
    await log.removeHistory('general', 1, 3);
    const expected = { removed: 3, offset: 4, epoch: 'epochA' };
    expect(await log.peek('general')).toMatchObject(expected);
    expect(await log.claim('general', claim(13))).toMatchObject({ ...expected, turn: 2 });
    expect(await log.claim('general', claim(14, { suspect: seqOf('13') }))).toMatchObject({ ...expected, turn: 3 });
    expect(await log.peek('general')).toMatchObject(expected);
  });

  it('lets go of what it had in hand', async () => {
    await log.release('general', 1);
    expect(await log.peek('general')).toMatchObject({ claimed: OLDEST, turn: 1 });
  });

  it('keeps a suspect and a trial', async () => {
    await log.suspect('general', 1, seqOf('9'));
    await log.trial('general', 1, { seq: seqOf('8'), failures: 2, after: true });
    const expected = { suspect: seqOf('9'), trial: { seq: seqOf('8'), failures: 2, after: true } };
    expect(await log.peek('general')).toMatchObject(expected);
  });
});

describe('a write that fails', () => {
  it('is told only when no other row is on its way any more', async () => {
    const client = mockClient(tables.client);
    try {
      const order: string[] = [];
      const throttled = Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
      client
        .on(PutCommand)
        .rejectsOnce(throttled)
        .callsFake(async () => {
          await new Promise((resolve) => setImmediate(resolve));
          order.push('written');
        });
      const appending = log.append('general', 'epochA', 1, [row(1, 1), row(2, 2)], SECONDS + 60);
      await expect(appending.finally(() => order.push('failed'))).rejects.toThrow(Unavailable);
      expect(order).toEqual(['written', 'failed']);
    } finally {
      client.restore();
    }
  });

  it('by a mistake of ours is no fault of AWS', async () => {
    const unnamed = dynamoChannelLog(tables.client, 'no-such-table', 'queue.fifo');
    await expect(unnamed.peek('general')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(unnamed.claim('general', claim(1))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

it('an epoch is 8 letters, another one each time', async () => {
  const unaided = dynamoChannelLog(tables.client, table, 'queue.fifo');
  const { epoch } = await unaided.claim('general', claim(1));
  expect(epoch).toMatch(/^[A-Za-z]{8}$/);
  expect(await unaided.renew('general', 1)).not.toBe(epoch);
});
