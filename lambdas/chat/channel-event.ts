import type { Seq } from './seq.ts';

/** The version of the events that this code writes. A worker gives back what is newer than it knows. */
export const EVENT_VERSION = 2;

/** The frame format that a connection reads: plain frames, or the Centrifugo JSON protocol. */
export type FormatName = 'json' | 'centrifuge';

interface ChannelEventBase {
  readonly v: number;
  readonly channel: string;
}

/** A message that was accepted. Its place in the log is decided when the event is handled. */
export interface PublishEvent extends ChannelEventBase {
  readonly type: 'publish';
  /** The message's id: random, or derived from channel, user and `key`. */
  readonly id: string;
  /** Who published it; absent where a server did. */
  readonly user?: string;
  /** The connection that published it. */
  readonly connection?: string;
  /** What that connection's token said of it. */
  readonly info?: unknown;
  readonly data: unknown;
  readonly tags?: Readonly<Record<string, string>>;
  /** The publisher's `idempotencyKey`. */
  readonly key?: string;
  /** When it was accepted, ms since 1970. */
  readonly time: number;
  /** Pushed to who is there, never stored. */
  readonly ephemeral?: true;
}

/** Where a reader wants to begin: `epoch: ''` with offset 0 means the first message, whatever the epoch. */
export interface Since {
  readonly epoch: string;
  readonly offset: number;
}

/** A connection asks to read the channel, or its server asks for it; its permission was decided then. */
export interface SubscribeEvent extends ChannelEventBase {
  readonly type: 'subscribe';
  readonly connection: string;
  readonly user: string;
  readonly info?: unknown;
  /** What a subscription token said of the reader. */
  readonly channelInfo?: unknown;
  readonly format: FormatName;
  /** This request's own token, `s…`, which the connection's record names since before the event was sent. */
  readonly token: string;
  /** The `id` of the client's frame. */
  readonly id?: string;
  /**
   * Who asked, where it was not a frame of the client: `connect` is a server-side channel that the reply to `connect`
   * has named already, with `since` as its position, so nothing is left to say; `server` is told by a push.
   */
  readonly by?: 'connect' | 'server';
  /** Where the client stood: its reply says whether anything was missed, and what it missed follows. */
  readonly since?: Since;
  /** So many of the newest messages first; not together with `since`. */
  readonly rewind?: number;
  /** What cannot be recovered is an error, and no subscription. */
  readonly strict?: true;
  /** The client is told of positions, and may recover by them. */
  readonly recoverable?: true;
  /** Is told who joins and leaves. */
  readonly joinLeave?: true;
  /** When its permission ends, Unix time in seconds; absent: never. */
  readonly expires?: number;
  /** Asked for in the handshake: a 410 may mean that the connection is not there yet. */
  readonly handshake?: true;
  /** When the connection was made, ms since 1970. */
  readonly connectedAt: number;
  /** How often it has come back from the delayed queue; absent the first time. */
  readonly attempt?: number;
}

/** A connection no longer wants to read the channel, or no longer may. */
export interface UnsubscribeEvent extends ChannelEventBase {
  readonly type: 'unsubscribe';
  readonly connection: string;
  /** This request's own token, `u…`. */
  readonly token: string;
  readonly format: FormatName;
  readonly id?: string;
  /** Where the server asked: what the client is told, instead of a reply. From 2500 on it subscribes again. */
  readonly push?: Reason;
}

/** Why the server ends a subscription or a connection, in Centrifugo's codes. */
export interface Reason {
  readonly code: number;
  readonly reason: string;
}

/** A reader that is catching up is to be sent the next piece of what it missed. */
export interface MoreEvent extends ChannelEventBase {
  readonly type: 'more';
  readonly connection: string;
  /** The token of its subscription. */
  readonly token: string;
  /** Who asked for that, as in its own event. */
  readonly by?: SubscribeEvent['by'];
}

/** The channel's history is erased; its epoch and offset stay. */
export interface RemoveHistoryEvent extends ChannelEventBase {
  readonly type: 'removeHistory';
}

/** A connection is gone. */
export interface LeaveEvent extends ChannelEventBase {
  readonly type: 'leave';
  readonly connection: string;
}

/** All that can happen to a channel. Events of one channel are handled in the order in which its queue took them. */
export type ChannelEvent =
  | PublishEvent
  | SubscribeEvent
  | UnsubscribeEvent
  | LeaveEvent
  | MoreEvent
  | RemoveHistoryEvent;

/** An event as a worker has it in hand. */
export interface Delivered<E extends ChannelEvent = ChannelEvent> {
  readonly event: E;
  readonly seq: Seq;
  /** How often it was received, this time included: 1 and up. */
  readonly receives: number;
}
