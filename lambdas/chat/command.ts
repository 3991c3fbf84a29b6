import type { Since } from './channel-event.ts';
import type { ParleyError, ParleyErrorCode } from './errors.ts';
import type { Member, Position, Publication } from './ports.ts';

/** Publishes a message. */
export interface SendMessage {
  readonly action: 'sendMessage';
  readonly channel: string;
  /** Any JSON, `null` included. */
  readonly data: unknown;
  readonly id?: string;
  readonly idempotencyKey?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly ephemeral?: boolean;
}

/** Asks to read a channel. */
export interface Subscribe {
  readonly action: 'subscribe';
  readonly channel: string;
  readonly id?: string;
  readonly since?: Since;
  /** Not together with `since`. */
  readonly rewind?: number;
  /** A subscription token, which decides alone. */
  readonly token?: string;
  readonly recoverable?: boolean;
  readonly joinLeave?: boolean;
  /** What cannot be recovered is to be an error. */
  readonly strict?: boolean;
}

/** Asks to read a channel no longer. */
export interface Unsubscribe {
  readonly action: 'unsubscribe';
  readonly channel: string;
  readonly id?: string;
}

/** Makes the connection known to the Centrifugo protocol. */
export interface Connect {
  readonly action: 'connect';
  readonly id: string;
  /** Absent: the handshake's counts. */
  readonly token?: string;
  /** Where the client stood in server-side channels, by channel. */
  readonly subs: ReadonlyMap<string, Since>;
}

/** Brings a new token for the same user. */
export interface Refresh {
  readonly action: 'refresh';
  readonly token: string;
  readonly id?: string;
}

/** Brings a new subscription token for a channel that one has opened. */
export interface SubRefresh {
  readonly action: 'subRefresh';
  readonly channel: string;
  readonly token: string;
  readonly id: string;
}

/** Asks whether anybody is there. */
interface Ping {
  readonly action: 'ping';
  readonly id?: string;
}

/** Asks for what a channel keeps. */
export interface History {
  readonly action: 'history';
  readonly channel: string;
  readonly id?: string;
  /** At most so many messages; 0: the position alone. */
  readonly limit: number;
  /** `newest`: the newest of them, oldest first. Else from one end on: `oldestFirst` behind `after`, `newestFirst` before `before`. */
  readonly order: 'newest' | 'oldestFirst' | 'newestFirst';
  /** Only what has a higher offset. */
  readonly after?: number;
  /** Only what has a lower offset. */
  readonly before?: number;
  /** The epoch that `after` and `before` are of: `unrecoverable_position` where it has ended. Absent: whichever it is. */
  readonly epoch?: string;
}

/** Asks who reads a channel. */
export interface Presence {
  readonly action: 'presence';
  readonly channel: string;
  readonly id?: string;
  /** The `next` of the page before. */
  readonly after?: string;
}

/** Asks how many read a channel. */
export interface PresenceStats {
  readonly action: 'presenceStats';
  readonly channel: string;
  readonly id: string;
}

/** Asks what the owner of the stack has plugged in. */
export interface RpcCommand {
  readonly action: 'rpc';
  readonly id: string;
  readonly method: string;
  readonly data: unknown;
}

/** What a client can ask for. */
export type Command =
  | SendMessage
  | Subscribe
  | Unsubscribe
  | Connect
  | Refresh
  | SubRefresh
  | Ping
  | History
  | Presence
  | PresenceStats
  | RpcCommand;

/** One document of a client's frame: a command, or why it is none. */
export type Request =
  | { readonly command: Command }
  | { readonly refusal: ParleyError; readonly id?: string; readonly channel?: string };

/** A server-side subscription, as the reply to `connect` names it. */
export interface ServerSubscription {
  readonly position?: Position;
  /** Only where the client said where it stood. */
  readonly recovered?: boolean;
}

/** What a command is answered with at once. (`subscribed` and most `unsubscribed` come from the channel's worker.) */
export type Reply =
  | { readonly type: 'ack'; readonly id: string; readonly channel: string; readonly messageId: string }
  | { readonly type: 'pong'; readonly id?: string }
  | {
      readonly type: 'connected';
      readonly id: string;
      readonly connection: string;
      /** How long the token is good for, in seconds; absent: without end. */
      readonly ttl?: number;
      readonly subs: ReadonlyMap<string, ServerSubscription>;
    }
  /** `expires`: Unix time in seconds, `ttl`: the same from now; absent where the token has no end. */
  | { readonly type: 'refreshed'; readonly id: string; readonly expires?: number; readonly ttl?: number }
  | { readonly type: 'subRefreshed'; readonly id: string; readonly ttl?: number }
  | { readonly type: 'unsubscribed'; readonly id?: string; readonly channel: string }
  | {
      readonly type: 'history';
      readonly id: string;
      readonly channel: string;
      readonly position: Position;
      readonly publications: readonly Publication[];
    }
  /** Users, with how many connections each has; `next`: there are more behind it. */
  | {
      readonly type: 'presence';
      readonly id: string;
      readonly channel: string;
      readonly members: readonly { readonly user: string; readonly connections: number }[];
      readonly next?: string;
    }
  /** The same by connection. */
  | { readonly type: 'presentConnections'; readonly id: string; readonly members: readonly Member[] }
  | { readonly type: 'presenceStats'; readonly id: string; readonly connections: number; readonly users: number }
  | { readonly type: 'rpc'; readonly id: string; readonly data: unknown }
  /** What the owner of the stack has answered instead, with a code of its own. */
  | { readonly type: 'rpcError'; readonly id: string; readonly code: number; readonly message: string }
  | {
      readonly type: 'error';
      readonly id?: string;
      readonly channel?: string;
      readonly code: ParleyErrorCode;
      readonly message: string;
    };

/** What a refused request is answered with; `id` and `channel` where they are known. */
export function refusal(request: Request, { code, message }: Pick<ParleyError, 'code' | 'message'>): Reply {
  const of: { id?: string; channel?: string } = 'command' in request ? request.command : request;
  return {
    type: 'error',
    ...(of.id !== undefined && { id: of.id }),
    // (what is longer is no channel's name, and would not fit a frame)
    ...(of.channel !== undefined && of.channel.length <= 255 && { channel: of.channel }),
    code,
    message,
  };
}
