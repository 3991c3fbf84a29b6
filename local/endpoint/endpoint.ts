import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from '../gateway/request-body.ts';
import type { Activity } from '../invocation.ts';
import type { AwsAnswer, AwsService, RestService } from './aws-service.ts';
import { type CallerAccess, refusalOf } from './caller-access.ts';
import { jsonAnswer } from './json-answer.ts';
import { callOf } from './service-call.ts';

/** The most that DynamoDB takes; the others take less, and say so themselves. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

/** The one address of all AWS services for the functions (`AWS_ENDPOINT_URL`). */
export interface Endpoint {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Serves these from now on; until then calls are refused. */
  serve(services: readonly (AwsService | RestService)[], access: CallerAccess): void;
  /** Cuts off what is under way. */
  close(): Promise<void>;
}

/**
 * Listens on a loopback port of its own. Its URL is in the template that the services are made from, so it is opened
 * first, and `serve` follows.
 *
 * Each call must be signed by a function's credentials for the service it is sent to, and its role must allow all that
 * the call touches. A denial is told at the terminal.
 */
export async function openEndpoint({ activity }: { readonly activity: Activity }): Promise<Endpoint> {
  let services: readonly (AwsService | RestService)[] = [];
  let access: CallerAccess | undefined;

  async function answer(request: IncomingMessage, gone: AbortSignal): Promise<AwsAnswer> {
    const body = await readBody(request, MAX_REQUEST_BYTES);
    if (!body) return failure(413, 'RequestEntityTooLarge', `A request has at most ${MAX_REQUEST_BYTES} bytes.`);
    const { method = '', url = '', headers } = request;
    const call = callOf({ method, url, headers, body }, services);
    if (!call || !access) return unknownService(request);
    const refused = refusalOf({ method, url, headers, body }, call, access);
    if (refused) {
      if (refused.code === 'AccessDeniedException') activity.warn(`${refused.code}: ${refused.message}`);
      return call.refusal(refused);
    }
    return call.handle(gone);
  }

  function unknownService(request: IncomingMessage): AwsAnswer {
    const asked = serviceOf(request) ?? operationOf(request);
    const message = `the local server has no ${asked}: it serves ${services.map(({ name }) => name).join(', ')}`;
    activity.warn(message);
    return failure(400, 'UnknownServiceException', message);
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const { status, headers, body } = await answer(request, gone.signal);
      const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
      response.writeHead(status, { ...headers, ...length }).end(body);
    } catch (error) {
      // a function that was ended in the middle of a call is no fault here
      if (request.destroyed && !request.complete) return;
      activity.warn(`${operationOf(request)} failed: ${error instanceof Error ? error.stack : error}`);
      response.writeHead(500).end(failure(500, 'InternalFailure', 'The local server failed.').body);
    }
  }

  const server = createServer((request, response) => void respond(request, response));
  // long polls of SQS take 20 s, and a client may keep its connection for minutes
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(added, callers) {
      services = added;
      access = callers;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The service that a signature is for: `monitoring`. */
function serviceOf({ headers }: IncomingMessage): string | undefined {
  return /Credential=[^/]+\/[^/]+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1];
}

function operationOf({ headers, method, url }: IncomingMessage): string {
  return String(headers['x-amz-target'] ?? `${method} ${url}`);
}

function failure(status: number, type: string, message: string): AwsAnswer {
  return jsonAnswer('1.0', status, { __type: type, message });
}
