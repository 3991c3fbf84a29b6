import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpApiDeclaration } from '../declarations.ts';
import { sourceIpOf } from '../gateway/forwarding.ts';
import { gatewayId } from '../gateway/gateway-ids.ts';
import { createIntegration } from '../gateway/integration.ts';
import { readBody } from '../gateway/request-body.ts';
import { createTimers } from '../gateway/timers.ts';
import type { AccessCheck, Caller } from '../iam/access-check.ts';
import type { Activity, Clock, Invoke } from '../invocation.ts';
import { arn } from '../template/names.ts';
import { type HttpAnswer, readHttpAnswer, refusal, writeAnswer } from './http-answer.ts';
import { httpEvents } from './http-events.ts';
import { readHttpRequest, requestPath } from './http-request.ts';
import { httpRouteSelection, type SelectedRoute } from './route-selection.ts';

/** API Gateway's bound on a body, and Lambda's on an event, in bytes. */
const LARGEST_BODY = 10 * 1024 * 1024;
const LARGEST_EVENT = 6_291_456;

/** What an HTTP API takes from outside. */
export interface HttpApiOptions {
  readonly invoke: Invoke;
  readonly activity: Activity;
  readonly clock: Clock;
  /** Decides who may use the routes that need a signature. */
  readonly checkAccess: AccessCheck;
  /** Answers that many bytes. @default crypto.randomBytes */
  readonly random?: (bytes: number) => Uint8Array;
}

/** API Gateway's behaviour for one HTTP API, to be mounted on an HTTP server. */
export interface HttpApi {
  /** For the server's `request` event: takes what a route of the API is for, and says whether it did. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Leaves no timer. */
  close(): void;
}

/**
 * Serves one HTTP API as its template declares it, without its throttling.
 *
 * The client is told `Request Entity Too Large` for a body above 10 MB, or one that Lambda does not take any more;
 * `Forbidden` where a route needs a signature that is missing, wrong, or of a function whose role does not allow
 * `execute-api:Invoke` on `<api>/<stage>/<METHOD>/<path>`; `Internal Server Error` where the function fails or its result
 * cannot be an answer; `Service Unavailable` after the integration's timeout.
 */
export function createHttpApi(api: HttpApiDeclaration, options: HttpApiOptions): HttpApi {
  const { invoke, activity, clock, checkAccess, random = randomBytes } = options;
  const timers = createTimers(clock);
  const integrate = createIntegration(invoke, timers);
  const eventOf = httpEvents(api, timers.now);
  const selectRoute = httpRouteSelection(api.routes);
  const prefix = api.stageName === '$default' ? '' : `/${api.stageName}`;

  /** Undefined where it is not the stage's. */
  function pathInStage(request: IncomingMessage): string | undefined {
    const path = requestPath(request);
    if (path === prefix) return '/';
    return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
  }

  function callerOf(request: IncomingMessage, body: Buffer, path: string, source: string): Caller | undefined {
    const { method = 'GET', url = '/', headers } = request;
    const decision = checkAccess({
      method,
      url,
      headers,
      body,
      service: 'execute-api',
      action: 'execute-api:Invoke',
      resource: arn('execute-api', `${api.apiId}/${api.stageName}/${method}${path}`),
      context: { 'aws:SourceIp': [sourceIpOf(request)] },
    });
    if (decision.allowed) return decision.caller;
    const { code, message } = decision.failure;
    // what follows the first line shows the request's headers
    activity.detail(`${source}: refused with 403, ${code}: ${message.split('\n')[0]}`);
    return undefined;
  }

  async function answer(
    request: IncomingMessage,
    path: string,
    selected: SelectedRoute,
    requestId: string,
  ): Promise<HttpAnswer> {
    const { route } = selected;
    const source = `http ${route.key}`;
    const body = await readBody(request, LARGEST_BODY);
    if (!body) return refusal(413);
    const needsCaller = route.authorization === 'AWS_IAM';
    const caller = needsCaller ? callerOf(request, body, path, source) : undefined;
    if (needsCaller && caller === undefined) return refusal(403);
    const told = readHttpRequest(request, body, Buffer.from(random(12)).toString('hex'));
    const event = eventOf(told, selected, requestId, caller);
    if (Buffer.byteLength(JSON.stringify(event)) > LARGEST_EVENT) return refusal(413);

    const outcome = await integrate(route.functionArn, event, source, route.integrationTimeoutMs);
    if (outcome === 'timed-out') {
      activity.warn(
        `${source}: no answer in ${route.integrationTimeoutMs} ms; the client is told "Service Unavailable"`,
      );
      return refusal(503);
    }
    if (!outcome.ok) return refusal(500);
    const found = readHttpAnswer(outcome.payload);
    if (typeof found !== 'string') return found;
    activity.warn(`${source}: ${found}; the client is told "Internal Server Error"`);
    return refusal(500);
  }

  return {
    handle(request, response) {
      const path = pathInStage(request);
      const selected = path === undefined ? undefined : selectRoute(request.method ?? 'GET', path);
      if (path === undefined || selected === undefined) return false;
      const requestId = gatewayId(random);
      answer(request, path, selected, requestId)
        .then((found) => writeAnswer(response, found, requestId))
        .catch((error: unknown) => {
          // nobody is there to be answered
          if (request.destroyed && !request.complete) return;
          activity.warn(`http ${selected.route.key}: ${error instanceof Error ? error.message : String(error)}`);
          writeAnswer(response, refusal(500), requestId);
        });
      return true;
    },
    close: () => timers.stop(),
  };
}
