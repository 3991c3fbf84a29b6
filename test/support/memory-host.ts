import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { derivedApiKey } from '../../lambdas/aws/api-key.ts';
import { apiKeyFits, type StackSecret } from '../../lambdas/aws/stack-secret.ts';
import { stackTokens } from '../../lambdas/aws/stack-tokens.ts';
import type { Chat } from '../../lambdas/chat/chat.ts';
import { deliver } from '../../lambdas/chat/deliver.ts';
import { gone } from '../../lambdas/chat/departure.ts';
import { ParleyError } from '../../lambdas/chat/errors.ts';
import { connect } from '../../lambdas/chat/handshake.ts';
import { handleLater } from '../../lambdas/chat/later.ts';
import type { Namespaces } from '../../lambdas/chat/namespace.ts';
import { isExpired } from '../../lambdas/chat/permissions.ts';
import type { Connection, Identity, Tokens, World } from '../../lambdas/chat/ports.ts';
import { send } from '../../lambdas/chat/posting.ts';
import { runServerCall } from '../../lambdas/chat/server-api.ts';
import { longestSilence, minutesDue, sweep } from '../../lambdas/chat/sweep.ts';
import { answerFrame } from '../../lambdas/frame-answer.ts';
import { centrifugeFormat } from '../../lambdas/protocol/centrifuge-format.ts';
import { wantedChannels } from '../../lambdas/protocol/handshake-query.ts';
import { jsonFormat } from '../../lambdas/protocol/json.ts';
import { readServerCall } from '../../lambdas/protocol/server-call.ts';
import { serverBody, serverErrorBody } from '../../lambdas/protocol/server-response.ts';
import { listenOnLoopback } from '../../local/loopback.ts';
import { messageEvent } from './function-environment.ts';
import { type GatewayHandlers, memoryGateway } from './memory-gateway.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryLease, MemoryLogger, MemoryMetrics, MemoryParking } from './memory-ports.ts';
import { Timers, WorkedLater, WorkedQueue } from './memory-queues.ts';
import { MemoryConnections, MemoryIndex, MemorySubscriptions } from './memory-records.ts';

/** A worker's time, and what a frame and a server's call have, in ms. */
const WORKER_MS = 12_000;
const CALL_MS = 13_000;
const LARGEST_ANSWER = 5_000_000;

/** How the core is served. */
export interface MemoryHostOptions {
  readonly namespaces: Namespaces;
  /** Who says nothing for so long, and is told nothing, is closed with 1001. @default never */
  readonly idleTimeoutMs?: number;
  /** How often the sweep comes; absent: only when it is called. */
  readonly sweepEveryMs?: number;
  /** Minutes between two visits of the sweep to a connection. @default 9 */
  readonly pingInterval?: number;
  /** What `$connect` is told of a connection instead of what is so: its age, the end of its token. */
  readonly changeConnect?: (connection: NewConnection, query: Readonly<Record<string, string>>) => NewConnection;
}

type NewConnection = Omit<Connection, 'channels' | 'ends' | 'format'>;

