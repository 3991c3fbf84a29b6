import * as v from 'valibot';
import { ParleyError } from '../chat/errors.ts';
import type { ServerMethod, ServerRequest } from '../chat/server-command.ts';
import { documentsOf, type JsonObject } from './documents.ts';
import { badField, object } from './fields.ts';
import { serverReadings } from './server-request.ts';

/** Commands in a call: each is answered. */
const MOST_COMMANDS = 1_000;

const METHODS = Object.keys(serverReadings) as ServerMethod[];

const batch = object({
  commands: v.nullish(
    v.pipe(
      v.array(v.unknown(), 'must be a list'),
      v.maxLength(MOST_COMMANDS, `a batch holds at most ${MOST_COMMANDS} commands`),
    ),
    [],
  ),
  parallel: v.nullish(v.boolean('must be true or false'), false),
});

/** A command as it was read; `id` is its caller's own. */
type ReadRequest = ServerRequest & { readonly id?: number };

/** What a call of the server API asks for. */
export interface ReadCall {
  /** One command; those of a batch; or documents, one a line, that name their method, as older libraries send them. */
  readonly form: 'one' | 'batch' | 'lines';
  readonly requests: readonly ReadRequest[];
  /** The commands may be run in any order. */
  readonly parallel: boolean;
}

/**
 * Reads a call of the server API; without a method in its address, the documents name theirs. What is wrong with a
 * command is its refusal.
 *
 * Throws `ParleyError` where there is none to answer: `unknown_action` for a method that Parley does not have, and
 * `bad_request` for a body that is no JSON object, or a batch that is none.
 */
export function readServerCall(method: string | undefined, body: string): ReadCall {
  if (method === undefined) return { form: 'lines', requests: readLines(body), parallel: false };
  if (method === 'batch') return readBatch(objectIn(body));
  if (!isMethod(method)) throw unknownMethod(method);
  return { form: 'one', requests: [requestOf(method, objectIn(body), '')], parallel: false };
}

function readBatch(body: unknown): ReadCall {
  const parsed = v.safeParse(batch, body, { abortEarly: true });
  if (!parsed.success) throw badField(parsed.issues[0]);
  const { commands, parallel } = parsed.output;
  const requests = commands.map((command, i): ServerRequest => {
    const place = `commands.${i}`;
    if (!isObject(command)) return { refusal: new ParleyError('bad_request', `${place}: must be an object`) };
    const method = METHODS.find((name) => command[name] != null);
    if (method !== undefined) return requestOf(method, command[method], `${place}.${method}.`);
    return { refusal: new ParleyError('unknown_action', `${place}: names no method of Parley`) };
  });
  return { form: 'batch', requests, parallel };
}

/** The form of Centrifugo before version 5, which it still takes (`internal/api/handler_legacy.go` of centrifugal/centrifugo). */
function readLines(body: string): ReadRequest[] {
  const documents = documentsOf(body);
  if (documents.length === 0) throw new ParleyError('bad_request', 'the body is empty');
  if (documents.length > MOST_COMMANDS) {
    throw new ParleyError('bad_request', `a body holds at most ${MOST_COMMANDS} commands`);
  }
  return documents.map((text) => {
    const { id, method, params } = objectIn(text);
    const name = String(method).toLowerCase();
    const request = isMethod(name) ? requestOf(name, params ?? {}, 'params.') : { refusal: unknownMethod(name) };
    return { ...request, ...(typeof id === 'number' && { id }) };
  });
}

/** `place`: what stands before the name of a field. */
function requestOf(method: ServerMethod, request: unknown, place: string): ServerRequest {
  try {
    return { command: serverReadings[method](request) };
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    return { refusal: new ParleyError(error.code, `${place}${error.message}`, { cause: error }) };
  }
}

const unknownMethod = (name: string) =>
  new ParleyError('unknown_action', `"${name.slice(0, 64)}" is no method of Parley`);

function objectIn(body: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new ParleyError('bad_request', 'the body is not JSON', { cause });
  }
  if (!isObject(value)) throw new ParleyError('bad_request', 'the body is no JSON object');
  return value;
}

const isMethod = (name: string): name is ServerMethod => METHODS.some((method) => method === name);

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
