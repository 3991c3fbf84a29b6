import { randomUUID } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { PATIENCE_MS } from '../support/inbox.ts';
import { connectPlainClient, type PlainClient } from '../support/plain-client.ts';
import { type SdkClient, type SdkOptions, sdkClient } from '../support/sdk-client.ts';
import { callServerApi, type Host, type ServerAnswer, type TokenOptions, tokenOf } from './host.ts';
import type { ClientKind, Participant } from './participant.ts';
import { plainParticipant } from './plain-participant.ts';
import { sdkParticipant } from './sdk-participant.ts';

/** How a client connects. */
interface ConnectOptions extends TokenOptions {
  /** Of the handshake, with the token. */
  readonly query?: Readonly<Record<string, string>>;
  /** Of the SDK. */
  readonly sdk?: SdkOptions;
}

/** What a scenario has: names of its own, and clients, which are ended with it. */
export interface Stage {
  readonly host: Host;
  /** A channel that nobody else uses; `prefix` is a namespace with its colon, or `$`. */
  channel(prefix?: string): string;
  /** A user that nobody else is. */
  user(name: string): string;
  token(user: string, options?: TokenOptions): Promise<string>;
  /** A client with a token of this user in its address. */
  join(kind: ClientKind, user: string, options?: ConnectOptions): Promise<Participant>;
  /** A plain client, to write frames by hand. Throws `RefusedHandshake`. */
  plain(user: string, options?: Omit<ConnectOptions, 'sdk'>): Promise<PlainClient>;
  /** The same, and the Centrifugo protocol has begun: `connect` had the id 1. */
  frames(user: string, options?: Omit<ConnectOptions, 'sdk'>): Promise<PlainClient>;
  /** The SDK, connected. */
  sdk(user: string, options?: ConnectOptions): Promise<SdkClient>;
  /** The SDK, with nothing begun. */
  sdkOff(user: string, options?: ConnectOptions): Promise<SdkClient>;
  /** Without a token. */
  nobody(query?: Readonly<Record<string, string>>): Promise<PlainClient>;
  /** Calls the server API. */
  api(method: string, body: unknown): Promise<ServerAnswer>;
  /** Ends all clients. */
  close(): Promise<void>;
}

/** Asks until the answer is yes: what a stack does after it has answered is seen a moment later. */
export async function untilTrue(ask: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (!(await ask())) {
    if (Date.now() > until) throw new Error(`not within ${PATIENCE_MS} ms: ${ask}`);
  }
}

/** A stage for one scenario. */
export function openStage(host: Host): Stage {
  const opened: (() => Promise<unknown>)[] = [];
  const name = () => randomUUID().slice(0, 8);
  const run = name();

  async function plain(user: string, { query, ...token }: ConnectOptions = {}): Promise<PlainClient> {
    return nobody({ token: await tokenOf(host, user, token), ...query });
  }

  async function nobody(query: Readonly<Record<string, string>> = {}): Promise<PlainClient> {
    const client = await connectPlainClient(host.webSocketUrl, { query });
    opened.push(() => {
      client.socket.terminate();
      return client.closed;
    });
    return client;
  }

  async function sdkOff(user: string, { query, sdk, ...token }: ConnectOptions = {}): Promise<SdkClient> {
    const address = new URL(host.webSocketUrl);
    const all = { token: await tokenOf(host, user, token), ...query };
    for (const [key, value] of Object.entries(all)) address.searchParams.set(key, value);
    const client = sdkClient(address.href, sdk);
    opened.push(() => client.close());
    return client;
  }

  async function sdk(user: string, options?: ConnectOptions): Promise<SdkClient> {
    const client = await sdkOff(user, options);
    client.centrifuge.connect();
    const { event, code, reason } = await client.next((one) => /^(dis)?connected$/.test(one.event));
    if (event === 'disconnected') throw new Error(`the SDK was disconnected at once: ${code} ${reason}`);
    return client;
  }

  return {
    host,
    channel: (prefix = '') => `${prefix}${name()}`,
    user: (of) => `${of}-${run}`,
    token: (user, options) => tokenOf(host, user, options),
    async join(kind, user, options) {
      if (kind === 'sdk') return sdkParticipant(await sdk(user, options));
      return plainParticipant(() => plain(user, options));
    },
    plain,
    async frames(user, options) {
      const client = await plain(user, options);
      await client.ask({ id: 1, connect: {} });
      return client;
    },
    sdk,
    sdkOff,
    nobody,
    api: (method, body) => callServerApi(host, method, body),
    async close() {
      await Promise.all(opened.map((close) => close()));
    },
  };
}

/** A time that is soon over, and long enough for a command to arrive, in seconds. */
export const shortTtl = ({ host }: Pick<Stage, 'host'>): number => (host.name === 'memory' ? 5 : 8);

/** Resolves when a token is over by this machine's clock: that is a moment which nobody tells of. */
export async function untilOver(token: string): Promise<void> {
  await after(Math.max(Number(decodeJwt(token).exp) * 1000 - Date.now(), 0));
}
