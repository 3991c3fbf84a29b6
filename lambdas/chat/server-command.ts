import type { Reason } from './channel-event.ts';
import type { History, SendMessage } from './command.ts';
import type { ParleyError, ParleyErrorCode } from './errors.ts';
import type { Member, Position, Publication } from './ports.ts';
import type { ServerWishes } from './server-subscriptions.ts';

/** What the owner's server publishes. */
export type ServerMessage = Pick<SendMessage, 'data' | 'tags' | 'ephemeral' | 'idempotencyKey'>;

/** Which connections a server means: all of a user's, or the one with this id if it is the user's. */
export interface Target {
  readonly user: string;
  readonly connection?: string;
}

/** What the owner's server may ask for: the methods of Centrifugo's server API, by their names there. */
export type ServerCommand =
  | { readonly method: 'publish'; readonly channel: string; readonly message: ServerMessage }
  | { readonly method: 'broadcast'; readonly channels: readonly string[]; readonly message: ServerMessage }
  | {
      readonly method: 'subscribe';
      readonly target: Target;
      readonly channel: string;
      readonly wishes: ServerWishes;
    }
  | { readonly method: 'unsubscribe'; readonly target: Target; readonly channel: string }
  /** `except`: connections that stay. Without `why` the clients do not come back. */
  | {
      readonly method: 'disconnect';
      readonly target: Target;
      readonly except: readonly string[];
      readonly why?: Reason;
    }
  /** `expires`: Unix time in seconds; absent: never. `expired`: it is over now. */
  | {
      readonly method: 'refresh';
      readonly target: Target;
      readonly expired: boolean;
      readonly expires?: number;
      readonly info?: unknown;
    }
  | { readonly method: 'presence' | 'presence_stats' | 'history_remove'; readonly channel: string }
  | ({ readonly method: 'history' } & Omit<History, 'action' | 'id'>)
  /** `pattern`: a glob, `''` for all. */
  | { readonly method: 'channels'; readonly pattern: string }
  | { readonly method: 'info' | 'rpc' };

/** The name of a method. */
export type ServerMethod = ServerCommand['method'];

/** A command as it was read, or why it could not be. */
export type ServerRequest = { readonly command: ServerCommand } | { readonly refusal: ParleyError };

/** Why a command had no effect. */
export interface Refusal {
  readonly code: ParleyErrorCode;
  readonly message: string;
}

/** What a command has come to. */
export type ServerResult =
  /** It is under way, and durable. */
  | { readonly type: 'done' }
  /** Of each channel, in the order given: undefined where it is under way. */
  | { readonly type: 'broadcast'; readonly refusals: readonly (Refusal | undefined)[] }
  | { readonly type: 'presence'; readonly members: readonly Member[] }
  | { readonly type: 'presenceStats'; readonly connections: number; readonly users: number }
  | { readonly type: 'history'; readonly position: Position; readonly publications: readonly Publication[] }
  /** Readers by channel. */
  | { readonly type: 'channels'; readonly channels: ReadonlyMap<string, number> }
  | {
      readonly type: 'info';
      readonly connections: number;
      readonly users: number;
      readonly channels: number;
      readonly subscriptions: number;
    };

/** How a command is answered. */
export type ServerReply = { readonly result: ServerResult } | { readonly refusal: Refusal };

/** The answer of a command that has nothing else to say. */
export const DONE: ServerReply = { result: { type: 'done' } };
