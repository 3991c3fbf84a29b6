import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { WebSocketApiDeclaration } from '../declarations.ts';
import type { Activity } from '../invocation.ts';
import { askAuthorizer } from './authorizer.ts';
import type { ConnectionFacts } from './connection-facts.ts';
import { sourceIpOf } from './forwarding.ts';
import type { GatewayEvents } from './gateway-events.ts';
import { readHandshake, splitTarget } from './handshake-request.ts';
import type { Integrate } from './integration.ts';
import { readProxyResponse } from './proxy-response.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { Timers } from './timers.ts';

/** What a handshake comes to. */
export type HandshakeOutcome =
  | {
      readonly accepted: true;
      readonly facts: ConnectionFacts;
      /** What `$connect` returned in `Sec-WebSocket-Protocol`. */
      readonly subprotocol?: string;
    }
  | { readonly accepted: false; readonly refusal: Refusal };

/** Asks authorizer and `$connect` about a client that wants in; never rejects. */
export type Handshake = (request: IncomingMessage) => Promise<HandshakeOutcome>;

/** API Gateway's bound on an address, in characters. What it answers beyond is not documented; 414 is HTTP's word. */
const LONGEST_URL = 4_096;

/**
 * Takes a handshake through the authorizer and `$connect`; the upgrade waits for both.
 *
 * Another path than the stage's is 403. A status of `$connect` that is not 2xx refuses with that status; a function
 * that fails, or whose result is malformed, with 502; one that takes too long with 504.
 */
export function handshakes(
  api: WebSocketApiDeclaration,
  deps: {
    readonly integrate: Integrate;
    readonly events: GatewayEvents;
    readonly activity: Activity;
    readonly timers: Timers;
    readonly newId: () => string;
    readonly newTraceId: () => string;
  },
): Handshake {
  const connect = api.routes.find((route) => route.key === '$connect');
  return async (request) => {
    const ids = { connectionId: deps.newId(), requestId: deps.newId() };
    const refuse = (status: number, message: string, errorType?: string): HandshakeOutcome => ({
      accepted: false,
      refusal: refusal(status, message, errorType, ids),
    });
    const url = request.url ?? '/';
    const { path } = splitTarget(url);
    if (path !== `/${api.stageName}` && path !== `/${api.stageName}/`) {
      return { accepted: false, refusal: refusal(403, 'Forbidden', 'ForbiddenException') };
    }
    if (url.length > LONGEST_URL) return refuse(414, 'Request URI too long', 'BadRequestException');

    const handshake = readHandshake(request, deps.newTraceId());
    const userAgent = request.headers['user-agent'];
    const asked: ConnectionFacts = {
      connectionId: ids.connectionId,
      connectedAt: deps.timers.now(),
      domainName: request.headers.host ?? 'localhost',
      sourceIp: sourceIpOf(request),
      ...(userAgent !== undefined && { userAgent }),
    };
    if (!connect) return { accepted: true, facts: asked };

    let facts = asked;
    if (connect.authorizer) {
      const decision = await askAuthorizer(connect.authorizer, asked, handshake, deps);
      if (!decision.allowed) {
        const { message, errorType } = REFUSALS[decision.status];
        return refuse(decision.status, message, errorType);
      }
      facts = { ...asked, authorizer: decision.context };
    }
    const event = deps.events.connect(facts, handshake, ids.requestId);
    const outcome = await deps.integrate(connect.functionArn, event, 'ws $connect', connect.integrationTimeoutMs);
    if (outcome === 'timed-out') return refuse(504, 'Endpoint request timed out', 'InternalServerErrorException');
    const response = outcome.ok ? readProxyResponse(outcome.payload) : undefined;
    if (response === undefined || typeof response === 'string') {
      if (response) deps.activity.warn(`ws $connect: ${response}; the handshake is refused with 502`);
      return refuse(502, 'Internal server error', 'InternalServerErrorException');
    }
    if (response.statusCode < 200 || response.statusCode > 299) {
      return refuse(response.statusCode, STATUS_CODES[response.statusCode] ?? '');
    }
    const subprotocol = response.headers['sec-websocket-protocol'];
    return { accepted: true, facts, ...(subprotocol !== undefined && { subprotocol }) };
  };
}

const REFUSALS = {
  401: { message: 'Unauthorized', errorType: 'UnauthorizedException' },
  403: { message: 'Forbidden', errorType: 'ForbiddenException' },
  500: { message: 'Internal server error', errorType: 'AuthorizerConfigurationException' },
} as const;
