import * as v from 'valibot';
import type { Command, History, Reply, Request } from '../chat/command.ts';
import { ParleyError } from '../chat/errors.ts';
import type { Format, Publication } from '../chat/ports.ts';
import { documentsOf, MOST_DOCUMENTS, readDocument } from './documents.ts';
import { badField, data, howMany, object, someText, wholeNumber } from './fields.ts';

/** So many messages `history` answers where the client names no limit. */
const USUAL_HISTORY = 50;

const shortText = v.pipe(
  v.string('must be a string of 1 to 64 characters'),
  v.minLength(1, 'must have 1 to 64 characters'),
  v.maxLength(64, 'must have 1 to 64 characters'),
);
const id = v.optional(shortText);
const channel = someText;

/** (valibot's `record` leaves out keys such as `constructor`, which are tags like others) */
function isObjectOfStrings(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((tag) => typeof tag === 'string');
}

/** One schema a command. */
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
    v.pipe(
      object({
        action: v.literal('subscribe'),
        channel,
        id,
        since: v.optional(object({ epoch: v.string('must be a string'), offset: wholeNumber })),
        rewind: v.optional(wholeNumber),
        token: v.optional(someText),
      }),
      v.forward(
        v.check(({ since, rewind }) => since === undefined || rewind === undefined, 'not together with "since"'),
        ['rewind'],
      ),
    ),
    object({ action: v.literal('unsubscribe'), channel, id }),
    object({ action: v.literal('refresh'), token: someText, id }),
    object({ action: v.literal('ping'), id }),
    v.pipe(
      object({
        action: v.literal('history'),
        channel,
        id,
        limit: v.optional(howMany, USUAL_HISTORY),
        after: v.optional(wholeNumber),
        before: v.optional(wholeNumber),
      }),
      // who names where it stands goes on from there; between both, too
      v.transform((asked) => {
        const order: History['order'] = asked.after === undefined ? 'newest' : 'oldestFirst';
        return { ...asked, order };
      }),
    ),
    object({ action: v.literal('presence'), channel, id, after: v.optional(someText) }),
  ],
  'must be an action that Parley knows',
);

/**
 * The requests of a plain client's frame: JSON documents, one a line. Never throws: what is wrong with a document is its
 * request's refusal, with the `id` and `channel` that it named where those can be told.
 */
export function parseFrame(body: string): Request[] {
  const documents = documentsOf(body);
  if (documents.length === 0) return [{ refusal: new ParleyError('bad_request', 'the frame is empty') }];
  if (documents.length > MOST_DOCUMENTS) {
    return [{ refusal: new ParleyError('limit_exceeded', `a frame holds at most ${MOST_DOCUMENTS} documents`) }];
  }
  return documents.map(parseDocument);
}

function parseDocument(text: string): Request {
  const document = readDocument(text);
  if (document instanceof ParleyError) return { refusal: document };
  const parsed = v.safeParse(commands, document, { abortEarly: true });
  // (valibot leaves out an optional field that was not sent; its types do not say so)
  if (parsed.success) return { command: parsed.output as Command };
  return {
    refusal: refusalOf(document.action, parsed.issues[0]),
    ...(v.is(shortText, document.id) && { id: document.id }),
    ...(typeof document.channel === 'string' && document.channel.length <= 255 && { channel: document.channel }),
  };
}

function refusalOf(action: unknown, issue: v.BaseIssue<unknown>): ParleyError {
  if (v.getDotPath(issue) !== 'action') return badField(issue);
  if (typeof action !== 'string') return new ParleyError('bad_request', 'action: must be a string');
  return new ParleyError('unknown_action', `action: "${action.slice(0, 64)}" is none that Parley knows`);
}

/** A message as clients see it: who published it, but not over which connection, nor what its token says. */
const shown = ({ connection: _connection, info: _info, offset, epoch, ...publication }: Publication) => ({
  offset,
  epoch,
  ...publication,
});

const message: Format['message'] = (channel, publication) =>
  JSON.stringify({ type: 'message', channel, ...shown(publication) });

/** How plain clients are written to. */
export const jsonFormat: Format = {
  message,
  piece: message,
  subscribed({ id, channel }, { position, recovered, missed }) {
    const document = JSON.stringify({ type: 'subscribed', id, channel, ...position, recovered });
    return [document, ...missed.map(({ text }) => text)].join('\n');
  },
  unsubscribed: ({ id, channel, push }) => JSON.stringify({ type: 'unsubscribed', id, channel, ...push }),
  tells: 'users',
  join: (channel, { user }) => JSON.stringify({ type: 'join', channel, user }),
  leave: (channel, { user }) => JSON.stringify({ type: 'leave', channel, user }),
  disconnect: ({ code, reason }) => JSON.stringify({ type: 'disconnect', code, reason }),
  ping: JSON.stringify({ type: 'ping' }),
  reply: (reply) => JSON.stringify(documentOf(reply)),
};

/** A reply as plain clients know it; that of a command which is none of theirs stays as it is. */
function documentOf(reply: Reply): object {
  if (reply.type === 'refreshed') {
    const { ttl: _ttl, ...refreshed } = reply;
    return refreshed;
  }
  if (reply.type !== 'history') return reply;
  const { position, publications, ...history } = reply;
  return { ...history, ...position, messages: publications.map(shown) };
}
