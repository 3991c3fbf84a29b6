import type { ChannelEvent, Delivered, FormatName, Reason, SubscribeEvent, UnsubscribeEvent } from './channel-event.ts';
import type { Reply } from './command.ts';
import type { Seq } from './seq.ts';
import type { SweepTask } from './sweep.ts';

/** A place in a channel's log: within an epoch, offsets are 1, 2, 3, … with no hole. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** The event that is being handled by itself, and how often that has failed. */
export interface Trial {
  readonly seq: Seq;
  readonly failures: number;
  /** The suspect before it was parked, so the fault may not be this event's. */
  readonly after: boolean;
}

/** A channel's one mutable record. Its numbers of another queue are read as `OLDEST`. */
export interface Head extends Position {
  /** Counts the workers that have taken the channel; a write of an older turn is refused. */
  readonly turn: number;
  /** The newest event that the log is done with. */
  readonly last: Seq;
  /** The newest event that any worker has taken in hand; `OLDEST` after one that let go of what it had not done. */
  readonly claimed: Seq;
  /** When that was, ms since 1970. */
  readonly claimedAt: number;
  /** Events up to this one are handled by themselves. */
  readonly suspect: Seq;
  readonly trial: Trial;
  /** Messages up to this offset have been taken out of the history; 0: none. */
  readonly removed: number;
}

/** What a claim writes. */
export interface Claim {
  /** The highest number of the batch in hand. */
  readonly claimed: Seq;
  /** What the head's `suspect` is raised to; `OLDEST` leaves it. */
  readonly suspect: Seq;
  /** ms since 1970. */
  readonly now: number;
  /** How long the head lives on, in seconds; an expired one begins a new epoch. */
  readonly ttl: number;
}

/** A message in the log. */
export interface Publication {
  readonly id: string;
  readonly user?: string;
  readonly connection?: string;
  /** What the publisher's token said of it. */
  readonly info?: unknown;
  readonly data: unknown;
  readonly tags?: Readonly<Record<string, string>>;
  readonly key?: string;
  /** ms since 1970. */
  readonly time: number;
  /** Absent where the channel has no history, or the message is ephemeral. */
  readonly offset?: number;
  readonly epoch?: string;
}

/** A publication on its way into the log, with the event that it came as. */
export interface LogRow {
  readonly offset: number;
  readonly seq: Seq;
  readonly publication: Publication;
}

/** Which messages are read: those after one offset, up to and with another. */
export interface LogRange {
  readonly epoch: string;
  /** Not included. */
  readonly after: number;
  /** Included. */
  readonly upTo: number;
  /** Newest first; else oldest first. */
  readonly newestFirst?: boolean;
  /** Stops behind so many. */
  readonly most: number;
  /** Stops behind the message with which their JSON has so many bytes, so that at least one is read. */
  readonly bytes: number;
}

/** What was read of a range. */
export interface LogPiece {
  readonly publications: readonly Publication[];
  /**
   * The last offset that was looked at, in the order asked for: the range's own end, or the last publication's where
   * `most` or `bytes` was reached. An offset up to there that no publication has is a hole: it is not kept any more.
   */
  readonly reached: number;
}

/**
 * Channels' heads and logs. Every write that takes a `turn` throws `Overtaken` where the head has seen a later one.
 * All may throw `Unavailable`.
 */
