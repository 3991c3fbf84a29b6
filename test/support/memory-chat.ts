import {
  type ChannelEvent,
  type Delivered,
  EVENT_VERSION,
  type LeaveEvent,
  type MoreEvent,
  type PublishEvent,
  type RemoveHistoryEvent,
  type SubscribeEvent,
  type UnsubscribeEvent,
} from '../../lambdas/chat/channel-event.ts';
import type { Chat, Limits } from '../../lambdas/chat/chat.ts';
import type { Namespaces } from '../../lambdas/chat/namespace.ts';
import type { Connection, Subscription } from '../../lambdas/chat/ports.ts';
import { seqOf } from '../../lambdas/chat/seq.ts';
import { centrifugeFormat } from '../../lambdas/protocol/centrifuge-format.ts';
import { jsonFormat } from '../../lambdas/protocol/json.ts';
import { MemoryLog } from './memory-log.ts';
import {
  MemoryLater,
  MemoryLease,
  MemoryLogger,
  MemoryMetrics,
  MemoryParking,
  MemoryPosts,
  MemoryQueue,
  MemoryRpc,
  MemoryTokens,
} from './memory-ports.ts';
import { MemoryConnections, MemoryIndex, MemorySubscriptions } from './memory-records.ts';
import { MemoryWorld } from './memory-world.ts';

/** The core's surroundings in memory. */
export interface MemoryChat extends Chat {
  readonly log: MemoryLog;
  readonly subscriptions: MemorySubscriptions;
  readonly connections: MemoryConnections;
  readonly queue: MemoryQueue;
  readonly later: MemoryLater;
  readonly parking: MemoryParking;
  readonly posts: MemoryPosts;
  readonly tokens: MemoryTokens;
  readonly rpc: MemoryRpc;
  readonly index: MemoryIndex;
  readonly census: MemoryIndex;
  readonly logger: MemoryLogger;
  readonly metrics: MemoryMetrics;
  readonly world: MemoryWorld;
}

/** What a test may set. */
export interface MemoryChatOptions {
  readonly namespaces?: Namespaces;
  readonly limits?: Partial<Limits>;
}

const OPEN = { allowSubscribeForClient: true, allowPublishForSubscriber: true };

/** `''` keeps messages, `live` keeps none, `closed` allows nothing, `dm` has channels of certain users. */
export const NAMESPACES: Namespaces = {
  '': { ...OPEN, historySize: 100, historyTtl: 3600 },
  live: { ...OPEN, allowPublishForClient: true },
  closed: {},
  dm: { allowUserLimitedChannels: true, allowPublishForSubscriber: true },
};

/** Makes the core's surroundings: nothing is there, all is well. */
export function memoryChat({ namespaces = NAMESPACES, limits = {} }: MemoryChatOptions = {}): MemoryChat {
  const world = new MemoryWorld();
  const subscriptions = new MemorySubscriptions();
  const connections = new MemoryConnections();
  const index = new MemoryIndex(connections, subscriptions);
  return {
    world,
    log: new MemoryLog('events.fifo', () => world.now()),
    subscriptions,
    connections,
    index,
    census: index,
    queue: new MemoryQueue(),
    later: new MemoryLater(),
    parking: new MemoryParking(),
    posts: new MemoryPosts(world),
    tokens: new MemoryTokens(),
    rpc: new MemoryRpc(),
    formats: { json: jsonFormat, centrifuge: centrifugeFormat({ now: () => world.now(), pingSeconds: 600 }) },
    joinLeaveReaders: 100,
    namespaces,
    limits: { messageBytes: 32_768, channels: 128, backlog: 20_000, ...limits },
    logger: new MemoryLogger(),
    metrics: new MemoryMetrics(),
  };
}

/** A hold for as long as a worker has: 12 s. */
export const leaseOf = ({ world }: MemoryChat): MemoryLease => new MemoryLease(world.now() + 12_000);

/** A connection's record. */
export const connectionOf = (id: string, more: Partial<Connection> = {}): Connection => ({
  id,
  user: id,
  connectedAt: Date.UTC(2026, 0, 1),
  format: 'json',
  channels: {},
  ends: {},
  ...more,
});

/** A reader of a channel that is at its beginning, or where `more` says. */
export const readerOf = (connection: string, more: Partial<Subscription> = {}): Subscription => ({
  connection,
  user: connection,
  format: 'json',
  token: `s-${connection}`,
  seq: '',
  from: { epoch: 'epoch1', offset: 0 },
  expiresAt: Date.UTC(2026, 0, 1) / 1000 + 7800,
  ...more,
});

/** A message that was accepted. */
export const publishEvent = (id: string, more: Partial<PublishEvent> = {}): PublishEvent => ({
  v: EVENT_VERSION,
  type: 'publish',
  channel: 'general',
  id,
  user: 'alice',
  connection: 'sender',
  data: id,
  time: Date.UTC(2026, 0, 1),
  ...more,
});

/** A connection asks for a channel, without an `id`. */
export const subscribeEvent = (connection: string, more: Partial<SubscribeEvent> = {}): SubscribeEvent => ({
  v: EVENT_VERSION,
  type: 'subscribe',
  channel: 'general',
  connection,
  user: connection,
  format: 'json',
  token: `s-${connection}`,
  connectedAt: Date.UTC(2026, 0, 1),
  ...more,
});

/** A connection asks for a channel no longer. */
export const unsubscribeEvent = (connection: string, more: Partial<UnsubscribeEvent> = {}): UnsubscribeEvent => ({
  v: EVENT_VERSION,
  type: 'unsubscribe',
  channel: 'general',
  connection,
  token: `u-${connection}`,
  format: 'json',
  ...more,
});

/** A connection is gone. */
export const leaveEvent = (connection: string, more: Partial<LeaveEvent> = {}): LeaveEvent => ({
  v: EVENT_VERSION,
  type: 'leave',
  channel: 'general',
  connection,
  ...more,
});

/** A reader that is catching up is to be sent more. */
export const moreEvent = (connection: string, more: Partial<MoreEvent> = {}): MoreEvent => ({
  v: EVENT_VERSION,
  type: 'more',
  channel: 'general',
  connection,
  token: `s-${connection}`,
  ...more,
});

/** The channel's history is erased. */
export const removeHistoryEvent = (channel = 'general'): RemoveHistoryEvent => ({
  v: EVENT_VERSION,
  type: 'removeHistory',
  channel,
});

/** An event as a worker has it in hand, under this number of its queue. */
export const inHand = <E extends ChannelEvent>(number: number, event: E, receives = 1): Delivered<E> => ({
  event,
  seq: seqOf(String(number)),
  receives,
});
