import type { FormatName } from './channel-event.ts';
import type { Namespaces } from './namespace.ts';
import type {
  Census,
  ChannelLog,
  ChannelQueue,
  ConnectionIndex,
  Connections,
  Format,
  LaterQueue,
  Logger,
  Metrics,
  Parking,
  Posts,
  Rpc,
  Subscriptions,
  Tokens,
  World,
} from './ports.ts';

/** What a team can set; the defaults are the stack's. */
export interface Limits {
  /** The largest push of one message, in bytes of UTF-8: at most 32,768, one frame. */
  readonly messageBytes: number;
  /** Channels that one connection may name. */
  readonly channels: number;
  /** Waiting events above which publishes are refused. */
  readonly backlog: number;
}

/** All that the core works with. Each function takes the part it needs, so its role and its bundle hold no more. */
export interface Chat {
  readonly log: ChannelLog;
  readonly subscriptions: Subscriptions;
  readonly connections: Connections;
  readonly queue: ChannelQueue;
  readonly later: LaterQueue;
  readonly parking: Parking;
  /** Above so many readers, a channel's joins and leaves are told to nobody. */
  readonly joinLeaveReaders: number;
  readonly index: ConnectionIndex;
  readonly census: Census;
  /** Absent: nobody answers `rpc`. */
  readonly rpc?: Rpc | undefined;
  readonly posts: Posts;
  readonly tokens: Tokens;
  readonly formats: Readonly<Record<FormatName, Format>>;
  readonly namespaces: Namespaces;
  readonly limits: Limits;
  readonly world: World;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What a channel's worker needs of it. */
export type WorkerParts = Omit<Chat, 'tokens' | 'limits' | 'index' | 'census' | 'rpc'>;