export interface ChannelLog {
  /**
   * The head, read consistently; undefined where there is none. Nothing is written. Where a claim would begin a new
   * epoch, `epoch` is `''`, and `offset` and `removed` are 0: nothing of before can be read any more.
   */
  peek(channel: string): Promise<Head | undefined>;
  /**
   * Takes the channel for one batch: the next turn. Answers the head as it was, but for its `turn`, which is the new
   * one, and its `epoch` and `offset`, which begin anew where the head was missing, expired, or another table's (then `removed` is 0).
   */
  claim(channel: string, claim: Claim): Promise<Head>;
  /** Writes rows beyond the head, where they do not exist yet for anybody. Never over a row of a later turn. */
  append(channel: string, epoch: string, turn: number, rows: readonly LogRow[], expiresAt: number): Promise<void>;
  /** Nobody has an event in hand any more: what comes back from now on tells of no death. */
  release(channel: string, turn: number): Promise<void>;
  /** Moves the head: what was appended up to `offset` exists from now on. */
  advance(channel: string, turn: number, to: { readonly offset: number; readonly last: Seq }): Promise<void>;
  /** Takes every message up to `offset` out of the history. */
  removeHistory(channel: string, turn: number, offset: number): Promise<void>;
  /** Messages in the order asked for. Expired ones are left out. */
  read(channel: string, range: LogRange): Promise<LogPiece>;
  /** Begins a new epoch at offset 0 with nothing removed, and answers it. */
  renew(channel: string, turn: number): Promise<string>;
  /** Sets the head's `suspect`. */
  suspect(channel: string, turn: number, seq: Seq): Promise<void>;
  /** Sets the head's `trial`. */
  trial(channel: string, turn: number, trial: Trial): Promise<void>;
  /** The rows of the events from `since` on, at or below `position`, by their `seq`. */
  rows(channel: string, position: Position, since: Seq): Promise<ReadonlyMap<Seq, Publication>>;
}

/** A reader of a channel. Its `seq` of another queue is read as `OLDEST`. */
export interface Subscription {
  readonly connection: string;
  readonly user: string;
  readonly info?: unknown;
  readonly channelInfo?: unknown;
  readonly format: FormatName;
  readonly token: string;
  /** The event that made it, or with which it had caught up: the reader is sent what comes after. */
  readonly seq: Seq;
  /** Where it began to read: of what came later, nothing is left out. */
  readonly from: Position;
  /** While it is catching up: the offset up to which it has been sent all. Publications pass it by. */
  readonly at?: number;
  /** Is told who joins and leaves. */
  readonly joinLeave?: true;
  /** Nothing more is posted to it: its connection is being ended. */
  readonly cut?: true;
  /** Unix time in seconds. */
  readonly expiresAt: number;
}

/** Channels' readers. Expired ones are never seen. All may throw `Unavailable`. */
export interface Subscriptions {
  /** Every reader of the channel, read consistently. */
  of(channel: string): Promise<Subscription[]>;
  /** One reader, read consistently: a membership event must not cost a read of all the others. */
  find(channel: string, connection: string): Promise<Subscription | undefined>;
  put(channel: string, subscription: Subscription): Promise<void>;
  /** Marks a reader `cut`; nothing where there is none. */
  cut(channel: string, connection: string): Promise<void>;
  remove(channel: string, connection: string): Promise<void>;
}

/** One allowance of a token: channel patterns, and what may be done with what they match. */
export interface Capability {
  readonly channels: readonly string[];
  readonly match?: 'wildcard' | 'regex';
  readonly allow: readonly ('sub' | 'pub' | 'hst' | 'prs')[];
}

/** Who a token says somebody is, and what it allows. */
export interface Identity {
  readonly user: string;
  /** When the token ends, Unix time in seconds; absent: never. */
  readonly expires?: number;
  readonly info?: unknown;
  readonly caps?: readonly Capability[];
  /** Server-side subscriptions, which a Centrifugo `connect` is given; no permissions. */
  readonly serverChannels?: readonly string[];
}

/** What a subscription token says: this user may read this channel. */
export interface SubscriptionGrant {
  readonly user: string;
  readonly channel: string;
  /** Unix time in seconds; absent: never. */
  readonly expires?: number;
  readonly info?: unknown;
}

/** A connection's record. */
export interface Connection extends Identity {
  readonly id: string;
  /** `centrifuge` from its `connect` on. */
  readonly format: FormatName;
  /** ms since 1970. */
  readonly connectedAt: number;
  /** The latest request by channel: `s…` of a subscribe, `u…` of an unsubscribe. */
  readonly channels: Readonly<Record<string, string>>;
  /** When subscriptions by a token end, by channel, Unix time in seconds. */
  readonly ends: Readonly<Record<string, number>>;
}

