import * as v from 'valibot';
import { ParleyError } from '../chat/errors.ts';
import type { ServerCommand, ServerMessage, ServerMethod, Target } from '../chat/server-command.ts';
import { badField, data, object, someText, wholeNumber } from './fields.ts';
import { historyFields, historyRange } from './history-range.ts';

/** What is said of a connection is shown to every reader of its channels: so much JSON, in bytes. */
const LARGEST_INFO = 4_096;
/** What a close frame has room for (RFC 6455, 5.5 and 5.5.1), in bytes. */
const LONGEST_REASON = 123;

// as Go reads JSON, null is as good as nothing; empty too, as the protocol leaves out what is
const text = v.nullish(v.string('must be a string'), '');
const yesOrNo = v.nullish(v.boolean('must be true or false'), false);
const seconds = v.nullish(wholeNumber, 0);
const textOf = (most: number) => v.pipe(text, v.maxLength(most, `must have at most ${most} characters`));
const channel = someText;

const NOT_BASE64 = 'must be JSON in base64';
/** Bytes, which must be JSON: clients here read nothing else. Undefined where there are none. */
const jsonInBase64 = v.pipe(
  text,
  v.rawTransform<string, unknown>(({ dataset: { value }, addIssue, NEVER }) => {
    if (value === '') return undefined;
    try {
      const bytes = Buffer.from(value, 'base64');
      if (bytes.toString('base64') === value) return JSON.parse(bytes.toString());
    } catch {
      // told like what is not base64
    }
    addIssue({ message: NOT_BASE64 });
    return NEVER;
  }),
);

/** (valibot's `record` leaves out keys such as `constructor`, which are tags like others) */
const tags = v.custom<Readonly<Record<string, string>>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((tag) => typeof tag === 'string'),
  'must be an object of strings',
);

const message = {
  data: v.optional(v.unknown()),
  b64data: jsonInBase64,
  tags: v.nullish(tags),
  skip_history: yesOrNo,
  idempotency_key: textOf(255),
  version: seconds,
};

function messageOf(asked: v.InferOutput<v.ObjectSchema<typeof message, undefined>>): ServerMessage {
  // who is told to leave something out, and cannot, must not send it
  if (asked.version !== 0) throw new ParleyError('not_available', 'version: messages have none here');
  const content = asked.b64data === undefined ? { data: asked.data } : { b64data: asked.b64data };
  const [field] = Object.keys(content) as [string];
  const parsed = v.safeParse(object({ [field]: data }), content);
  if (!parsed.success) throw badField(parsed.issues[0]);
  return {
    data: parsed.output[field],
    ...(asked.tags != null && { tags: asked.tags }),
    ...(asked.skip_history && { ephemeral: true }),
    ...(asked.idempotency_key !== '' && { idempotencyKey: asked.idempotency_key }),
  };
}

const target = { user: text, client: text, session: text };

function targetOf({ user, client, session }: v.InferOutput<v.ObjectSchema<typeof target, undefined>>): Target {
  if (session !== '') throw new ParleyError('not_available', 'session: connections have none here, only "client"');
  return { user, ...(client !== '' && { connection: client }) };
}

const info = v.pipe(
  v.nullish(data),
  v.check(
    (said) => Buffer.byteLength(JSON.stringify(said ?? '')) <= LARGEST_INFO,
    `has more than ${LARGEST_INFO} bytes`,
  ),
);

/** Reads a method's request. Throws `ParleyError`; its message names the field. */
type Reading = (request: unknown) => ServerCommand;

/**
 * Readings of the requests, by method (`internal/apiproto/api.proto` of centrifugal/centrifugo), in the order in which
 * Centrifugo looks for them in a batch: the first counts. Fields that are not named here say nothing.
 */
export const serverReadings: Readonly<Record<ServerMethod, Reading>> = {
  publish: reading(object({ channel, ...message }), (asked) => ({
    method: 'publish',
    channel: asked.channel,
    message: messageOf(asked),
  })),
  broadcast: reading(
    object({
      channels: v.pipe(v.array(v.string('must be a string'), 'must be a list'), v.minLength(1, 'must not be empty')),
      ...message,
    }),
    (asked) => ({ method: 'broadcast', channels: asked.channels, message: messageOf(asked) }),
  ),
  subscribe: reading(
    object({
      ...target,
      channel,
      info,
      b64info: v.pipe(jsonInBase64, info),
      expire_at: seconds,
      recover_since: v.nullish(object({ epoch: text, offset: seconds })),
      override: v.nullish(object({ force_push_join_leave: v.nullish(object({ value: yesOrNo })) })),
    }),
    (asked) => {
      const channelInfo = asked.b64info ?? asked.info;
      const joinLeave = asked.override?.force_push_join_leave?.value;
      return {
        method: 'subscribe',
        target: targetOf(asked),
        channel: asked.channel,
        wishes: {
          ...(channelInfo != null && { channelInfo }),
          ...(asked.expire_at !== 0 && { expires: asked.expire_at }),
          ...(asked.recover_since != null && { since: asked.recover_since }),
          ...(joinLeave !== undefined && { joinLeave }),
        },
      };
    },
  ),
  unsubscribe: reading(object({ ...target, channel }), (asked) => ({
    method: 'unsubscribe',
    target: targetOf(asked),
    channel: asked.channel,
  })),
  disconnect: reading(
    object({
      ...target,
      whitelist: v.nullish(v.array(v.string('must be a string'), 'must be a list'), []),
      disconnect: v.nullish(
        object({
          code: v.pipe(
            v.nullish(wholeNumber, 0),
            v.check((code) => code >= 3000 && code <= 4999, 'must be 3000 to 4999'),
          ),
          reason: v.pipe(text, v.maxBytes(LONGEST_REASON, `must have at most ${LONGEST_REASON} bytes`)),
        }),
      ),
    }),
    (asked) => ({
      method: 'disconnect',
      target: targetOf(asked),
      except: asked.whitelist,
      ...(asked.disconnect != null && { why: asked.disconnect }),
    }),
  ),
  history: reading(object({ channel, ...historyFields }), (asked) => ({
    method: 'history',
    channel: asked.channel,
    ...historyRange(asked),
  })),
  history_remove: ofChannel('history_remove'),
  presence: ofChannel('presence'),
  presence_stats: ofChannel('presence_stats'),
  info: reading(object({}), () => ({ method: 'info' })),
  rpc: reading(object({ method: someText }), () => ({ method: 'rpc' })),
  refresh: reading(object({ ...target, expired: yesOrNo, expire_at: seconds, info }), (asked) => ({
    method: 'refresh',
    target: targetOf(asked),
    expired: asked.expired,
    ...(asked.expire_at !== 0 && { expires: asked.expire_at }),
    ...(asked.info != null && { info: asked.info }),
  })),
  channels: reading(object({ pattern: textOf(1_000) }), ({ pattern }) => ({ method: 'channels', pattern })),
};

function reading<S extends v.GenericSchema>(schema: S, commandOf: (asked: v.InferOutput<S>) => ServerCommand): Reading {
  return (request) => {
    const parsed = v.safeParse(schema, request, { abortEarly: true });
    if (!parsed.success) throw badField(parsed.issues[0]);
    return commandOf(parsed.output);
  };
}

function ofChannel(method: 'history_remove' | 'presence' | 'presence_stats'): Reading {
  return reading(object({ channel }), (asked) => ({ method, channel: asked.channel }));
}
