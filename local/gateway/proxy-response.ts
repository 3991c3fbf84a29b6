/** What a function behind a proxy integration answered. */
export interface ProxyResponse {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded where it was Base64. Absent where the function named none. */
  readonly body?: Buffer;
}

const ALLOWED = new Set(['statusCode', 'headers', 'body', 'isBase64Encoded']);

/**
 * Reads a function's result; a text says what is wrong with it. API Gateway calls such a result malformed, and answers
 * "Internal server error" where the function meant to answer.
 */
export function readProxyResponse(payload: unknown): ProxyResponse | string {
  if (!isRecord(payload)) return 'the result is not an object with a statusCode';
  const unknown = Object.keys(payload).find((key) => !ALLOWED.has(key));
  if (unknown !== undefined) return `the result has the key "${unknown}", which API Gateway does not know`;
  return readResponseFields(payload);
}

/** As {@link readProxyResponse}, whatever other keys there are. */
export function readResponseFields(result: Readonly<Record<string, unknown>>): ProxyResponse | string {
  const { statusCode, headers = {}, body, isBase64Encoded } = result;
  // AWS takes "200" as well
  const status = typeof statusCode === 'string' ? Number(statusCode) : statusCode;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599) {
    return 'the result has no statusCode between 100 and 599';
  }
  if (headers !== null && !isRecord(headers)) return 'the headers are not an object';
  if (body !== undefined && body !== null && typeof body !== 'string') return 'the body is not a string';
  return {
    statusCode: status,
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), `${value}`])),
    ...(typeof body === 'string' && { body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8') }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
