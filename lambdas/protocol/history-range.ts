import * as v from 'valibot';
import type { History } from '../chat/command.ts';
import { ParleyError } from '../chat/errors.ts';
import { LONGEST_HISTORY, object, wholeNumber } from './fields.ts';

const NOT_WHOLE = 'must be a whole number';

/** The fields of Centrifugo's `HistoryRequest` that say which part of a history is wanted; null is as good as nothing. */
export const historyFields = {
  limit: v.nullish(v.pipe(v.number(NOT_WHOLE), v.integer(NOT_WHOLE)), 0),
  since: v.nullish(object({ epoch: v.nullish(v.string('must be a string'), ''), offset: v.nullish(wholeNumber, 0) })),
  reverse: v.nullish(v.boolean('must be true or false'), false),
};

/** The fields as they were read. */
type HistoryFields = v.InferOutput<v.ObjectSchema<typeof historyFields, undefined>>;

/**
 * Which messages are wanted: from one end of what is kept on, or from `since`, which is not among them. A limit below 0
 * asks for as many as there may be in one answer. Throws `bad_request` for what would come before the first message.
 */
export function historyRange({ limit, since, reverse }: HistoryFields): Omit<History, 'action' | 'channel' | 'id'> {
  if (reverse && since?.offset === 0) {
    throw new ParleyError('bad_request', 'since.offset: must be 1 or more with "reverse"');
  }
  return {
    limit: limit < 0 ? LONGEST_HISTORY : Math.min(limit, LONGEST_HISTORY),
    order: reverse ? 'newestFirst' : 'oldestFirst',
    ...(since != null && (reverse ? { before: since.offset } : { after: since.offset })),
    ...(since != null && since.epoch !== '' && { epoch: since.epoch }),
  };
}
