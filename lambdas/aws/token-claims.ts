import * as v from 'valibot';
import { ParleyError } from '../chat/errors.ts';
import type { Identity } from '../chat/ports.ts';

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
 * Who a verified token says somebody is. `userClaim` names the user.
 *
 * Throws `permission_denied` where a claim is not what it should be, an unknown allowance in `caps` included.
 */
export function identityOf(claims: Readonly<Record<string, unknown>>, userClaim: string): Identity {
  const user = claims[userClaim];
  if (typeof user !== 'string' || user === '')
    throw badToken(`the claim "${userClaim}" must be a string and not empty`);
  const { exp, info } = claims;
  return {
    user,
    ...(typeof exp === 'number' && { expires: Math.floor(exp) }),
    ...(info !== undefined && { info }),
    ...(claims.caps !== undefined && { caps: capsOf(claims.caps) }),
  };
}

function capsOf(claim: unknown): NonNullable<Identity['caps']> {
  const parsed = v.safeParse(Caps, claim);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  throw badToken(`the claim "caps${path === null ? '' : `.${path}`}" is not valid: ${issue.message}`);
}

function isRegExp(pattern: string): boolean {
  try {
    return RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
