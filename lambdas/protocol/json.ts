import * as v from 'valibot';
import type { SubscribeEvent } from '../chat/channel-event.ts';
import type { Command, Reply, Request } from '../chat/command.ts';
import { ParleyError } from '../chat/errors.ts';
import type { Format, Position, Publication } from '../chat/ports.ts';
import { DEEPEST, isDeeperThan } from './json-depth.ts';

/** Documents in a frame: each is answered, and a frame of line breaks must not cost hundreds of frames. */
const MOST_DOCUMENTS = 1_000;

const shortText = v.pipe(
  v.string('must be a string of 1 to 64 characters'),
  v.minLength(1, 'must have 1 to 64 characters'),
  v.maxLength(64, 'must have 1 to 64 characters'),
);
const id = v.optional(shortText);
const channel = v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty'));
const wholeNumber = v.pipe(
  v.number('must be a whole number, 0 or more'),
  v.safeInteger('must be a whole number, 0 or more'),
  v.minValue(0, 'must be a whole number, 0 or more'),
);
const present = v.custom<unknown>((value) => value !== undefined, 'is missing');
const data = v.pipe(
  present,
  v.check((value) => !isDeeperThan(value, DEEPEST), `must not be nested deeper than ${DEEPEST} levels`),
);

/** (valibot's `record` leaves out keys such as `constructor`, which are tags like others) */
function isObjectOfStrings(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((tag) => typeof tag === 'string');
}

const object = <E extends v.ObjectEntries>(entries: E) => v.object(entries, 'must be an object');

/** One schema a command; what it does not name is ignored, so that newer clients can say more. */
const commands = v.variant(
  'action',
  [
    object({
      action: v.literal('sendMessage'),
      channel,
      data,
      id,
      idempotencyKey: v.optional(shortText),
      tags: v.optional(v.custom<Record<string, string>>(isObjectOfStrings, 'must be an object of strings')),
      ephemeral: v.optional(v.boolean('must be true or false')),
    }),
    object({
      action: v.literal('subscribe'),
      channel,
      id,
      since: v.optional(object({ epoch: v.string('must be a string'), offset: wholeNumber })),
      rewind: v.optional(wholeNumber),
    }),
    object({ action: v.literal('unsubscribe'), channel, id }),
    object({
      action: v.literal('refresh'),
      token: v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty')),
      id,
    }),
    object({ action: v.literal('ping'), id }),
    object({ action: v.literal('history'), channel, id }),
    object({ action: v.literal('presence'), channel, id }),
  ],
  'must be an action that Parley knows',
);

/**
 * The requests of a client's frame: JSON documents, one a line. Never throws: what is wrong with a document is its
 * request's refusal, with the `id` and `channel` that it named where those can be told.
 */
export function parseFrame(body: string): Request[] {
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return [{ refusal: new ParleyError('bad_request', 'the frame is empty') }];
  // a document that somebody has laid out over several lines is one all the same
  if (lines.length > 1 && isJson(body)) return [parseDocument(body)];
  if (lines.length > MOST_DOCUMENTS) {
    return [{ refusal: new ParleyError('limit_exceeded', `a frame holds at most ${MOST_DOCUMENTS} documents`) }];
  }
  return lines.map(parseDocument);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parseDocument(line: string): Request {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch (cause) {
    return { refusal: new ParleyError('bad_request', 'not JSON: a frame holds JSON objects, one a line', { cause }) };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return { refusal: new ParleyError('bad_request', 'not an object: a frame holds JSON objects, one a line') };
  }
  const parsed = v.safeParse(commands, document, { abortEarly: true });
  // (valibot leaves out an optional field that was not sent; its types do not say so)
  if (parsed.success) return { command: parsed.output as Command };
  const named = document as { action?: unknown; id?: unknown; channel?: unknown };
  return {
    refusal: refusalOf(named.action, parsed.issues[0]),
    ...(v.is(shortText, named.id) && { id: named.id }),
    ...(typeof named.channel === 'string' && named.channel.length <= 255 && { channel: named.channel }),
  };
}

function refusalOf(action: unknown, issue: v.BaseIssue<unknown>): ParleyError {
  const field = v.getDotPath(issue);
  if (field !== 'action') {
    const why = issue.received === 'undefined' ? 'is missing' : issue.message;
    return new ParleyError('bad_request', `${field}: ${why}`);
  }
  if (typeof action !== 'string') return new ParleyError('bad_request', 'action: must be a string');
  return new ParleyError('unknown_action', `action: "${action.slice(0, 64)}" is none that Parley knows`);
}

/** A reply as a document. */
export const encodeReply = (reply: Reply): string => JSON.stringify(reply);

/** How plain clients are written to. */
export const jsonFormat: Format = {
  message: (channel: string, { connection: _, offset, epoch, ...publication }: Publication) =>
    JSON.stringify({ type: 'message', channel, offset, epoch, ...publication }),
  subscribed: (event: SubscribeEvent, position: Position | undefined, recovered: boolean | undefined) =>
    JSON.stringify({ type: 'subscribed', id: event.id, channel: event.channel, ...position, recovered }),
  unsubscribed: (channel, id) => JSON.stringify({ type: 'unsubscribed', id, channel }),
  alreadySubscribed: ({ id, channel }) =>
    JSON.stringify({
      type: 'error',
      id,
      channel,
      code: 'already_subscribed',
      message: `${channel}: already subscribed`,
    }),
};
