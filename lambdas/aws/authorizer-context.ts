import type { Identity } from '../chat/ports.ts';

/** An authorizer's context: API Gateway passes on strings, numbers and booleans, and hands all of them on as strings. */
export type AuthorizerContext = Readonly<Record<string, string>>;

/** The context that says who somebody is. */
export const contextOf = ({ user, expires, info, caps, serverChannels }: Identity): AuthorizerContext => ({
  user,
  ...(expires !== undefined && { expires: String(expires) }),
  ...(info !== undefined && { info: JSON.stringify(info) }),
  ...(caps !== undefined && { caps: JSON.stringify(caps) }),
  ...(serverChannels !== undefined && { serverChannels: JSON.stringify(serverChannels) }),
});

/**
 * Who the context of an event says somebody is. Throws where it is none of ours.
 * (That API Gateway hands on an empty string is not documented: without a `user`, it was the empty one.)
 */
export function identityFrom(context: Readonly<Record<string, unknown>> | undefined): Identity {
  const {
    principalId,
    user = principalId === 'anonymous' ? '' : undefined,
    expires,
    info,
    caps,
    serverChannels,
  } = context ?? {};
  if (typeof user !== 'string') throw new Error('the event has no context of the authorizer');
  return {
    user,
    ...(expires !== undefined && { expires: Number(expires) }),
    ...(info !== undefined && { info: JSON.parse(String(info)) }),
    ...(caps !== undefined && { caps: JSON.parse(String(caps)) }),
    ...(serverChannels !== undefined && { serverChannels: JSON.parse(String(serverChannels)) }),
  };
}
