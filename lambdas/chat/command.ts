import type { ParleyError, ParleyErrorCode } from './errors.ts';

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
  readonly since?: { readonly epoch: string; readonly offset: number };
}

/** Asks to read a channel no longer. */
export interface Unsubscribe {
  readonly action: 'unsubscribe';
  readonly channel: string;
  readonly id?: string;
}

/** Brings a new token for the same user. */
export interface Refresh {
  readonly action: 'refresh';
  readonly token: string;
  readonly id?: string;
}

/** Asks whether anybody is there. */
interface Ping {
  readonly action: 'ping';
  readonly id?: string;
}

/** Asks for what a channel keeps: known to the contract, and not available yet. */
interface Inquiry {
  readonly action: 'history' | 'presence';
  readonly channel: string;
  readonly id?: string;
}

/** What a client can ask for. */
export type Command = SendMessage | Subscribe | Unsubscribe | Refresh | Ping | Inquiry;

/** One document of a client's frame: a command, or why it is none. */
export type Request =
  | { readonly command: Command }
  | { readonly refusal: ParleyError; readonly id?: string; readonly channel?: string };

/** What a command is answered with at once. (`subscribed` and `unsubscribed` come from the channel's worker.) */
export type Reply =
  | { readonly type: 'ack'; readonly id: string; readonly channel: string; readonly messageId: string }
  | { readonly type: 'pong'; readonly id?: string }
  /** `expires`: Unix time in seconds; absent where the token has no end. */
  | { readonly type: 'refreshed'; readonly id: string; readonly expires?: number }
  | { readonly type: 'unsubscribed'; readonly id?: string; readonly channel: string }
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
