import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { dynamoChannelLog } from '../../lambdas/aws/dynamo-channel-log.ts';
import { dynamoConnectionIndex } from '../../lambdas/aws/dynamo-connection-index.ts';
import { dynamoConnections } from '../../lambdas/aws/dynamo-connections.ts';
import { dynamoSubscriptions } from '../../lambdas/aws/dynamo-subscriptions.ts';
import type { Delivered } from '../../lambdas/chat/channel-event.ts';
import type { Chat } from '../../lambdas/chat/chat.ts';
import { deliver } from '../../lambdas/chat/deliver.ts';
import type { Namespaces } from '../../lambdas/chat/namespace.ts';
import { seqOf } from '../../lambdas/chat/seq.ts';
import type { Tables } from '../lambdas/aws/tables.ts';
import { leaseOf, type MemoryChat, memoryChat } from '../support/memory-chat.ts';

/** What something costs: calls of DynamoDB and their units, calls of SQS, frames to clients. */
export interface Cost {
  readonly reads: number;
  readonly writes: number;
  /** Read request units. */
  readonly rru: number;
  /** Write request units, those of the indexes included. */
  readonly wru: number;
  readonly sqs: number;
  readonly frames: number;
}

const READS = ['GetCommand', 'QueryCommand'];
const SQS_BATCH = 10;
/** A batch is received and deleted. */
const CALLS_PER_BATCH = 2;

/** The core on real adapters and a DynamoDB in this process, where every call is counted. */
export interface CountedChat {
  readonly chat: Chat & Pick<MemoryChat, 'queue' | 'posts' | 'world' | 'later'>;
  /** Handles what waits in the queue, in batches of ten, until nothing does. */
  settle(): Promise<void>;
  /** Does something, and answers what it has cost. */
  costOf(what: () => Promise<unknown>): Promise<Cost>;
}

/** Makes one. */
export async function countedChat(tables: Tables, namespaces: Namespaces): Promise<CountedChat> {
  const memory = memoryChat({ namespaces });
  memory.world.time = Date.now();
  const counts = { reads: 0, writes: 0, rru: 0, wru: 0, sqs: 0 };
  const client = counting(tables.client, counts);
  const now = () => memory.world.now();
  const [connections, channels] = [await tables.create(), await tables.create()];
  const chat = {
    ...memory,
    connections: dynamoConnections(client, connections, now),
    subscriptions: dynamoSubscriptions(client, connections, 'events.fifo', now),
    index: dynamoConnectionIndex(client, connections, now),
    log: dynamoChannelLog(client, channels, 'events.fifo', { now }),
  };
  let handled = 0;

  async function settle(): Promise<void> {
    while (handled < memory.queue.sent.length) {
      const events = memory.queue.events.slice(handled, handled + SQS_BATCH);
      const batch = events.map((event, i): Delivered => ({ event, seq: seqOf(String(handled + i + 1)), receives: 1 }));
      handled += events.length;
      counts.sqs += CALLS_PER_BATCH;
      const failed = await deliver(chat, batch, leaseOf(memory));
      if (failed.length > 0) throw new Error('a batch failed');
    }
  }

  const send = memory.queue.send.bind(memory.queue);
  memory.queue.send = (events) => {
    counts.sqs += Math.ceil(events.length / SQS_BATCH);
    return send(events);
  };

  return {
    chat,
    settle,
    async costOf(what) {
      const before = { ...counts, frames: memory.posts.attempts.length };
      await what();
      const after = { ...counts, frames: memory.posts.attempts.length };
      const names = ['reads', 'writes', 'rru', 'wru', 'sqs', 'frames'] as const;
      return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as unknown as Cost;
    },
  };
}

type Counts = Record<'reads' | 'writes' | 'rru' | 'wru', number>;
type Command = Parameters<DynamoDBDocumentClient['send']>[0];
type Item = Record<string, unknown>;

/** The client, which asks with each call what it consumes. (dynalite leaves out what a write costs the indexes.) */
function counting(client: DynamoDBDocumentClient, counts: Counts): DynamoDBDocumentClient {
  const itemOf = async ({ TableName, Key, Item }: { TableName: string; Key?: Item; Item?: Item }) => {
    const key = Key ?? { pk: Item?.pk, sk: Item?.sk };
    return (await client.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }))).Item;
  };
  const send = async (command: Command) => {
    const input = command.input as Parameters<typeof itemOf>[0];
    Object.assign(command.input, { ReturnConsumedCapacity: 'TOTAL' });
    const isRead = READS.includes(command.constructor.name);
    const before = isRead ? undefined : await itemOf(input);
    const answer = (await client.send(command)) as { ConsumedCapacity?: { CapacityUnits?: number } };
    const units = answer.ConsumedCapacity?.CapacityUnits ?? 0;
    const ofIndexes = isRead ? 0 : indexWrites(before, await itemOf(input));
    counts[isRead ? 'reads' : 'writes']++;
    // (a query that finds nothing costs the least that there is; dynalite says nothing)
    if (isRead) counts.rru += Math.max(units, 0.5);
    else counts.wru += units + ofIndexes;
    return answer;
  };
  return Object.assign(Object.create(client), { send });
}

/** What an item has in the two indexes of the connections (lib/chat-tables.ts): each change of it is a unit. */
const INDEXES = [['userKey'], ['minute', 'format', 'expires', 'hasEnds', 'expiresAt']];

function indexWrites(before: Item | undefined, after: Item | undefined): number {
  return INDEXES.filter(([key = '', ...rest]) => {
    const entry = (item: Item | undefined) => item?.[key] !== undefined && [key, ...rest].map((name) => item[name]);
    return JSON.stringify(entry(before)) !== JSON.stringify(entry(after));
  }).length;
}
