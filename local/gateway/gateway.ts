import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocketApiDeclaration } from '../declarations.ts';
import type { AccessCheck } from '../iam/access-check.ts';
import type { Activity, Clock, Invoke } from '../invocation.ts';
import { type Connection, LARGEST_MESSAGE, openConnection } from './connection.ts';
import type { ConnectionFacts } from './connection-facts.ts';
import { gatewayEvents } from './gateway-events.ts';
import { gatewayId } from './gateway-ids.ts';
import { type HandshakeOutcome, handshakes } from './handshake.ts';
import { createIntegration } from './integration.ts';
import { type HandleManagement, managementApi } from './management-api.ts';
import { messageHandling } from './message-handling.ts';
import { refusal, refuseUpgrade } from './refusal.ts';
import { createTimers } from './timers.ts';

/** What a gateway takes from outside. */
export interface GatewayOptions {
  readonly invoke: Invoke;
  readonly activity: Activity;
  readonly clock: Clock;
  /** Decides who may use `@connections`. */
  readonly checkAccess: AccessCheck;
  /** @default 10 minutes, as API Gateway */
  readonly idleTimeoutMs?: number;
  /** @default 2 hours, as API Gateway */
  readonly maxDurationMs?: number;
  /** What may wait for a client that does not read. API Gateway's own bound is not documented. @default 1 MB */
  readonly bufferLimitBytes?: number;
  /** How long `close` waits for clients to answer, and then as long again for `$disconnect`. @default 500 */
  readonly closeWaitMs?: number;
  /** Answers that many bytes. @default crypto.randomBytes */
  readonly random?: (bytes: number) => Uint8Array;
}

/** API Gateway's behaviour for one WebSocket API, to be mounted on an HTTP server. */
export interface Gateway {
  /** For the server's `upgrade` event: `/<stage>` is the WebSocket, any other path is refused with 403. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** For the server's `request` event: takes what is under `/<stage>/@connections`, and says whether it did. */
  readonly handleManagement: HandleManagement;
  /** Closes all connections with 1001, tells `$disconnect` of each; bounded, and leaves no timer and no socket. */
  close(): Promise<void>;
}

/** Serves one WebSocket API as its template declares it. Throws where the declaration asks for what is not served. */
export function createGateway(api: WebSocketApiDeclaration, options: GatewayOptions): Gateway {
  const { invoke, activity, clock, checkAccess, closeWaitMs = 500, random = randomBytes } = options;
  const limits = {
    idleTimeoutMs: options.idleTimeoutMs ?? 10 * 60_000,
    maxDurationMs: options.maxDurationMs ?? 2 * 60 * 60_000,
    bufferLimitBytes: options.bufferLimitBytes ?? 1024 * 1024,
  };
  const timers = createTimers(clock);
  const newId = () => gatewayId(random);
  const newTraceId = () => Buffer.from(random(12)).toString('hex');
  const events = gatewayEvents(api, timers.now, newId);
  const integrate = createIntegration(invoke, timers);
  const shakeHands = handshakes(api, { integrate, events, activity, timers, newId, newTraceId });
  const handleMessage = messageHandling(api, { integrate, events, activity, newId });
  const disconnect = api.routes.find((route) => route.key === '$disconnect');

  const connections = new Map<string, Connection>();
  const upgrading = new Set<Duplex>();
  /** Handshakes and `$disconnect`s under way, which `close` waits for. */
  const underWay = new Set<Promise<unknown>>();
  const accepted = new WeakMap<IncomingMessage, Extract<HandshakeOutcome, { accepted: true }>>();
  let closing: Promise<void> | undefined;

  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LARGEST_MESSAGE,
    handleProtocols: (_offered, request) => accepted.get(request)?.subprotocol ?? false,
    // called once the request is a well-formed upgrade; answers when authorizer and $connect have
    verifyClient: ({ req }, answer) => {
      follow(
        shakeHands(req).then((outcome) => {
          const { socket } = req;
          if (!outcome.accepted) {
            answer(false, outcome.refusal.status, outcome.refusal.body, outcome.refusal.headers);
          } else if (closing || !socket.readable || !socket.writable) {
            // $connect has run, so its function has to hear that the client is gone
            socket.destroy();
            return tellDisconnect(outcome.facts, 1006, 'Connection closed abnormally');
          } else {
            accepted.set(req, outcome);
            answer(true);
          }
        }),
        () => answer(false, 500, JSON.stringify({ message: 'Internal server error' })),
      );
    },
  });

  function connectionOf(connectionId: string): Connection | undefined {
    const connection = connections.get(connectionId);
    return connection?.isOpen ? connection : undefined;
  }

  function follow(work: Promise<unknown>, onFault?: () => void): void {
    const followed = work
      .catch((error: unknown) => {
        activity.warn(`ws: ${error instanceof Error ? error.message : String(error)}`);
        onFault?.();
      })
      .finally(() => underWay.delete(followed));
    underWay.add(followed);
  }

  async function tellDisconnect(facts: ConnectionFacts, code: number, reason: string): Promise<void> {
    activity.detail(`ws ${facts.connectionId}: closed, ${code} ${reason}`);
    if (!disconnect) return;
    const event = events.disconnect(facts, code, reason);
    await integrate(disconnect.functionArn, event, 'ws $disconnect', disconnect.integrationTimeoutMs);
  }

  return {
    handleUpgrade(request, socket, head) {
      if (closing) return refuseUpgrade(socket, refusal(503, 'Service Unavailable'));
      upgrading.add(socket);
      socket.once('close', () => upgrading.delete(socket));
      server.handleUpgrade(request, socket, head, (ws) => {
        upgrading.delete(socket);
        const facts = accepted.get(request)?.facts;
        if (!facts) throw new Error('upgraded without a handshake');
        const connection = openConnection(ws, socket as Socket, facts, limits, timers, (from, body) => {
          handleMessage(from, body).catch((error: unknown) => activity.warn(`ws: ${String(error)}`));
        });
        connections.set(facts.connectionId, connection);
        activity.detail(`ws ${facts.connectionId}: connected from ${facts.sourceIp}`);
        follow(
          connection.ended.then(({ code, reason }) => {
            connections.delete(facts.connectionId);
            return tellDisconnect(facts, code, reason);
          }),
        );
      });
    },

    handleManagement: managementApi(api, { connectionOf, checkAccess, activity }),

    close() {
      closing ??= end();
      return closing;
    },
  };

  async function end(): Promise<void> {
    for (const socket of upgrading) socket.destroy();
    const open = [...connections.values()];
    for (const connection of open) connection.close(1001, 'Going away');
    await timers.within(closeWaitMs, Promise.all(open.map(({ ended }) => ended)));
    for (const connection of connections.values()) connection.terminate();
    await timers.within(closeWaitMs, Promise.all(underWay));
    timers.stop();
  }
}