/** A connection's latest request for a channel, if it has one: `s…` or `u…`. */
export const latestRequest = ({ channels }: Pick<Connection, 'channels'>, channel: string): string | undefined =>
  Object.hasOwn(channels, channel) ? channels[channel] : undefined;

/** Connections' records. Expired ones are never seen. All may throw `Unavailable`. */
export interface Connections {
  create(connection: Connection): Promise<void>;
  /** Read consistently. */
  read(id: string): Promise<Connection | undefined>;
  /**
   * Notes requests by channel, all in one write.
   * `full`: with them the record would name more channels than before, and more than `capacity`; `gone`: there is no
   * record. Then nothing is noted.
   */
  note(
    id: string,
    requests: Readonly<Record<string, NotedRequest>>,
    capacity: number,
  ): Promise<'noted' | 'full' | 'gone'>;
  /** Takes a channel out of the record, if its latest request is still this one. */
  forget(id: string, channel: string, token: string): Promise<void>;
  /** What a new token says holds from now on, the user included; so does the format, if given. False: there is no record. */
  refresh(id: string, identity: Identity, format?: FormatName): Promise<boolean>;
  /** A subscription by a token ends later, or never. False: there is no record, or `token` is not its latest request. */
  extend(id: string, channel: string, token: string, expires: number | undefined): Promise<boolean>;
  remove(id: string): Promise<void>;
}

/** A request for a channel, as the record notes it. */
export interface NotedRequest {
  readonly token: string;
  /** When the subscription ends, Unix time in seconds; absent: never. */
  readonly expires?: number;
}

/** What the sweep sees of a connection without reading its record; a little old. */
export interface SweptConnection {
  readonly id: string;
  readonly format: FormatName;
  /** When its token ends, Unix time in seconds; absent: never. */
  readonly expires?: number;
  /** It has had subscriptions that end before it does. */
  readonly hasEnds: boolean;
}

/** Connections by what they have in common. A little old: one of the last second may be missing. May throw `Unavailable`. */
export interface ConnectionIndex {
  /** The ids of a user's connections; none for the anonymous user `''`. */
  ofUser(user: string): Promise<string[]>;
  /** Connections made within a minute (whole minutes since 1970), a page; `next`: there are more, ask again `after` it. */
  madeIn(minute: number, after?: string): Promise<{ readonly connections: SweptConnection[]; readonly next?: string }>;
}

/** Counts what there is, at the cost of reading all of it. May throw `Unavailable`. */
export interface Census {
  /** Readers by channel, and how many connections and users there are. */
  count(): Promise<{
    readonly channels: ReadonlyMap<string, number>;
    readonly connections: number;
    readonly users: number;
  }>;
}

/** An event on its way into its channel's queue. */
export interface Outgoing {
  readonly event: ChannelEvent;
  /** Names the event for 5 minutes: what is sent again under it is dropped. Absent: a random one. */
  readonly deduplicationId?: string;
}

/** The queue of the channels' events. */
export interface ChannelQueue {
  /**
   * Sends events in the order given, and answers for each whether it is durable.
   * Where some of a channel's were refused and later ones were not, the refused ones stay out: order comes first.
   * Throws `Unavailable` where nothing at all was accepted.
   */
  send(events: readonly Outgoing[]): Promise<boolean[]>;
  /** How many events wait, about; up to 5 s old. */
  waiting(): Promise<number>;
}

/** The delayed queue. */
export interface LaterQueue {
  /** A handshake's subscribe, as a new event of its channel, after a second. */
  again(event: SubscribeEvent): Promise<void>;
  /**
   * Ends a connection, until API Gateway says that it is gone; `channel` is where it was met, for its leave,
   * and `disconnect` what it is told before.
   */
  end(connection: string, options?: { readonly channel?: string; readonly disconnect?: Reason }): Promise<void>;
  /** Goes on with the sweep. */
  sweep(task: SweepTask): Promise<void>;
}

/** What the owner of the stack answers to `rpc`. May throw `Unavailable`. */
export interface Rpc {
  call(request: {
    readonly method: string;
    readonly data: unknown;
    readonly user: string;
    readonly connection: string;
  }): Promise<{ readonly data: unknown } | { readonly error: { readonly code: number; readonly message: string } }>;
}

