/** What a channel's namespace allows and keeps: Centrifugo's options, in camelCase. Absent is `false`, or nothing. */
export interface NamespaceOptions {
  /** How many of the newest messages are kept; 0 or absent: no history, no offsets. */
  readonly historySize?: number;
  /** How long a message is kept, in seconds. */
  readonly historyTtl?: number;
  /** How long a channel's position is remembered after its last use, in seconds. */
  readonly historyMetaTtl?: number;
  readonly presence?: boolean;
  readonly joinLeave?: boolean;
  readonly forceRecovery?: boolean;
  readonly allowSubscribeForClient?: boolean;
  readonly allowPublishForSubscriber?: boolean;
  readonly allowPublishForClient?: boolean;
  readonly allowHistoryForSubscriber?: boolean;
  readonly allowHistoryForClient?: boolean;
  readonly allowPresenceForSubscriber?: boolean;
  readonly allowPresenceForClient?: boolean;
  readonly allowUserLimitedChannels?: boolean;
}

/** The namespaces by name; `''` is the one of names without `:`. */
export type Namespaces = Readonly<Record<string, NamespaceOptions>>;

/** Whether the channels of a namespace number and keep their messages. */
export const hasHistory = (options: NamespaceOptions): boolean => (options.historySize ?? 0) > 0;
