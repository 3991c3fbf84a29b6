import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import {
  ApiGatewayManagementApiClient,
  type ApiGatewayManagementApiClientConfig,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { NodeHttpHandler } from '@smithy/node-http-handler';

const ANSWER_MS = 2_000;
const CONNECT_MS = 1_000;
/** A socket that has not been used for so long is not used again, in ms. */
const MOST_IDLE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;

/** How long a post waits; for tests. */
export interface ManagementClientOptions extends Omit<ApiGatewayManagementApiClientConfig, 'endpoint'> {
  /** Until there is an answer, in ms, the time to connect included. */
  readonly answerMs?: number;
  readonly now?: () => number;
}

/**
 * The client of a stage's `@connections`, for `connectionPosts`. `endpoint` is the stage's callback URL (`https:`).
 *
 * It tries once (a post without an answer may have arrived, so only the caller knows whether it may be repeated), gives
 * up after 2 s, and has a socket for every post under way: one that waited for a socket would look unanswered.
 */
export function managementClient(
  endpoint: string,
  { answerMs = ANSWER_MS, now = Date.now, ...config }: ManagementClientOptions = {},
): ApiGatewayManagementApiClient {
  const requestHandler = new FreshSocketHandler(answerMs, now);
  return new ApiGatewayManagementApiClient({ maxAttempts: 1, requestHandler, ...config, endpoint });
}

/**
 * Sends on kept sockets, but not on stale ones. A Lambda environment is frozen between two invocations and does not see
 * its sockets being closed at the other end; the next post on one would be reset, which tells nothing of whether it has
 * arrived.
 */
class FreshSocketHandler extends NodeHttpHandler {
  readonly #agents: readonly HttpAgent[];
  readonly #idleSince = new WeakMap<object, number>();
  readonly #now: () => number;
  #looked = 0;

  constructor(answerMs: number, now: () => number) {
    const settings = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
    const httpAgent = new HttpAgent(settings);
    const httpsAgent = new HttpsAgent(settings);
    super({
      httpAgent,
      httpsAgent,
      connectionTimeout: CONNECT_MS,
      requestTimeout: answerMs,
      // without it a request that takes longer is only warned of
      throwOnRequestTimeout: true,
    });
    this.#agents = [httpAgent, httpsAgent];
    this.#now = now;
    for (const agent of this.#agents) {
      const keep = agent.keepSocketAlive.bind(agent);
      agent.keepSocketAlive = (socket) => {
        this.#idleSince.set(socket, now());
        return keep(socket);
      };
    }
  }

  override handle(...args: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    if (this.#now() - this.#looked >= LOOK_EVERY_MS) this.#dropStale();
    return super.handle(...args);
  }

  #dropStale(): void {
    this.#looked = this.#now();
    const idle = this.#agents.flatMap((agent) => Object.values(agent.freeSockets) as Socket[][]).flat();
    for (const socket of idle) {
      // each has come through `keepSocketAlive`
      const since = this.#idleSince.get(socket) as number;
      if (this.#looked - since > MOST_IDLE_MS) socket.destroy();
    }
  }
}
