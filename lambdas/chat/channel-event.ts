import type { Seq } from './seq.ts';

/** The version of the events that this code writes. A worker gives back what is newer than it knows. */
export const EVENT_VERSION = 1;

/** The frame format that a connection reads. */
export type FormatName = 'json';

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
  readonly data: unknown;
  readonly tags?: Readonly<Record<string, string>>;
  /** The publisher's `idempotencyKey`. */
  readonly key?: string;
  /** When it was accepted, ms since 1970. */
  readonly time: number;
  /** Pushed to who is there, never stored. */
  readonly ephemeral?: true;
}

/** A connection asks to read the channel; its permission was decided when it asked. */
export interface SubscribeEvent extends ChannelEventBase {
  readonly type: 'subscribe';
  readonly connection: string;
  readonly user: string;
  readonly info?: unknown;
  readonly format: FormatName;
  /** This request's own token, `s…`, which the connection's record names since before the event was sent. */
  readonly token: string;
  /** The `id` of the client's frame. */
  readonly id?: string;
  /** Where the client stood (`since`): its reply says whether anything was missed. */
  readonly since?: { readonly epoch: string; readonly offset: number };
  /** Asked for in the handshake: a 410 may mean that the connection is not there yet. */
  readonly handshake?: true;
  /** When the connection was made, ms since 1970. */
  readonly connectedAt: number;
  /** How often it has come back from the delayed queue; absent the first time. */
  readonly attempt?: number;
}

/** A connection no longer wants to read the channel. */
export interface UnsubscribeEvent extends ChannelEventBase {
  readonly type: 'unsubscribe';
  readonly connection: string;
  /** This request's own token, `u…`. */
  readonly token: string;
  readonly id?: string;
}

/** A connection is gone. */
export interface LeaveEvent extends ChannelEventBase {
  readonly type: 'leave';
  readonly connection: string;
}

/** All that can happen to a channel. Events of one channel are handled in the order in which its queue took them. */
export type ChannelEvent = PublishEvent | SubscribeEvent | UnsubscribeEvent | LeaveEvent;

/** An event as a worker has it in hand. */
export interface Delivered<E extends ChannelEvent = ChannelEvent> {
  readonly event: E;
  readonly seq: Seq;
  /** How often it was received, this time included: 1 and up. */
  readonly receives: number;
}
