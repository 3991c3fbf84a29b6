/** What an authorizer's answer adds to a connection's events: all values are strings but the latency. */
export type AuthorizerContext = Readonly<Record<string, string | number>>;

/** What is known of a connection from its handshake on, and is told in each of its events. */
export interface ConnectionFacts {
  readonly connectionId: string;
  /** ms since 1970. */
  readonly connectedAt: number;
  /** The `Host` that the client asked for; locally with its port. */
  readonly domainName: string;
  readonly sourceIp: string;
  readonly userAgent?: string;
  /** Absent where the API has no authorizer. */
  readonly authorizer?: AuthorizerContext;
}
