import { type ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { readResponseFields } from '../gateway/proxy-response.ts';

/** An answer to a client. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/** What a function cannot say: it is the server's business. */
const OF_THE_CONNECTION = ['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'];

/** API Gateway's own answers: the status in words. */
export function refusal(status: 403 | 404 | 413 | 500 | 503): HttpAnswer {
  const message = status === 413 ? 'Request Entity Too Large' : STATUS_CODES[status];
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message })),
  };
}

/**
 * Reads a function's result in the response format 2.0; a text says what is wrong with it, and the client is told
 * "Internal Server Error". A result without `statusCode` is the body itself, as JSON. Keys that are not of the format
 * (`multiValueHeaders` is of format 1.0) mean nothing.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function readHttpAnswer(payload: unknown): HttpAnswer | string {
  if (typeof payload !== 'object' || payload === null || !('statusCode' in payload)) {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload ?? null);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
  }
  const { cookies = [] } = payload as { cookies?: unknown };
  if (!isTexts(cookies)) return 'the cookies are not a list of strings';
  const response = readResponseFields(payload as Record<string, unknown>);
  if (typeof response === 'string') return response;
  const { statusCode, headers, body = Buffer.alloc(0) } = response;
  if (statusCode < 200) return `the statusCode ${statusCode} is that of no answer`;
  const { 'set-cookie': cookie, ...rest } = headers;
  const told = Object.entries(rest).filter(([name]) => !OF_THE_CONNECTION.includes(name));
  const all = cookie === undefined ? cookies : [...cookies, cookie];
  const answer: HttpAnswer = {
    status: statusCode,
    headers: {
      ...(body.length > 0 && { 'content-type': 'text/plain; charset=utf-8' }),
      ...Object.fromEntries(told),
      ...(all.length > 0 && { 'set-cookie': all }),
    },
    body,
  };
  return faultOfHeaders(answer) ?? answer;
}

/** Answers a client that may be gone. */
export function writeAnswer(response: ServerResponse, { status, headers, body }: HttpAnswer, requestId: string): void {
  const hasBody = status !== 204 && status !== 304;
  response.writeHead(status, {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()])),
    'apigw-requestid': requestId,
    ...(hasBody && { 'content-length': body.length }),
  });
  response.end(hasBody ? body : undefined);
}

function faultOfHeaders({ headers }: HttpAnswer): string | undefined {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      for (const one of [value].flat()) validateHeaderValue(name, one);
    } catch (error) {
      return `its headers cannot be sent: ${(error as Error).message}`;
    }
  }
  return undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
