import type {
  APIGatewayEventRequestContextV2,
  APIGatewayProxyEventV2WithRequestContext,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import { apiKeyFits } from './aws/stack-secret.ts';
import { ParleyError } from './chat/errors.ts';
import { runServerCall } from './chat/server-api.ts';
import { readServerCall } from './protocol/server-call.ts';
import { serverBody, serverErrorBody } from './protocol/server-response.ts';
import { formats } from './runtime/formats.ts';
import { logger } from './runtime/observability.ts';
import { channelQueue, laterQueue } from './runtime/queues.ts';
import { secret } from './runtime/secret.ts';
import { limits, namespaces } from './runtime/settings.ts';
import { census, channelLog, connectionIndex, connections, subscriptions } from './runtime/tables.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';

/** A call, as API Gateway's HTTP API hands it over (payload 2.0: header names are in lower case). */
export type ServerApiEvent = APIGatewayProxyEventV2WithRequestContext<
  APIGatewayEventRequestContextV2 & {
    /** Who signed the request, where the route asks for a signature: API Gateway has checked it. */
    readonly authorizer?: { readonly iam?: Readonly<Record<string, unknown>> };
  }
>;

/** The function is ended after so long at the latest; what is to be sent is sent a little before. */
const STOPS_BEFORE_MS = 5_000;
/** Lambda passes 6 MB on, status and headers included. */
const LARGEST_ANSWER = 5_000_000;

const chat = {
  log: channelLog(),
  subscriptions: subscriptions(),
  connections: connections(),
  index: connectionIndex(),
  census: census(),
  queue: channelQueue(),
  later: laterQueue(),
  formats,
  namespaces: namespaces(),
  limits: limits(),
  world,
  logger,
};
const keys = secret();

/**
 * What the owner's servers ask for: `POST /api/{method}` with the stack's key, `POST /iam/{method}` with a signature. By
 * `POST /api` come the calls of older libraries, whose method is in the body.
 */
export const handler = serving(async (event: ServerApiEvent, context: Context) => {
  const { requestId } = event.requestContext;
  const until = world.now() + context.getRemainingTimeInMillis() - STOPS_BEFORE_MS;
  try {
    if (!(await mayCall(event))) return unauthorized(requestId);
    const call = readServerCall(event.pathParameters?.method, bodyOf(event));
    const replies = await runServerCall(chat, { ...call, until, requestId });
    return answer(200, serverBody(call, replies, LARGEST_ANSWER));
  } catch (error) {
    if (error instanceof ParleyError)
      return answer(error.code === 'unknown_action' ? 404 : 400, serverErrorBody(error));
    logger.error('a call of the server API failed', { apiRequestId: requestId, error });
    return answer(200, serverErrorBody({ code: 'internal', message: `request ${requestId}` }));
  }
});

/** Only API Gateway says which route it took, and who signed: nothing that a caller can set opens the one by the other. */
async function mayCall({ routeKey, headers, requestContext }: ServerApiEvent): Promise<boolean> {
  if (routeKey.startsWith('POST /iam/') && requestContext.authorizer?.iam !== undefined) return true;
  const key = headers['x-api-key'] ?? headers.authorization?.match(/^apikey +(\S+)$/i)?.[1];
  return key !== undefined && apiKeyFits(keys, key);
}

function unauthorized(requestId: string): APIGatewayProxyStructuredResultV2 {
  logger.info('a call without the key of the server API was refused', { apiRequestId: requestId });
  const message = 'unauthorized: the header X-API-Key must hold the API key of the stack';
  return answer(401, JSON.stringify({ error: { code: 101, message } }));
}

/** What API Gateway does not take for text comes in base64: it goes by the content type alone. */
const bodyOf = ({ body = '', isBase64Encoded }: ServerApiEvent): string =>
  isBase64Encoded ? Buffer.from(body, 'base64').toString() : body;

const answer = (statusCode: number, body: string): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body,
});
