import { randomUUID } from 'node:crypto';
import type { Activity, Clock } from '../invocation.ts';
import { type OperationContext, operations } from './operations.ts';
import type { Queue } from './queue.ts';
import { QueueError } from './queue-error.ts';
import type { Queues } from './queues.ts';
import { type OperationName, operationOf, parseRequest, type RequestOf } from './requests.ts';

/** The account that a sender is of where nobody says otherwise. */
const ACCOUNT = '000000000000';

/** An HTTP answer. */
interface SqsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Who asks. */
interface SqsCaller {
  /** What receivers read as `SenderId`. @default the account */
  readonly senderId?: string;
  /** Aborted when the connection has gone: a long poll then takes no message that nobody would get. */
  readonly signal?: AbortSignal;
}

/** SQS's HTTP protocol (AWS JSON 1.0), without signatures and policies: whoever calls it has checked those. */
export interface SqsProtocol {
  /** Answers one POST: `target` is its `X-Amz-Target`. Never rejects. */
  handle(target: string, body: string, caller?: SqsCaller): Promise<SqsAnswer>;
  /**
   * The IAM action that a request needs, and the ARN of its queue (also of one that does not exist).
   * Undefined: it touches no queue, and `handle` answers it with an error.
   */
  iamOf(target: string, body: string): { readonly action: string; readonly resource: string } | undefined;
  /** Answers every long poll, with nothing; from now on none waits. */
  close(): void;
}

/** Serves queues by SQS's protocol. Faults of ours are answered `InternalFailure` (500) and told to `activity`. */
export function sqsProtocol(
  queues: Queues,
  {
    clock,
    activity,
    requestId = randomUUID,
  }: { readonly clock: Clock; readonly activity: Activity; readonly requestId?: () => string },
): SqsProtocol {
  const closing = new AbortController();
  const startedAt = clock.now();

  const answer = (status: number, document: object, headers: Record<string, string> = {}): SqsAnswer => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': requestId(), ...headers },
    body: JSON.stringify(document),
  });

  const run = async (target: string, body: string, { senderId = ACCOUNT, signal }: SqsCaller): Promise<object> => {
    const operation = operationOf(target);
    const request = parseRequest(operation, body);
    const queue = queues.byName(queueName(request));
    if (queue === undefined) throw new QueueError('QueueDoesNotExist', 'The specified queue does not exist.');
    return perform(operation, queue, request, {
      clock,
      startedAt,
      senderId,
      signal: signal ? AbortSignal.any([signal, closing.signal]) : closing.signal,
    });
  };

  return {
    async handle(target, body, caller = {}) {
      try {
        return answer(200, await run(target, body, caller));
      } catch (error) {
        if (error instanceof QueueError) {
          const { type, code, status, message } = error;
          return answer(status, { __type: type, message }, { 'x-amzn-query-error': `${code};Sender` });
        }
        activity.warn(`sqs ${target} failed: ${error instanceof Error ? error.stack : error}`);
        return answer(
          500,
          { __type: 'com.amazon.coral.service#InternalFailure' },
          { 'x-amzn-query-error': 'InternalFailure;Receiver' },
        );
      }
    },

    iamOf(target, body) {
      try {
        const operation = operationOf(target);
        const name = queueName(parseRequest(operation, body));
        // a batch needs what its single form needs
        const action = `sqs:${operation.replace(/Batch$/, '')}`;
        return { action, resource: queues.byName(name)?.declaration.arn ?? `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}` };
      } catch (error) {
        if (error instanceof QueueError) return undefined;
        throw error;
      }
    },

    close() {
      closing.abort();
    },
  };
}

function perform<Name extends OperationName>(
  operation: Name,
  queue: Queue,
  request: RequestOf<Name>,
  context: OperationContext,
): object | Promise<object> {
  return operations[operation](queue, request, context);
}

/** The queue that a request names: by its name, or as the last part of its URL, whose host does not matter. */
function queueName(request: RequestOf<OperationName>): string {
  if ('QueueName' in request) return request.QueueName;
  const [, name] = /^(?:https?:\/\/[^/]+)?\/?\d{12}\/([\w-]{1,80}(?:\.fifo)?)$/.exec(request.QueueUrl) ?? [];
  if (name !== undefined) return name;
  throw new QueueError('InvalidAddress', `The address ${request.QueueUrl} is not valid for this endpoint.`);
}