/** The core on ports in memory, behind real sockets, with an open handshake. */
export interface MemoryHost {
  /** `ws://…/live`, without a query. */
  readonly webSocketUrl: string;
  /** `http://…/api`. */
  readonly apiUrl: string;
  /** Signs tokens. */
  readonly signingKey: string;
  readonly apiKey: string;
  /** What went wrong that no client has to do with: faults, errors of the core's log, events that were parked. */
  readonly faults: readonly unknown[];
  /** Lets that much time pass for the core at once, in ms, and the sweep come in each of its minutes. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Serves it on a port of its own, on this machine alone. */
export async function startMemoryHost(options: MemoryHostOptions): Promise<MemoryHost> {
  const { namespaces, pingInterval = 9, sweepEveryMs } = options;
  const faults: unknown[] = [];
  const timers = new Timers((error) => faults.push(error));
  const logger = new MemoryLogger();
  const parking = new MemoryParking();
  const signingKey = randomBytes(32).toString('hex');
  const apiKey = derivedApiKey(signingKey);
  const secret = knownSecret(signingKey, apiKey);
  let passed = 0;
  const world: World = {
    now: () => Date.now() + passed,
    sleep: async (ms) => void (await sleep(ms)),
    random: Math.random,
    id: () => randomBytes(16).toString('base64url'),
  };
  const connections = new MemoryConnections();
  const subscriptions = new MemorySubscriptions();
  const index = new MemoryIndex(connections, subscriptions);
  const gateway = memoryGateway(handlers(), options);

  const chat: Chat = {
    world,
    log: new MemoryLog('events.fifo', world.now),
    connections,
    subscriptions,
    index,
    census: index,
    queue: new WorkedQueue(timers, async (batch) => {
      const lease = new MemoryLease(world.now() + WORKER_MS);
      const failed = await deliver(chat, batch, lease);
      return { failed, seconds: Math.max(0, ...lease.given.map((given) => given.seconds)) };
    }),
    later: new WorkedLater(timers, (item) => handleLater(chat, item, world.now() + WORKER_MS)),
    parking,
    posts: gateway.posts,
    tokens: timedTokens(stackTokens(secret), world),
    formats: {
      json: jsonFormat,
      centrifuge: centrifugeFormat({ now: world.now, pingSeconds: longestSilence(pingInterval) }),
    },
    joinLeaveReaders: 100,
    namespaces,
    limits: { messageBytes: 32_768, channels: 128, backlog: 20_000 },
    logger,
    metrics: new MemoryMetrics(),
  };

  const sweepOnce = () => sweep(chat, { minutes: minutesDue(world.now(), pingInterval) }, world.now() + CALL_MS);
  function sweepAgain(everyMs: number): void {
    timers.after(everyMs, async () => {
      sweepAgain(everyMs);
      await sweepOnce();
    });
  }

  function handlers(): GatewayHandlers {
    return {
      async connect(id, query, headers) {
        let status = 401;
        try {
          const identity = await identityOf(chat, query.token || bearer(headers));
          status = 403;
          const connection = { ...identity, id, connectedAt: world.now() };
          await connect(chat, options.changeConnect?.(connection, query) ?? connection, wantedChannels(query));
          return 200;
        } catch (error) {
          if (error instanceof ParleyError) return status;
          faults.push(error);
          return 500;
        }
      },
      async receive(id, body) {
        try {
          const frames = await answerFrame(chat, eventOf(id, body), world.now() + CALL_MS);
          const reply = frames.pop();
          for (const frame of frames) {
            if ((await send(chat, id, frame, world.now() + CALL_MS)) !== 'delivered') return undefined;
          }
          return reply;
        } catch (error) {
          faults.push(error);
          return undefined;
        }
      },
      disconnected: (id) => timers.after(0, () => gone(chat, id)),
    };
  }

  async function answerServer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: string) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const [, method] = /^\/api\/(\w+)$/.exec(request.url ?? '') ?? [];
    if (!(await apiKeyFits(secret, String(request.headers['x-api-key'])))) return void answer(401, '{}');
    try {
      const call = readServerCall(method, body);
      const replies = await runServerCall(chat, { ...call, until: world.now() + CALL_MS, requestId: randomUUID() });
      answer(200, serverBody(call, replies, LARGEST_ANSWER));
    } catch (error) {
      if (!(error instanceof ParleyError)) faults.push(error);
      const refusal = error instanceof ParleyError ? error : ({ code: 'internal', message: 'a fault' } as const);
      answer(refusal.code === 'unknown_action' ? 404 : 400, serverErrorBody(refusal));
    }
  }

  const loopback = await listenOnLoopback(0);
  loopback.answer({
    upgrade: gateway.upgrade,
    request: (request, response) => void answerServer(request, response).catch((error) => faults.push(error)),
  });
  if (sweepEveryMs !== undefined) sweepAgain(sweepEveryMs);
  return {
    webSocketUrl: `ws://127.0.0.1:${loopback.port}/live`,
    apiUrl: `http://127.0.0.1:${loopback.port}/api`,
    signingKey,
    apiKey,
    get faults() {
      const told = logger.lines.filter(({ level }) => level === 'error');
      return [...faults, ...told, ...parking.parked];
    },
    async pass(ms) {
      for (const end = passed + ms; passed < end; ) {
        passed = Math.min(passed + 60_000, end);
        await sweepOnce();
      }
    },
    async close() {
      timers.stop();
      gateway.close();
      await loopback.close();
    },
  };
}

/** Who may come in: by a token, or, without any, nobody in particular. */
const identityOf = async ({ tokens }: Chat, token: string | undefined): Promise<Identity> =>
  token === undefined ? { user: '' } : tokens.verify(token);

const bearer = ({ authorization }: IncomingMessage['headers']): string | undefined =>
  authorization?.match(/^Bearer +(\S+)$/i)?.[1];

function eventOf(connectionId: string, body: string) {
  const event = messageEvent(body);
  return { ...event, requestContext: { ...event.requestContext, connectionId, requestId: randomUUID() } };
}

/** Tokens end when their time is over for the core, whose time may have been moved on. */
function timedTokens(tokens: Tokens, { now }: World): Tokens {
  const inTime = <T extends { readonly expires?: number }>(verified: T): T => {
    if (isExpired(verified, now())) throw new ParleyError('token_expired', 'token: it has expired');
    return verified;
  };
  return {
    verify: async (token) => inTime(await tokens.verify(token)),
    verifySubscription: async (token) => inTime(await tokens.verifySubscription(token)),
  };
}

function knownSecret(signingKey: string, apiKey: string): StackSecret {
  const keys = { signingKey: new TextEncoder().encode(signingKey), apiKey };
  return { keys: async () => keys, rotatedKeys: async () => undefined };
}
