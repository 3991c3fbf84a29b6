import { ParleyError } from '../chat/errors.ts';

/** Documents in a frame: each is answered, and a frame of line breaks must not cost hundreds of frames. */
export const MOST_DOCUMENTS = 1_000;

/** A document as it was read. What every object has is not among its own properties, and may be called like one. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The documents of a frame, one a line, as they stand there; none where it is empty. How many there are is for the caller to judge. */
export function documentsOf(body: string): string[] {
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  // a document that somebody has laid out over several lines is one all the same
  return lines.length > 1 && isJson(body) ? [body] : lines;
}

/** The object that a document is, or `bad_request` where it is none. */
export function readDocument(text: string): JsonObject | ParleyError {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    return new ParleyError('bad_request', 'not JSON: a frame holds JSON objects, one a line', { cause });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return new ParleyError('bad_request', 'not an object: a frame holds JSON objects, one a line');
  }
  return document as JsonObject;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
