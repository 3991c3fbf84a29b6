import type { Request } from '../chat/command.ts';
import { Disconnected, ParleyError } from '../chat/errors.ts';
import { BAD_REQUEST } from './centrifuge-codes.ts';
import { readings } from './centrifuge-commands.ts';
import { documentsOf, type JsonObject, MOST_DOCUMENTS, readDocument } from './documents.ts';

const METHODS = Object.keys(readings) as (keyof typeof readings)[];
/** Ids are `uint32`. */
const HIGHEST_ID = 0xffff_ffff;

/**
 * Whether a frame is one of the Centrifugo protocol, by its first document: false for one with an `action`, which is
 * plain; undefined where it cannot be told.
 */
export function isCentrifugeFrame(body: string): boolean | undefined {
  const [first] = documentsOf(body);
  const document = first === undefined ? undefined : readDocument(first);
  if (document === undefined || document instanceof ParleyError) return undefined;
  if (Object.hasOwn(document, 'action')) return false;
  const isOne =
    Object.keys(document).length === 0 ||
    typeof document.id === 'number' ||
    ['send', ...METHODS].some((method) => Object.hasOwn(document, method));
  return isOne || undefined;
}

/**
 * The requests of a frame of the Centrifugo JSON protocol, their ids in decimal digits. `send` and pongs are none.
 *
 * Throws `Disconnected` for what is no frame of it, and where Centrifugo ends the connection: then nothing of the frame
 * is to be run. Anything else that is wrong with a command is its request's refusal.
 */
export function parseCentrifugeFrame(body: string): Request[] {
  const documents = documentsOf(body);
  if (documents.length === 0) throw new Disconnected(BAD_REQUEST);
  const read = documents.length > MOST_DOCUMENTS ? tooMany : requestOf;
  return documents.flatMap((text) => requestsOf(text, read));
}

function requestsOf(text: string, read: typeof requestOf): Request[] {
  const document = readDocument(text);
  if (document instanceof ParleyError) throw new Disconnected(BAD_REQUEST, { cause: document });
  const { id: named, ...rest } = document;
  const id = named ?? 0;
  if (!isId(id)) throw new Disconnected(BAD_REQUEST);
  const method = METHODS.find((name) => rest[name] != null);
  if (method === undefined && rest.send != null) return [];
  if (id > 0) return [read(String(id), rest, method)];
  if (Object.keys(rest).length > 0) throw new Disconnected(BAD_REQUEST);
  return []; // a pong
}

function requestOf(id: string, rest: JsonObject, method: keyof typeof readings | undefined): Request {
  if (method === undefined) return { refusal: unknownMethod(rest), id };
  try {
    return { command: readings[method](method, rest[method], id) };
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    return { refusal: error, id };
  }
}

/** (each by its id: an SDK could not tell whose error one for all is) */
const tooMany = (id: string): Request => ({
  refusal: new ParleyError('limit_exceeded', `a frame holds at most ${MOST_DOCUMENTS} documents`),
  id,
});

/** What looks like a method of a newer protocol is refused; Centrifugo ends the connection. */
function unknownMethod(rest: JsonObject): ParleyError {
  const method = Object.keys(rest).find((name) => typeof rest[name] === 'object' && rest[name] !== null);
  if (method === undefined) throw new Disconnected(BAD_REQUEST);
  return new ParleyError('unknown_action', `"${method.slice(0, 64)}" is no method that Parley knows`);
}

const isId = (id: unknown): id is number =>
  typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= HIGHEST_ID;
