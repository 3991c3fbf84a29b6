import type { RouteDeclaration } from '../declarations.ts';
import { evaluatePolicy } from '../iam/policy.ts';
import type { Activity } from '../invocation.ts';
import { readAuthorizerResult } from './authorizer-result.ts';
import type { AuthorizerContext, ConnectionFacts } from './connection-facts.ts';
import type { GatewayEvents } from './gateway-events.ts';
import type { HandshakeRequest } from './handshake-request.ts';
import type { Integrate } from './integration.ts';
import type { Timers } from './timers.ts';

/** What an authorizer decided: what later events are told, or the status that refuses the handshake. */
export type Decision =
  | { readonly allowed: true; readonly context: AuthorizerContext }
  | { readonly allowed: false; readonly status: 401 | 403 | 500 };

/** The longest that API Gateway waits for an authorizer. */
const TIMEOUT_MS = 29_000;

/**
 * Asks the REQUEST authorizer of `$connect`.
 *
 * 401: an identity source is missing (then nothing is called), or the function threw `Unauthorized`. 403: the policy
 * does not allow `methodArn`. 500: the function failed in another way, or returned what API Gateway does not take.
 */
export async function askAuthorizer(
  authorizer: NonNullable<RouteDeclaration['authorizer']>,
  facts: ConnectionFacts,
  request: HandshakeRequest,
  deps: {
    readonly integrate: Integrate;
    readonly events: GatewayEvents;
    readonly activity: Activity;
    readonly timers: Timers;
  },
): Promise<Decision> {
  if (!authorizer.identitySources.every((source) => identityOf(source, request)))
    return { allowed: false, status: 401 };
  const { methodArn } = deps.events;
  const startedAt = deps.timers.now();
  const event = deps.events.authorizer(facts, request);
  const outcome = await deps.integrate(authorizer.functionArn, event, 'ws authorizer', TIMEOUT_MS);
  if (outcome === 'timed-out') return { allowed: false, status: 500 };
  if (!outcome.ok) return { allowed: false, status: outcome.errorMessage === 'Unauthorized' ? 401 : 500 };
  const result = readAuthorizerResult(outcome.payload);
  if (typeof result === 'string') {
    deps.activity.warn(`the authorizer failed: ${result}; the handshake is refused with 500`);
    return { allowed: false, status: 500 };
  }
  const question = {
    action: 'execute-api:Invoke',
    resource: methodArn,
    context: { 'aws:SourceIp': [facts.sourceIp] },
  };
  if (evaluatePolicy(result.statements, question) !== 'allowed') return { allowed: false, status: 403 };
  return { allowed: true, context: { ...result.context, integrationLatency: deps.timers.now() - startedAt } };
}

/** The value of an identity source; empty or undefined where the request lacks it. Header names have no case. */
function identityOf(source: string, request: HandshakeRequest): string | undefined {
  const [, kind, name = ''] = /^route\.request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (kind === 'querystring') return request.queryStringParameters[name];
  if (kind === 'header') {
    return Object.entries(request.headers).find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
  }
  throw new Error(`the identity source ${source} is not served`);
}
