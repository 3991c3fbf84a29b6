import * as v from 'valibot';
import { ParleyError } from '../chat/errors.ts';
import { DEEPEST, isDeeperThan } from './json-depth.ts';

/** So many messages a `history` answers at most, whatever its limit: fewer where they would not fit a frame. */
export const LONGEST_HISTORY = 1_000;

/** A JSON object with these fields. What it does not name is left out, so that newer clients can say more. */
export const object = <E extends v.ObjectEntries>(entries: E) => v.object(entries, 'must be an object');

const NOT_WHOLE = 'must be a whole number, 0 or more';

/** An offset, or a number of messages, that is exact in a JavaScript number. */
export const wholeNumber = v.pipe(v.number(NOT_WHOLE), v.safeInteger(NOT_WHOLE), v.minValue(0, NOT_WHOLE));

/** How many messages are wanted: however many those are, no more than `LONGEST_HISTORY`. */
export const howMany = v.pipe(
  v.number(NOT_WHOLE),
  v.integer(NOT_WHOLE),
  v.minValue(0, NOT_WHOLE),
  v.transform((limit) => Math.min(limit, LONGEST_HISTORY)),
);

/** A text that says something. */
export const someText = v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty'));

/** What a client publishes: any JSON, `null` included, down to a depth that whatever reads it later can bear. */
export const data = v.pipe(
  v.custom<unknown>((value) => value !== undefined, 'is missing'),
  v.check((value) => !isDeeperThan(value, DEEPEST), `must not be nested deeper than ${DEEPEST} levels`),
);

/** `bad_request` for what a schema found first, with the name of the field: `within` and the issue's own. */
export function badField(issue: v.BaseIssue<unknown>, within?: string): ParleyError {
  const why = issue.received === 'undefined' ? 'is missing' : issue.message;
  const field = [within, v.getDotPath(issue)].filter((name) => name != null).join('.');
  return new ParleyError('bad_request', `${field}: ${why}`);
}
