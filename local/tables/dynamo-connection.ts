import type { AwsAnswer } from '../endpoint/aws-service.ts';

/** What DynamoDB's targets begin with. */
export const DYNAMO_TARGET = 'DynamoDB_20120810';

/** A DynamoDB that somebody else has made, embedded or not. */
export interface DynamoConnection {
  /** Where it listens. */
  readonly url: string;
  /** What to call it when a person is told about it. */
  readonly description: string;
  /** Sends one request, signed for it. Rejects where it cannot be reached. */
  send(target: string, body: string): Promise<AwsAnswer>;
  /** Ends it, if it is embedded, after what is on its way. */
  close(): Promise<void>;
}

/** A refusal of DynamoDB's; `code` is the exception's short name. */
export class DynamoError extends Error {
  override readonly name = 'DynamoError';
  readonly code: string;

  constructor(operation: string, code: string, message: string) {
    super(`${operation}: ${code}${message && `: ${message}`}`);
    this.code = code;
  }
}

/** Calls an operation and reads its answer. Throws a DynamoError where DynamoDB refuses. */
export async function callDynamo<Output>(
  connection: DynamoConnection,
  operation: string,
  input: object,
): Promise<Output> {
  const { status, body } = await connection.send(`${DYNAMO_TARGET}.${operation}`, JSON.stringify(input));
  if (status === 200) return JSON.parse(body) as Output;
  const { code, message } = readFailure(body);
  throw new DynamoError(operation, code || `HTTP ${status}`, message);
}

/** The short name and the message of a refusal; both empty where the body is none. */
export function readFailure(body: string): { readonly code: string; readonly message: string } {
  try {
    const { __type = '', message, Message } = JSON.parse(body) as Record<string, string | undefined>;
    return { code: __type.split('#').at(-1) ?? '', message: message ?? Message ?? '' };
  } catch {
    return { code: '', message: body };
  }
}

/** Posts a request and reads the whole answer; of its headers, those that an SDK looks at. */
export async function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<AwsAnswer> {
  const response = await fetch(url, { method: 'POST', headers, body });
  const kept = ['content-type', 'x-amzn-requestid', 'x-amz-crc32'].flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { status: response.status, headers: Object.fromEntries(kept), body: await response.text() };
}