/** Where what cannot be processed is kept, with an alarm, until somebody puts it back. */
export interface Parking {
  park(item: Delivered, why: string): Promise<void>;
}

/**
 * What became of a post. `gone`: 410. `busy`: 429 or 5xx, it did not arrive. `unanswered`: it may have arrived.
 * `refused`: 413 or another 4xx, it never will.
 */
export type PostAnswer = 'delivered' | 'gone' | 'busy' | 'unanswered' | 'refused';

/** The way to the clients. */
export interface Posts {
  /** Posts one frame, once. Throws `Unavailable` where it was not even sent (credentials, access denied). */
  post(connection: string, frame: string): Promise<PostAnswer>;
  /** Ends a connection. `ended`: 204. `gone`: 410, it is not there, or is still in its handshake. `busy`: ask again later. */
  end(connection: string): Promise<'ended' | 'gone' | 'busy'>;
}

/** A reader, as others are told of it. */
export type Member = Pick<Subscription, 'connection' | 'user' | 'info' | 'channelInfo'>;

/** How a subscribe ended well. */
export interface Subscribed {
  /** Where the reader stands before `pieces`, and the log when they are none; absent: the channel has no history. */
  readonly position?: Position;
  /** Only where `since` was given. */
  readonly recovered?: boolean;
  /** What was missed, as far as it goes with the reply: publications and the texts that `piece` made of them. */
  readonly missed: readonly { readonly publication: Publication; readonly text: string }[];
}

/** How documents are written for one kind of client. Each answers one document without a line break, but for `subscribed`. */
export interface Format {
  /** The kind's own push of a message. */
  message(channel: string, publication: Publication): string;
  /** A message as a part of `subscribed`. */
  piece(channel: string, publication: Publication): string;
  /** A frame: the reply, or push, with what was missed. Its size is at most that without `missed` and its pieces', one byte more each, and 64. */
  subscribed(event: SubscribeEvent, outcome: Subscribed): string;
  /** The reply, or the push where the server asked. */
  unsubscribed(event: Pick<UnsubscribeEvent, 'channel' | 'id' | 'push'>): string;
  /** Whether joins and leaves are told of connections, or of users: then of the first to come and the last to go. */
  readonly tells: 'connections' | 'users';
  join(channel: string, member: Member): string;
  leave(channel: string, member: Member): string;
  disconnect(reason: Reason): string;
  /** Keeps the connection; needs no answer. */
  readonly ping: string;
  reply(reply: Reply): string;
}

/** Writes structured log lines: ids, never payloads, never tokens. */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** Counts what operators watch. */
export interface Metrics {
  count(name: string, value?: number): void;
}

/** Time and chance, passed in. */
export interface World {
  /** ms since 1970. */
  now(): number;
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>;
  /** 0 up to, not including, 1. */
  random(): number;
  /** A new id: URL-safe, unguessable. */
  id(): string;
}

/** Verifies tokens: nothing else says who somebody is. */
export interface Tokens {
  /**
   * Throws `ParleyError`: `token_expired`, or `permission_denied` for every other token that is not good.
   * `Unavailable` where the keys cannot be had.
   */
  verify(token: string): Promise<Identity>;
  /** The same of a subscription token. */
  verifySubscription(token: string): Promise<SubscriptionGrant>;
}

/** A worker's hold on the events of its batch. Both may throw `Unavailable`. */
export interface Lease {
  /** When the worker must have stopped by itself, ms since 1970. */
  readonly endsAt: number;
  /**
   * What a worker claimed and is back only so long after, ms, was in the hands of one that died: it has waited for the
   * visibility timeout. What is given back in an orderly way must be back sooner.
   */
  readonly deathAfterMs: number;
  /** Makes sure that each event stays hidden while this worker is at it. False: it may be in another's hands already. */
  hold(items: readonly Delivered[]): Promise<boolean[]>;
  /** Makes events that are not done visible again after so many seconds; 0 is at once. */
  giveBack(items: readonly Delivered[], seconds: number): Promise<void>;
}
