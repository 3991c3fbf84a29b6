import type { WebSocketApiDeclaration } from '../declarations.ts';
import type { Activity } from '../invocation.ts';
import type { Connection } from './connection.ts';
import type { GatewayEvents } from './gateway-events.ts';
import type { Integrate } from './integration.ts';
import { readProxyResponse } from './proxy-response.ts';
import { routeSelection } from './route-selection.ts';

/** Takes one message of a client to its function, and what is to be answered back to the client. */
export type HandleMessage = (connection: Connection, body: string) => Promise<void>;

/**
 * Messages are independent of each other: nothing here waits for the one before.
 *
 * The client is told `Forbidden` where no route takes the message, `Internal server error` where the function fails or
 * returns something that is no proxy response, `Endpoint request timed out` after the integration's timeout; it stays
 * connected. A function's own body reaches it only where the route has a route response; an empty one sends nothing
 * (what API Gateway does with it is not documented).
 */
export function messageHandling(
  api: WebSocketApiDeclaration,
  deps: {
    readonly integrate: Integrate;
    readonly events: GatewayEvents;
    readonly activity: Activity;
    readonly newId: () => string;
  },
): HandleMessage {
  const selectRoute = routeSelection(api);
  return async (connection, body) => {
    const requestId = deps.newId();
    const { connectionId } = connection.facts;
    const answer = async (text: Buffer | string) => {
      const outcome = await connection.send(Buffer.from(text));
      if (outcome === 'full')
        deps.activity.detail(`ws ${connectionId}: an answer is dropped, the client does not read`);
    };
    const fail = (message: string) => answer(JSON.stringify({ message, connectionId, requestId }));

    const route = selectRoute(body);
    if (!route) return fail('Forbidden');
    const event = deps.events.message(connection.facts, route.key, body, requestId);
    const source = `ws ${route.key}`;
    const outcome = await deps.integrate(route.functionArn, event, source, route.integrationTimeoutMs);
    if (outcome === 'timed-out') return fail('Endpoint request timed out');
    if (!outcome.ok) return fail('Internal server error');
    const response = readProxyResponse(outcome.payload);
    if (typeof response === 'string') {
      deps.activity.warn(`${source}: ${response}; the client is told "Internal server error"`);
      return fail('Internal server error');
    }
    if (route.hasRouteResponse && response.body && response.body.length > 0) await answer(response.body);
  };
}
