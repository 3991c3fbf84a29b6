import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { WebSocket } from 'ws';
import type { FunctionDeclaration, PolicyStatement, WebSocketApiDeclaration } from '../../../local/declarations.ts';
import { createGateway, type GatewayOptions } from '../../../local/gateway/gateway.ts';
import { createAccessCheck } from '../../../local/iam/access-check.ts';
import { createCredentialRegistry } from '../../../local/iam/credentials.ts';
import type { Activity, Invocation } from '../../../local/invocation.ts';
import { systemClock } from '../../../local/system-clock.ts';

/** What is asserted of events, whatever their kind. */
export interface GatewayEvent {
  readonly type?: string;
  readonly methodArn?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly queryStringParameters?: Record<string, string>;
  readonly multiValueQueryStringParameters?: Record<string, string[]>;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: Readonly<Record<string, unknown>> & { readonly connectionId: string };
}

/** A function of the test; what it throws is a function error. */
type Handler = (event: GatewayEvent) => unknown;

export interface ServerSetup {
  /** By route key, and `authorizer`. `$connect` answers 200 unless it is given. */
  readonly handlers?: Readonly<Record<string, Handler>>;
  readonly identitySources?: readonly string[];
  /** Routes whose results reach the client. */
  readonly routeResponses?: readonly string[];
  readonly integrationTimeoutMs?: number;
  readonly statements?: readonly PolicyStatement[];
  readonly options?: Partial<GatewayOptions>;
}

export interface Client {
  readonly socket: WebSocket;
  readonly connectionId: string;
  /** The next message that has not been taken yet. */
  next(): Promise<string>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

const BOUND_MS = 5_000;

/** Rejects, naming what was awaited, where it takes too long. */
export async function bounded<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), BOUND_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a handshake was refused with. */
export interface RefusedHandshake {
  readonly status: number;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

const MANAGE_ALL: PolicyStatement = {
  effect: 'Allow',
  actions: ['execute-api:ManageConnections'],
  resources: ['arn:aws:execute-api:us-east-1:000000000000:a1b2c3/live/*'],
  conditions: {},
};

/** A gateway on a loopback port, its functions, and clients for both of its sides. */
export async function startGateway(setup: ServerSetup = {}) {
  const { handlers = {}, routeResponses = [], integrationTimeoutMs = 29_000 } = setup;
  const all: Record<string, Handler> = { $connect: () => ({ statusCode: 200 }), ...handlers };
  const warnings: string[] = [];
  const activity: Activity = { note: () => undefined, warn: (line) => warnings.push(line), detail: () => undefined };
  const api: WebSocketApiDeclaration = {
    logicalId: 'Api',
    apiId: 'a1b2c3',
    routeSelectionExpression: '$request.body.action',
    stageName: 'live',
    routes: Object.keys(all)
      .filter((key) => key !== 'authorizer')
      .map((key) => ({
        key,
        functionArn: key,
        hasRouteResponse: routeResponses.includes(key),
        integrationTimeoutMs,
        ...(key === '$connect' &&
          all.authorizer && {
            authorizer: { functionArn: 'authorizer', identitySources: setup.identitySources ?? [] },
          }),
      })),
  };

  const invocations: { readonly key: string; readonly event: GatewayEvent }[] = [];
  const watchers = new Set<() => void>();
  async function invoke(key: string, event: unknown): Promise<Invocation> {
    // a function gets JSON, whatever the gateway put in
    const told = JSON.parse(JSON.stringify(event)) as GatewayEvent;
    invocations.push({ key, event: told });
    for (const look of watchers) look();
    try {
      return { ok: true, payload: (await all[key]?.(told)) ?? null };
    } catch (error) {
      const { name, message } = error as Error;
      return { ok: false, errorType: name, errorMessage: message };
    }
  }

  const credentials = createCredentialRegistry();
  const poster: FunctionDeclaration = {
    logicalId: 'Poster',
    name: 'poster',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:poster',
    codeDirectory: '/',
    handler: 'index.handler',
    timeoutMs: 1_000,
    memoryMb: 128,
    environment: {},
    statements: setup.statements ?? [MANAGE_ALL],
  };
  const gateway = createGateway(api, {
    invoke,
    activity,
    clock: systemClock,
    checkAccess: createAccessCheck({ credentials, functions: [poster], clock: { now: () => Date.now() }, activity }),
    ...setup.options,
  });
  const server = createServer((request, response) => {
    if (!gateway.handleManagement(request, response)) response.writeHead(404).end();
  });
  server.on('upgrade', (request, socket, head) => gateway.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const management = new ApiGatewayManagementApiClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}/live`,
    credentials: credentials.issueCredentials(poster.arn),
    maxAttempts: 1,
  });

  async function connect(
    path = '/live',
    options: WebSocket.ClientOptions & { protocols?: string[] } = {},
  ): Promise<Client> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options.protocols ?? [], options);
    const messages: string[] = [];
    const takers: ((message: string) => void)[] = [];
    socket.on('message', (data) => {
      const taker = takers.shift();
      if (taker) taker(String(data));
      else messages.push(String(data));
    });
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    const before = new Set(invocations.filter(({ key }) => key === '$connect'));
    await bounded(
      'the handshake',
      new Promise<void>((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      }),
    );
    socket.on('error', () => undefined);
    const made = invocations.findLast((invocation) => invocation.key === '$connect' && !before.has(invocation));
    return {
      socket,
      connectionId: made?.event.requestContext.connectionId ?? '',
      closed: bounded('the close', closed),
      next: () =>
        bounded(
          'a message',
          new Promise((resolve) => {
            const message = messages.shift();
            if (message !== undefined) resolve(message);
            else takers.push(resolve);
          }),
        ),
    };
  }

  /** The HTTP answer to a handshake that is refused; rejects where it is not. */
  function refused(path = '/live', options: WebSocket.ClientOptions = {}): Promise<RefusedHandshake> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
    return bounded(
      'the refusal',
      new Promise((resolve, reject) => {
        socket.on('open', () => reject(new Error('the handshake was accepted')));
        socket.on('error', reject);
        socket.on('unexpected-response', async (_, response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk);
          const body = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
        });
      }),
    );
  }

  return {
    port,
    gateway,
    management,
    warnings,
    invocations,
    connect,
    refused,
    eventsOf: (key: string) => invocations.filter((invocation) => invocation.key === key).map(({ event }) => event),
    /** The event of the `count`-th call of a function, which may still be to come. */
    event: (key: string, count = 1): Promise<GatewayEvent> =>
      bounded(
        `call ${count} of ${key}`,
        new Promise((resolve) => {
          const look = () => {
            const found = invocations.filter((invocation) => invocation.key === key)[count - 1];
            if (!found) return;
            watchers.delete(look);
            resolve(found.event);
          };
          watchers.add(look);
          look();
        }),
      ),
    async close() {
      management.destroy();
      await gateway.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type GatewayServer = Awaited<ReturnType<typeof startGateway>>;
