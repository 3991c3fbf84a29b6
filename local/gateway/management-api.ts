import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocketApiDeclaration } from '../declarations.ts';
import type { AccessCheck } from '../iam/access-check.ts';
import type { Activity } from '../invocation.ts';
import { type Connection, LARGEST_MESSAGE } from './connection.ts';
import { isConnectionId } from './gateway-ids.ts';
import { splitTarget } from './handshake-request.ts';
import { readBody } from './request-body.ts';

/** Answers a request under `/<stage>/@connections`; false, and untouched, where it is for another path. */
export type HandleManagement = (request: IncomingMessage, response: ServerResponse) => boolean;

/** API Gateway's bound on any request's body. */
const LARGEST_BODY = 10 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly errorType?: string;
  /** JSON; absent for an empty body. */
  readonly body?: object;
}

const GONE: Answer = { status: 410, errorType: 'GoneException' };

/**
 * The `@connections` API: POST sends, GET tells, DELETE closes.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
 *
 * A connection is there from the end of its `$connect` until either side closes it; before and after, it is 410.
 * What may call it is decided on the resource `…/<METHOD>/@connections/{connectionId}`, literally so: AWS does not put
 * the id in, and a policy that names one allows nothing.
 */
export function managementApi(
  api: WebSocketApiDeclaration,
  deps: {
    readonly connectionOf: (connectionId: string) => Connection | undefined;
    readonly checkAccess: AccessCheck;
    readonly activity: Activity;
  },
): HandleManagement {
  async function answer(request: IncomingMessage, segments: readonly string[]): Promise<Answer> {
    const method = request.method ?? 'GET';
    const [connectionId] = segments;
    if (segments.length !== 1 || connectionId === undefined || !['POST', 'GET', 'DELETE'].includes(method)) {
      const body = { message: 'Missing Authentication Token' };
      return { status: 403, errorType: 'MissingAuthenticationTokenException', body };
    }
    const body = await readBody(request, LARGEST_BODY);
    if (!body) return { status: 413, errorType: 'RequestTooLargeException', body: { message: 'Request Too Long' } };
    const access = deps.checkAccess({
      method,
      url: request.url ?? '/',
      headers: request.headers,
      body,
      service: 'execute-api',
      action: 'execute-api:ManageConnections',
      resource: `arn:aws:execute-api:us-east-1:000000000000:${api.apiId}/${api.stageName}/${method}/@connections/{connectionId}`,
    });
    if (!access.allowed) {
      const { code, message } = access.failure;
      // API Gateway writes Message with a capital where IAM denies, and message everywhere else
      const key = code === 'AccessDeniedException' ? 'Message' : 'message';
      return { status: 403, errorType: code, body: { [key]: message } };
    }
    if (!isConnectionId(connectionId)) {
      const message = `Invalid connectionId: ${connectionId}`;
      return { status: 400, errorType: 'BadRequestException', body: { message } };
    }
    const connection = deps.connectionOf(connectionId);
    if (method === 'POST') return post(connection, body);
    if (!connection) return GONE;
    if (method === 'GET') return { status: 200, body: describe(connection) };
    connection.close(1000, 'Connection Closed Normally');
    return { status: 204 };
  }

  return (request, response) => {
    const segments = splitTarget(request.url ?? '/')
      .path.split('/')
      .map(decode);
    if (segments[1] !== api.stageName || segments[2] !== '@connections') return false;
    answer(request, segments.slice(3)).then(
      (found) => write(response, found),
      (error: unknown) => {
        deps.activity.warn(`@connections: ${error instanceof Error ? error.message : String(error)}`);
        const body = { message: 'Internal server error' };
        write(response, { status: 500, errorType: 'InternalServerErrorException', body });
      },
    );
    return true;
  };
}

async function post(connection: Connection | undefined, body: Buffer): Promise<Answer> {
  if (body.length > LARGEST_MESSAGE) {
    return { status: 413, errorType: 'PayloadTooLargeException', body: { message: 'Message too long' } };
  }
  const outcome = (await connection?.send(body)) ?? 'gone';
  if (outcome === 'gone') return GONE;
  if (outcome === 'full') return { status: 429, errorType: 'LimitExceededException', body: { message: null } };
  return { status: 200 };
}

function describe({ facts, lastActiveAt }: Connection): object {
  return {
    connectedAt: new Date(facts.connectedAt).toISOString(),
    identity: { sourceIp: facts.sourceIp, userAgent: facts.userAgent ?? '' },
    lastActiveAt: new Date(lastActiveAt).toISOString(),
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function write(response: ServerResponse, { status, errorType, body }: Answer): void {
  response.writeHead(status, {
    'x-amzn-RequestId': randomUUID(),
    ...(errorType !== undefined && { 'x-amzn-ErrorType': errorType }),
    ...(body && { 'Content-Type': 'application/json' }),
  });
  response.end(body && JSON.stringify(body));
}
