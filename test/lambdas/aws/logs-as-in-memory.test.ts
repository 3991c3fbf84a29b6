import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { dynamoChannelLog } from '../../../lambdas/aws/dynamo-channel-log.ts';
import { Overtaken } from '../../../lambdas/chat/errors.ts';
import type { ChannelLog } from '../../../lambdas/chat/ports.ts';
import { OLDEST, seqOf } from '../../../lambdas/chat/seq.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { startTables, type Tables } from './tables.ts';

const NOW = 1_764_000_000_000;
const SECONDS = NOW / 1000;
const RUNS = { numRuns: 40 };

let tables: Tables;
let table: string;
let now: number;
let runs = 0;

beforeAll(async () => {
  tables = await startTables();
  table = await tables.create();
});
afterAll(() => tables[Symbol.asyncDispose]());
beforeEach(() => {
  now = NOW;
});

/** A log in memory and one in the table, and a channel of its own for each run. */
function logs() {
  let epochs = 0;
  const epoch = () => `made ${++epochs}`;
  return {
    channel: `channel-${++runs}`,
    memory: new MemoryLog('queue.fifo', () => now),
    stored: dynamoChannelLog(tables.client, table, 'queue.fifo', { now: () => now, epoch }),
  };
}

/** What is done with a channel's head. */
type Step = (log: ChannelLog, channel: string) => Promise<unknown>;
const stepOf = <A extends unknown[]>(
  args: { readonly [K in keyof A]: fc.Arbitrary<A[K]> },
  step: (log: ChannelLog, channel: string, ...args: A) => Promise<unknown>,
): fc.Arbitrary<Step> => fc.tuple(...args).map((chosen) => (log, channel) => step(log, channel, ...(chosen as A)));

const event = fc.integer({ min: 1, max: 30 }).map((n) => seqOf(String(n)));
const seq = fc.oneof(fc.constant(OLDEST), event);
const turn = fc.integer({ min: 1, max: 4 });
const offset = fc.nat(20);
const trial = fc.record({ seq: event, failures: fc.nat(3), after: fc.boolean() });

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: stepOf([seq, seq], (log, channel, claimed, suspect) =>
      log.claim(channel, { claimed, suspect, now, ttl: 60 }),
    ),
  },
  { weight: 1, arbitrary: stepOf([], (log, channel) => log.peek(channel)) },
  {
    weight: 2,
    arbitrary: stepOf([turn, offset, seq], (log, channel, turn, offset, last) =>
      log.advance(channel, turn, { offset, last }),
    ),
  },
  { weight: 1, arbitrary: stepOf([turn], (log, channel, turn) => log.release(channel, turn)) },
  { weight: 1, arbitrary: stepOf([turn], (log, channel, turn) => log.renew(channel, turn)) },
  { weight: 1, arbitrary: stepOf([turn, offset], (log, channel, ...args) => log.removeHistory(channel, ...args)) },
  { weight: 1, arbitrary: stepOf([turn, seq], (log, channel, ...args) => log.suspect(channel, ...args)) },
  { weight: 1, arbitrary: stepOf([turn, trial], (log, channel, ...args) => log.trial(channel, ...args)) },
);

/** What came of a step. Epochs are called by the order in which they were met: each log has names of its own. */
async function outcomeOf(names: Map<string, string>, answer: Promise<unknown>): Promise<unknown> {
  const called = (epoch: string) => {
    if (!names.has(epoch)) names.set(epoch, `epoch ${names.size}`);
    return names.get(epoch);
  };
  try {
    const told = (await answer) as string | { readonly epoch: string } | undefined;
    if (typeof told === 'string') return called(told);
    return told && { ...told, epoch: called(told.epoch) };
  } catch (error) {
    if (error instanceof Overtaken) return 'overtaken';
    throw error;
  }
}

// the core is tested with the ports in memory: what it relies on there must hold of the tables
it('heads in the table behave as those in memory, whatever is done to them, also as time goes by', async () => {
  const timed = fc.tuple(step, fc.constantFrom(0, 0, 1_000, 59_000, 60_000));
  await fc.assert(
    fc.asyncProperty(fc.array(timed, { minLength: 5, maxLength: 25 }), async (steps) => {
      const { channel, memory, stored } = logs();
      const [namesInMemory, namesStored] = [new Map([['', '']]), new Map([['', '']])];
      now = NOW;
      for (const [step, passed] of [...steps, [(log: ChannelLog) => log.peek(channel), 0] as const]) {
        now += passed;
        const expected = await outcomeOf(namesInMemory, step(memory, channel));
        expect(await outcomeOf(namesStored, step(stored, channel))).toEqual(expected);
      }
    }),
    RUNS,
  );
}, 30_000);

it('messages in the table are read as those in memory: holes, expired ones, of a later turn, and any range', async () => {
  const message = fc.record({
    kept: fc.boolean(),
    expired: fc.boolean(),
    turn: fc.integer({ min: 1, max: 2 }),
    data: fc.string({ maxLength: 40, unit: 'grapheme' }),
  });
  const range = fc.record({
    epoch: fc.constant('e'),
    after: fc.nat(16),
    upTo: fc.nat(16),
    newestFirst: fc.boolean(),
    most: fc.integer({ min: 1, max: 12 }),
    bytes: fc.integer({ min: 1, max: 1_200 }),
  });
  const messages = fc.array(message, { maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(messages, fc.array(range, { maxLength: 8 }), async (all, ranges) => {
      const { channel, memory, stored } = logs();
      for (const [i, { kept, expired, turn, data }] of all.entries()) {
        const offset = i + 1;
        const publication = { id: `m${offset}`, data, time: NOW, offset, epoch: 'e' };
        const row = { offset, seq: seqOf(String(offset)), publication };
        for (const log of kept ? [memory, stored] : []) {
          await log.append(channel, 'e', turn, [row], expired ? SECONDS : SECONDS + 60);
          const late = { ...row, publication: { ...publication, data: 'of turn 1' } };
          const again = log.append(channel, 'e', 1, [late], SECONDS + 60);
          await (turn > 1 ? expect(again).rejects.toThrow(Overtaken) : again);
        }
      }
      for (const range of ranges) {
        const expected = await memory.read(channel, range);
        // (behind the range's end there is nothing to be reached)
        const reached = range.upTo <= range.after ? range.upTo : expected.reached;
        expect(await stored.read(channel, range)).toEqual({ ...expected, reached });
        const [position, since] = [{ epoch: 'e', offset: range.upTo }, seqOf(String(range.after + 1))];
        expect(await stored.rows(channel, position, since)).toEqual(await memory.rows(channel, position, since));
      }
    }),
    RUNS,
  );
}, 30_000);
