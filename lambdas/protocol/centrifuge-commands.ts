import * as v from 'valibot';
import type { Since } from '../chat/channel-event.ts';
import type { Command } from '../chat/command.ts';
import { Disconnected, ParleyError } from '../chat/errors.ts';
import { BAD_REQUEST } from './centrifuge-codes.ts';
import { badField, data, LONGEST_HISTORY, object, someText, wholeNumber } from './fields.ts';

/** The bit of a subscribe's `flag` that asks for an error where the position cannot be recovered. */
const REJECT_UNRECOVERED = 2;

// as Go reads JSON, null is as good as nothing; empty too, as the protocol leaves out what is
const text = v.nullish(v.string('must be a string'), '');
const yesOrNo = v.nullish(v.boolean('must be true or false'), false);
const number = v.nullish(v.pipe(v.number('must be a whole number'), v.integer('must be a whole number')), 0);
const position = { epoch: text, offset: v.nullish(wholeNumber, 0) };
const recovery = v.nullish(object({ recover: yesOrNo, ...position }));
const subs = v.custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object', 'must be an object');

/** Reads a method's request. Throws `ParleyError` and `Disconnected`. */
type Reading = (method: string, request: unknown, id: string) => Command;

/**
 * Readings of the requests, by method (`definitions/client.proto` of centrifugal/protocol), in the order in which
 * Centrifugo looks for them: the first counts. `send` is not there: it is answered by nothing.
 */
export const readings = {
  connect: reading(object({ token: text, subs: v.nullish(subs) }), (asked, id) => ({
    action: 'connect',
    id,
    ...(asked.token !== '' && { token: asked.token }),
    subs: positionsOf(asked.subs ?? {}),
  })),
  ping: reading(v.unknown(), (_, id) => ({ action: 'ping', id })),
  subscribe: reading(
    object({
      channel: text,
      token: text,
      recover: yesOrNo,
      ...position,
      positioned: yesOrNo,
      recoverable: yesOrNo,
      join_leave: yesOrNo,
      flag: number,
      type: number,
      tf: v.nullish(v.unknown()),
    }),
    (asked, id) => {
      if (asked.type !== 0) throw new ParleyError('not_available', 'subscribe.type: only streams are available');
      // who is told to leave something out, and cannot, must not send it
      if (asked.tf != null) throw new ParleyError('bad_request', 'subscribe.tf: filters are not available');
      return {
        action: 'subscribe',
        id,
        channel: required(asked.channel),
        ...(asked.token !== '' && { token: asked.token }),
        ...(asked.recover && { since: { epoch: asked.epoch, offset: asked.offset } }),
        ...((asked.positioned || asked.recoverable) && { recoverable: true }),
        ...(asked.join_leave && { joinLeave: true }),
        ...((asked.flag & REJECT_UNRECOVERED) !== 0 && { strict: true }),
      };
    },
  ),
  unsubscribe: reading(object({ channel: text }), ({ channel }, id) => ({
    action: 'unsubscribe',
    id,
    channel: required(channel),
  })),
  publish: reading(object({ channel: text, data, type: number }), (asked, id) => {
    if (asked.type !== 0) throw new ParleyError('not_available', 'publish.type: only streams are available');
    return { action: 'sendMessage', id, channel: required(asked.channel), data: asked.data };
  }),
  presence: reading(object({ channel: text }), ({ channel }, id) => ({
    action: 'presence',
    id,
    channel: required(channel),
  })),
  presence_stats: reading(object({ channel: text }), ({ channel }, id) => ({
    action: 'presenceStats',
    id,
    channel: required(channel),
  })),
  history: reading(
    object({ channel: text, limit: number, since: v.nullish(object(position)), reverse: yesOrNo }),
    ({ channel, limit, since, reverse }, id) => {
      if (reverse && since?.offset === 0) {
        throw new ParleyError('bad_request', 'history.since.offset: must be 1 or more with "reverse"');
      }
      return {
        action: 'history',
        id,
        channel: required(channel),
        limit: limit < 0 ? LONGEST_HISTORY : Math.min(limit, LONGEST_HISTORY),
        order: reverse ? 'newestFirst' : 'oldestFirst',
        ...(since != null && (reverse ? { before: since.offset } : { after: since.offset })),
        ...(since != null && since.epoch !== '' && { epoch: since.epoch }),
      };
    },
  ),
  rpc: reading(object({ method: text, data: v.optional(data) }), (asked, id) => ({
    action: 'rpc',
    id,
    method: asked.method,
    data: asked.data,
  })),
  refresh: reading(object({ token: text }), ({ token }, id) => ({ action: 'refresh', id, token: required(token) })),
  sub_refresh: reading(object({ channel: text, token: someText }), ({ channel, token }, id) => ({
    action: 'subRefresh',
    id,
    channel: required(channel),
    token,
  })),
} satisfies Readonly<Record<string, Reading>>;

function reading<S extends v.GenericSchema>(
  schema: S,
  commandOf: (asked: v.InferOutput<S>, id: string) => Command,
): Reading {
  return (method, request, id) => commandOf(read(schema, request, method), id);
}

function read<S extends v.GenericSchema>(schema: S, request: unknown, name: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, request, { abortEarly: true });
  if (!parsed.success) throw badField(parsed.issues[0], name);
  return parsed.output;
}

/** (valibot's `record` leaves out keys such as `constructor`, which are channels like others) */
function positionsOf(subs: Readonly<Record<string, unknown>>): ReadonlyMap<string, Since> {
  const positions = new Map<string, Since>();
  for (const [channel, request] of Object.entries(subs)) {
    const asked = read(recovery, request, 'connect.subs');
    if (asked?.recover) positions.set(channel, { epoch: asked.epoch, offset: asked.offset });
  }
  return positions;
}

/** Where Centrifugo ends a connection that leaves out a text. */
function required(text: string): string {
  if (text === '') throw new Disconnected(BAD_REQUEST);
  return text;
}
