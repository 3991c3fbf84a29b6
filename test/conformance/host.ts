import { randomUUID } from 'node:crypto';
import { stackToken } from '../../local/identity/tokens.ts';

/** Where the scenarios find a stack. */
export interface Host {
  readonly name: 'memory' | 'local' | 'deployed';
  /** Without a query. */
  readonly webSocketUrl: string;
  /** Without a method. */
  readonly apiUrl: string;
  /** Signs tokens of users and of subscriptions. */
  readonly signingKey: string;
  /** Of the server API. */
  readonly apiKey: string;
  /** It is that of app.ts, with an open handshake; else one as bin/parley.ts makes it. */
  readonly isConformanceApp: boolean;
  /** Lets time pass for the stack, in ms, and the sweep come meanwhile, where that can be done. */
  readonly pass?: (ms: number) => Promise<void>;
  /** When it ends silent connections, in ms. */
  readonly idleTimeoutMs?: number;
}

/** What a token says. */
export interface TokenOptions {
  /** Seconds; of none or less: one that has expired. @default an hour */
  readonly ttl?: number;
  /** `caps`, `info`, `channels`, and, of a subscription, `channel`. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A token that the stack's own key has signed. */
export const tokenOf = (
  { signingKey }: Pick<Host, 'signingKey'>,
  user: string,
  { ttl = 3600, claims }: TokenOptions = {},
): Promise<string> => stackToken(signingKey, { user, ttl, now: Date.now(), id: randomUUID() }, claims);

/** What the server API answers. */
export interface ServerAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says where it expects it
  readonly result?: any;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Calls the server API with the stack's key. Throws where it does not answer 200. */
export async function callServerApi(
  { apiUrl, apiKey }: Pick<Host, 'apiUrl' | 'apiKey'>,
  method: string,
  body: unknown,
): Promise<ServerAnswer> {
  const response = await fetch(`${apiUrl}/${method}`, {
    method: 'POST',
    headers: { 'X-API-Key': apiKey, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} is answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
