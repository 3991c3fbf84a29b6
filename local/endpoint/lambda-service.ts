import { randomUUID } from 'node:crypto';
import type { FunctionDeclaration } from '../declarations.ts';
import type { AccessFailure } from '../iam/access-failure.ts';
import type { SignedRequest } from '../iam/canonical-request.ts';
import type { Invoke } from '../invocation.ts';
import type { AsynchronousInvocations } from './asynchronous-invocations.ts';
import type { AwsAnswer, RestService } from './aws-service.ts';
import { type NamedFunction, readFunctionName } from './function-name.ts';

/** What Lambda takes for an event, in bytes of JSON. */
const LARGEST_EVENT = { RequestResponse: 6_291_456, Event: 1_048_576, DryRun: 6_291_456 } as const;
type InvocationType = keyof typeof LARGEST_EVENT;

/** Headers by which a caller asks for what is not served; `X-Amz-Log-Type: Tail` is another. */
const NOT_SERVED = ['x-amz-client-context', 'x-amz-tenant-id', 'x-amz-durable-execution-name'];

/** What Lambda's API is made of. */
export interface LambdaServiceOptions {
  readonly functions: readonly FunctionDeclaration[];
  readonly invoke: Invoke;
  /** Takes the events of invocations of the type Event. */
  readonly asynchronous: Pick<AsynchronousInvocations, 'enqueue'>;
}

/**
 * Lambda's Invoke, by which one function calls another: RequestResponse, Event and DryRun.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 *
 * A function that fails is no failure of the call: 200, with `X-Amz-Function-Error: Unhandled` and the error's document,
 * without its trace, which is shown at the terminal. Of versions there is `$LATEST` alone, and there are no aliases.
 */
export function lambdaService({ functions, invoke, asynchronous }: LambdaServiceOptions): RestService {
  async function perform({ arn, qualifier = '$LATEST' }: NamedFunction, request: SignedRequest): Promise<AwsAnswer> {
    const type = invocationType(request);
    if (type === undefined) return refuse(400, 'InvalidParameterValueException', NO_SUCH_TYPE);
    const notServed = notServedOf(request);
    if (notServed !== undefined) {
      return refuse(400, 'InvalidParameterValueException', `The local server does not serve ${notServed}.`);
    }
    if (!functions.some((declared) => declared.arn === arn) || qualifier !== '$LATEST') {
      const named = qualifier === '$LATEST' ? arn : `${arn}:${qualifier}`;
      return refuse(404, 'ResourceNotFoundException', `Function not found: ${named}`);
    }
    const largest = LARGEST_EVENT[type];
    if (request.body.length > largest) {
      const limit = `Request must be smaller than ${largest} bytes for the InvokeFunction operation`;
      return refuse(413, 'RequestEntityTooLargeException', limit);
    }
    const event = readEvent(request.body);
    if (!event.ok) return refuse(400, 'InvalidRequestContentException', event.why);
    if (type === 'DryRun') return answer(204, '');
    if (type === 'Event') {
      asynchronous.enqueue(arn, event.value, 'lambda event');
      return answer(202, '');
    }
    const invocation = await invoke(arn, event.value, 'lambda invoke');
    const version = { 'x-amz-executed-version': '$LATEST' };
    if (invocation.ok) return answer(200, JSON.stringify(invocation.payload), version);
    const { errorType, errorMessage } = invocation;
    const failed = { ...version, 'x-amz-function-error': 'Unhandled' };
    return answer(200, JSON.stringify({ errorType, errorMessage }), failed);
  }

  return {
    name: 'lambda',
    servesPath: (path) => /^\/\d{4}-\d\d-\d\d\/functions(\/|$)/.test(path),
    iamOf(request) {
      const named = invokedFunction(request);
      if (named === undefined || 'fault' in named) return [];
      const { arn, qualifier } = named;
      return [{ action: 'lambda:InvokeFunction', resource: qualifier === undefined ? arn : `${arn}:${qualifier}` }];
    },
    async handle(request) {
      const named = invokedFunction(request);
      if (named === undefined) {
        const what = `${request.method} ${request.url} is not served by the local Lambda: it serves Invoke.`;
        return refuse(404, 'UnknownOperationException', what);
      }
      if ('fault' in named) return refuse(400, 'InvalidParameterValueException', named.fault);
      return perform(named, request);
    },
    refusal: refused,
  };
}

const NO_SUCH_TYPE =
  "1 validation error detected: Value at 'invocationType' failed to satisfy constraint: " +
  'Member must satisfy enum value set: [RequestResponse, Event, DryRun]';

/** The function that a request invokes; undefined where it is another operation. */
function invokedFunction({ method, url }: SignedRequest): NamedFunction | { readonly fault: string } | undefined {
  const { pathname, searchParams } = new URL(url, 'http://lambda');
  const [, given] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(pathname) ?? [];
  if (method !== 'POST' || given === undefined) return undefined;
  const named = readFunctionName(decoded(given));
  if (named === undefined) return { fault: `${given} is no function name, and no ARN of a function.` };
  const qualifier = searchParams.get('Qualifier') || named.qualifier;
  if (named.qualifier !== undefined && qualifier !== named.qualifier) {
    return { fault: 'The derived qualifier from the function name does not match the specified qualifier.' };
  }
  return { arn: named.arn, ...(qualifier !== undefined && { qualifier }) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function invocationType({ headers }: SignedRequest): InvocationType | undefined {
  const type = String(headers['x-amz-invocation-type'] ?? 'RequestResponse');
  return Object.hasOwn(LARGEST_EVENT, type) ? (type as InvocationType) : undefined;
}

function notServedOf({ headers }: SignedRequest): string | undefined {
  if ((headers['x-amz-log-type'] ?? 'None') !== 'None') return 'x-amz-log-type: logs are shown at the terminal';
  return NOT_SERVED.find((name) => headers[name] !== undefined);
}

/** An event; no body at all is `{}`, as in Lambda. */
function readEvent(
  body: Uint8Array,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string } {
  if (body.length === 0) return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(Buffer.from(body).toString()) };
  } catch (error) {
    return { ok: false, why: `Could not parse request body into json: ${(error as Error).message}` };
  }
}

function answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): AwsAnswer {
  const common = { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID() };
  return { status, headers: { ...common, ...headers }, body };
}

function refuse(status: number, type: string, Message: string): AwsAnswer {
  return answer(status, JSON.stringify({ Type: 'User', Message }), { 'x-amzn-errortype': type });
}

/** As API Gateway does: `Message` where access is denied, `message` where the signature is at fault. */
function refused({ code, message }: AccessFailure): AwsAnswer {
  const key = code === 'AccessDeniedException' ? 'Message' : 'message';
  return answer(403, JSON.stringify({ [key]: message }), { 'x-amzn-errortype': code });
}
