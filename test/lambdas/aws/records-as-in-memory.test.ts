import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dynamoCensus } from '../../../lambdas/aws/dynamo-census.ts';
import { dynamoConnectionIndex } from '../../../lambdas/aws/dynamo-connection-index.ts';
import { dynamoConnections } from '../../../lambdas/aws/dynamo-connections.ts';
import { dynamoSubscriptions } from '../../../lambdas/aws/dynamo-subscriptions.ts';
import type { Census, ConnectionIndex, Connections, Subscriptions } from '../../../lambdas/chat/ports.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import { MemoryConnections, MemoryIndex, MemorySubscriptions } from '../../support/memory-records.ts';
import { startTables, type Tables } from './tables.ts';

const NOW = 1_764_000_000_000;
const SECONDS = NOW / 1000;
const MINUTES = [0, 1].map((ago) => Math.floor(NOW / 60_000) - ago);
const IDS = ['c1', 'c2='];
const USERS = ['', 'alice', 'bob'];
const CHANNELS = ['general', 'a.b[0]', '#ж x'];
/** Of channels in a record. */
const CAPACITY = 2;

interface Records {
  readonly connections: Connections;
  readonly subscriptions: Subscriptions;
  readonly index: ConnectionIndex;
  readonly census: Census;
}

function inMemory(): Records {
  const connections = new MemoryConnections();
  const subscriptions = new MemorySubscriptions();
  const index = new MemoryIndex(connections, subscriptions);
  return { connections, subscriptions, index, census: index };
}

let tables: Tables;
let table: string;

beforeAll(async () => {
  tables = await startTables();
  table = await tables.create();
});
afterAll(() => tables[Symbol.asyncDispose]());

async function inEmptyTable(): Promise<Records> {
  for (const { pk, sk } of await tables.items(table)) {
    await tables.client.send(new DeleteCommand({ TableName: table, Key: { pk, sk } }));
  }
  const now = () => NOW;
  return {
    connections: dynamoConnections(tables.client, table, now),
    subscriptions: dynamoSubscriptions(tables.client, table, 'queue.fifo', now),
    index: dynamoConnectionIndex(tables.client, table, now),
    census: dynamoCensus(tables.client, table, now),
  };
}

const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const id = fc.constantFrom(...IDS);
const channel = fc.constantFrom(...CHANNELS);
const token = fc.constantFrom('s1', 's2', 'u3');
const expires = fc.constantFrom(SECONDS, SECONDS + 60, SECONDS + 7200);
// what comes in is JSON, which has no -0
const json = fc.json().map((text): unknown => JSON.parse(text));
const format = fc.constantFrom('json' as const, 'centrifuge' as const);
const identity = fc.record(
  {
    user: fc.constantFrom(...USERS),
    expires,
    info: json,
    caps: fc.constant([{ channels: ['*'], match: 'wildcard' as const, allow: ['sub' as const] }]),
    serverChannels: fc.array(channel, { maxLength: 2 }),
  },
  { requiredKeys: ['user'] },
);
const requests = fc.dictionary(channel, fc.record({ token, expires }, { requiredKeys: ['token'] }), {
  minKeys: 1,
  maxKeys: CAPACITY + 1,
});
const subscription = fc.record(
  {
    connection: id,
    user: fc.constantFrom(...USERS),
    format,
    token,
    seq: fc.constant(seqOf('7')),
    from: fc.constant({ epoch: 'e', offset: 1 }),
    expiresAt: fc.constant(SECONDS + 60),
    info: json,
    channelInfo: json,
    at: fc.nat(9),
    joinLeave: fc.constant(true as const),
  },
  { requiredKeys: ['connection', 'user', 'format', 'token', 'seq', 'from', 'expiresAt'] },
);

/** What is done with the records, and answers something. */
type Step = (records: Records) => Promise<unknown>;
const stepOf = <A extends unknown[]>(
  args: { readonly [K in keyof A]: fc.Arbitrary<A[K]> },
  step: (records: Records, ...args: A) => Promise<unknown>,
): fc.Arbitrary<Step> => fc.tuple(...args).map((chosen) => (records) => step(records, ...(chosen as A)));

const step = fc.oneof(
  stepOf([id, identity, format, fc.constantFrom(...MINUTES)], ({ connections }, id, identity, format, minute) =>
    connections.create({ ...identity, id, format, connectedAt: minute * 60_000, channels: {}, ends: {} }),
  ),
  stepOf([id, requests], ({ connections }, id, requests) => connections.note(id, requests, CAPACITY)),
  stepOf([id, channel, token], ({ connections }, ...args) => connections.forget(...args)),
  stepOf([id, channel, token, perhaps(expires)], ({ connections }, ...args) => connections.extend(...args)),
  stepOf([id, identity, perhaps(format)], ({ connections }, ...args) => connections.refresh(...args)),
  stepOf([id], ({ connections }, id) => connections.remove(id)),
  stepOf([channel, subscription], ({ subscriptions }, ...args) => subscriptions.put(...args)),
  stepOf([channel, id], ({ subscriptions }, ...args) => subscriptions.cut(...args)),
  stepOf([channel, id], ({ subscriptions }, ...args) => subscriptions.remove(...args)),
  stepOf([channel, id], ({ subscriptions }, ...args) => subscriptions.find(...args)),
);

/** All that can be read. (That a record has had ends is told by the table for ever, and in memory as long as it has some.) */
async function contents({ connections, subscriptions, index, census }: Records) {
  const byConnection = (a: { connection: string }, b: { connection: string }) => (a.connection < b.connection ? -1 : 1);
  return {
    records: await Promise.all(IDS.map((id) => connections.read(id))),
    readers: await Promise.all(CHANNELS.map(async (name) => (await subscriptions.of(name)).sort(byConnection))),
    byUser: await Promise.all(USERS.map(async (user) => (await index.ofUser(user)).sort())),
    byMinute: await Promise.all(
      MINUTES.map(async (minute) => (await index.madeIn(minute)).connections.map(({ hasEnds: _, ...rest }) => rest)),
    ),
    census: await census.count(),
  };
}

// the core is tested with the ports in memory: what it relies on there must hold of the tables
it('records in the tables behave as those in memory, whatever is done to them in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
      const [memory, found] = [inMemory(), await inEmptyTable()];
      for (const step of steps) expect(await step(found)).toEqual(await step(memory));
      expect(await contents(found)).toEqual(await contents(memory));
    }),
    { numRuns: 40 },
  );
}, 30_000);
