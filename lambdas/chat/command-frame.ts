import type { FormatName } from './channel-event.ts';
import type { Chat } from './chat.ts';
import type { Reply, Request } from './command.ts';
import { FRAME_BYTES } from './frames.ts';
import { isExpired } from './permissions.ts';
import { type Connection, latestRequest, type NotedRequest, type Outgoing } from './ports.ts';
import { requestToken } from './request.ts';

/** What the commands of a client need. */
export type CommandParts = Pick<
  Chat,
  | 'connections'
  | 'subscriptions'
  | 'log'
  | 'queue'
  | 'later'
  | 'posts'
  | 'tokens'
  | 'rpc'
  | 'formats'
  | 'namespaces'
  | 'limits'
  | 'world'
>;

/** An event that a command has become, and what the client is told once it is durable. */
interface Accepted {
  readonly request: Request;
  readonly outgoing: Outgoing;
  readonly reply?: Reply;
}

/** The commands of one frame while they are checked: the connection as the earlier ones have left it, and what they send. */
export interface CommandFrame {
  readonly parts: CommandParts;
  readonly format: FormatName;
  /** When replies must have been posted, ms since 1970. */
  readonly until: number;
  /** By which a fault is found in the log. */
  readonly requestId: string;
  connection: Connection;
  /** The record's new entries, by channel. */
  readonly notes: Map<string, NotedRequest>;
  readonly accepted: Accepted[];
  /** Asks the owner's function, which may do anything: once, however often the frame is begun anew. */
  readonly calls: (() => Promise<void>)[];
  /** Replies as documents. */
  readonly replies: string[];
  /** The frame has made the connection known to the Centrifugo protocol: none of that can be done a second time. */
  hasConnected: boolean;
  /** The connection is not there any more, or has not become what the rest of the frame counts on. */
  isOver: boolean;
}

/** Answers a command at once. A fault is told with the request's id. */
export function answer({ parts, format, requestId, replies }: CommandFrame, reply: Reply): void {
  const isFault = reply.type === 'error' && reply.code === 'internal';
  const told: Reply = isFault ? { ...reply, message: `${reply.message}, request ${requestId}` } : reply;
  replies.push(parts.formats[format].reply(told));
}

/** How many bytes of the first frame of replies are left. */
export const roomIn = ({ replies }: CommandFrame): number =>
  replies.reduce((room, reply) => room - Buffer.byteLength(reply) - 1, FRAME_BYTES);

/** Gives a request its own token, and notes it for the record. `expires`: Unix time in seconds. */
export function note(frame: CommandFrame, channel: string, kind: 's' | 'u', expires?: number): string {
  const token = requestToken(frame.parts.world, kind);
  frame.notes.set(channel, { token, ...(expires !== undefined && { expires }) });
  frame.connection = { ...frame.connection, channels: { ...frame.connection.channels, [channel]: token } };
  setEnd(frame, channel, expires);
  return token;
}

/** When a subscription ends, for what follows in the frame; Unix time in seconds, undefined: never. */
export function setEnd(frame: CommandFrame, channel: string, expires: number | undefined): void {
  const { [channel]: _, ...ends } = frame.connection.ends;
  frame.connection = { ...frame.connection, ends: expires === undefined ? ends : { ...ends, [channel]: expires } };
}

/** Whether a connection is subscribed to a channel: its record says so, and its permission has not ended. */
export function isSubscribed(connection: Connection, channel: string, now: number): boolean {
  if (latestRequest(connection, channel)?.startsWith('s') !== true) return false;
  const expires = Object.hasOwn(connection.ends, channel) ? connection.ends[channel] : undefined;
  return !isExpired({ expires }, now);
}
