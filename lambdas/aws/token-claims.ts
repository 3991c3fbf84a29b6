import * as v from 'valibot';
import { ParleyError } from '../chat/errors.ts';
import type { Identity, SubscriptionGrant } from '../chat/ports.ts';

/** A user is the key of an index, and is written into every message: API Gateway's and DynamoDB's bounds are far off. */
const LONGEST_USER = 512;
/** As many as a connection may have. */
const MOST_CHANNELS = 128;
/** In the year 2106, Unix time in seconds: Centrifugo's SDKs hold what is left until then in 32 bits. */
const LATEST_END = 0xffff_ffff;

const Channels = v.pipe(
  v.array(v.string('must be a string'), 'must be a list of channels'),
  v.maxLength(MOST_CHANNELS, `must have at most ${MOST_CHANNELS} channels`),
);

const Caps = v.array(
  v.pipe(
    v.object({
      channels: v.array(v.string()),
      match: v.optional(v.picklist(['wildcard', 'regex'])),
      allow: v.array(v.picklist(['sub', 'pub', 'hst', 'prs'])),
    }),
    v.check(
      (cap) => cap.match !== 'regex' || cap.channels.every(isRegExp),
      'a channel pattern is no regular expression',
    ),
    v.transform(({ channels, match, allow }) => ({ channels, allow, ...(match !== undefined && { match }) })),
  ),
);

/** A refusal of a token; the message is told to the client, so it says what is wrong and nothing of what is right. */
export const badToken = (what: string, cause?: unknown): ParleyError =>
  new ParleyError('permission_denied', `token: ${what}`, { cause });

/** A token that was good once. */
export const expiredToken = (cause: unknown): ParleyError =>
  new ParleyError('token_expired', 'token: it has expired', { cause });

/**
 * Who a verified token says somebody is. `userClaim` names the user; with `anonymous`, one without a user is allowed to
 * be nobody (`''`).
 *
 * Throws `permission_denied` where a claim is not what it should be, an unknown allowance in `caps` included.
 */
export function identityOf(
  claims: Readonly<Record<string, unknown>>,
  userClaim: string,
  { anonymous = false }: { readonly anonymous?: boolean } = {},
): Identity {
  const user = userOf(claims, userClaim, anonymous);
  const { info } = claims;
  return {
    user,
    ...expiryOf(claims),
    ...(info !== undefined && { info }),
    ...(claims.caps !== undefined && { caps: parsedClaim('caps', Caps, claims.caps) }),
    ...(claims.channels !== undefined && { serverChannels: parsedClaim('channels', Channels, claims.channels) }),
  };
}

/** What a verified subscription token says: its user (`sub`) may read its channel. Throws like `identityOf`. */
export function grantOf(claims: Readonly<Record<string, unknown>>): SubscriptionGrant {
  const { channel, info } = claims;
  if (typeof channel !== 'string' || channel === '') throw badToken('it is for no channel');
  const user = userOf(claims, 'sub', true);
  return { user, channel, ...expiryOf(claims), ...(info !== undefined && { info }) };
}

function userOf(claims: Readonly<Record<string, unknown>>, claim: string, anonymous: boolean): string {
  const user = anonymous ? (claims[claim] ?? '') : claims[claim];
  if (typeof user !== 'string' || (user === '' && !anonymous)) {
    throw badToken(`the claim "${claim}" must be a string and not empty`);
  }
  if (Buffer.byteLength(user) > LONGEST_USER)
    throw badToken(`the claim "${claim}" has more than ${LONGEST_USER} bytes`);
  return user;
}

/** An end that is centuries off, such as one in milliseconds, is none: neither tables nor SDKs hold every number. */
const expiryOf = ({ exp }: Readonly<Record<string, unknown>>): { readonly expires?: number } =>
  typeof exp === 'number' && exp <= LATEST_END ? { expires: Math.floor(exp) } : {};

function parsedClaim<S extends v.GenericSchema>(name: string, schema: S, claim: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, claim);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  throw badToken(`the claim "${name}${path === null ? '' : `.${path}`}" is not valid: ${issue.message}`);
}

function isRegExp(pattern: string): boolean {
  try {
    return RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
