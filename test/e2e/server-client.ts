import type { TestParley } from '../support/parley.ts';

/** What an answer of the server API says. */
export interface ServerAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls a method of the server API as the owner's server would; `key`: of the header `X-API-Key`, which is not sent where it is undefined. */
export async function callServer(
  { served }: Pick<TestParley, 'served'>,
  method: string,
  body: unknown,
  key: string | undefined,
): Promise<ServerAnswer> {
  const response = await fetch(`${served.stack.outputs.ApiUrl}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { 'x-api-key': key }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as ServerAnswer['body'] };
}
