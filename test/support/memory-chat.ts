import type {
  ChannelEvent,
  Delivered,
  LeaveEvent,
  PublishEvent,
  SubscribeEvent,
  UnsubscribeEvent,
} from '../../lambdas/chat/channel-event.ts';
import type { Chat, Limits } from '../../lambdas/chat/chat.ts';
import type { Namespaces } from '../../lambdas/chat/namespace.ts';
import type { Connection, Subscription } from '../../lambdas/chat/ports.ts';
import { seqOf } from '../../lambdas/chat/seq.ts';
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
  MemoryTokens,
} from './memory-ports.ts';
import { MemoryConnections, MemorySubscriptions } from './memory-records.ts';
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
  return {
    world,
    log: new MemoryLog('events.fifo', () => world.now()),
    subscriptions: new MemorySubscriptions(),
    connections: new MemoryConnections(),
    queue: new MemoryQueue(),
    later: new MemoryLater(),
    parking: new MemoryParking(),
    posts: new MemoryPosts(world),
    tokens: new MemoryTokens(),
    formats: { json: jsonFormat },
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
  channels: {},
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
  v: 1,
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
  v: 1,
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
  v: 1,
  type: 'unsubscribe',
  channel: 'general',
  connection,
  token: `u-${connection}`,
  ...more,
});

/** A connection is gone. */
export const leaveEvent = (connection: string, more: Partial<LeaveEvent> = {}): LeaveEvent => ({
  v: 1,
  type: 'leave',
  channel: 'general',
  connection,
  ...more,
});

/** An event as a worker has it in hand, under this number of its queue. */
export const inHand = <E extends ChannelEvent>(number: number, event: E, receives = 1): Delivered<E> => ({
  event,
  seq: seqOf(String(number)),
  receives,
});
