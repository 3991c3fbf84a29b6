/** The clients that a scenario can be written for once. */
export type ClientKind = 'plain' | 'sdk';

/** Where a client stands in a channel. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** A message as its application sees it. */
export interface Message {
  readonly data: unknown;
  /** Absent where a server published it. */
  readonly user?: string;
  /** Absent where the channel keeps nothing. */
  readonly offset?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

/** How a subscription has begun. */
export interface Begun {
  /** Absent where the channel keeps nothing. */
  readonly epoch?: string;
  /** Only where something was to be recovered. */
  readonly recovered?: boolean;
}

/** A part of a channel's history. */
export interface HistoryPage extends Position {
  /** In the order in which they came. */
  readonly messages: readonly Message[];
}

/** What is asked of a history: the oldest messages behind an offset, or the newest before one. */
interface HistoryOptions {
  readonly limit: number;
  readonly after?: Position;
  readonly before?: Position;
}

/** A command was refused, in the words of the plain protocol. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(`refused: ${code} ${message}`);
    this.code = code;
  }
}

/**
 * A client with what both protocols have, as an application uses it: a plain one that keeps to "a careful client" of
 * docs/protocol.md, or the SDK. What is refused is thrown as `Refused`.
 */
export interface Participant {
  readonly kind: ClientKind;
  subscribe(
    channel: string,
    options?: { readonly since?: Position | undefined; readonly token?: string },
  ): Promise<Begun>;
  /** The same of many channels in one frame, from their first message on; answers how each began. */
  subscribeTogether(channels: readonly string[]): Promise<ReadonlyMap<string, Begun>>;
  unsubscribe(channel: string): Promise<void>;
  /** Resolves when the message is durable. */
  publish(channel: string, data: unknown): Promise<void>;
  /** The same with all of them in one frame. */
  publishTogether(channel: string, all: readonly unknown[]): Promise<void>;
  /** What it was sent of a channel, over all of its connections, in the order in which it came. Throws where it has a hole. */
  messages(channel: string): readonly Message[];
  /** Resolves when it was sent so many messages of a channel. */
  untilMessages(channel: string, count: number): Promise<void>;
  /** Where it stands in a channel. */
  position(channel: string): Position;
  /** The oldest `after` a position, or the newest before one, oldest first. */
  history(channel: string, options: HistoryOptions): Promise<HistoryPage>;
  /** Connections by user. */
  presence(channel: string): Promise<ReadonlyMap<string, number>>;
  /** Has its TCP connection destroyed, without a close frame, and stays away. */
  kill(): Promise<void>;
  /** Comes back, and reads its channels again; answers how that began. */
  comeBack(): Promise<ReadonlyMap<string, Begun>>;
  /** Resolves when the server has ended a subscription, to the code. From 2500 on it has then subscribed again. */
  untilUnsubscribed(channel: string): Promise<{ readonly code: number; readonly again?: Begun }>;
  /** Resolves when the server has ended the connection, to the code that it was told. */
  untilDisconnected(): Promise<number>;
  close(): Promise<void>;
}
