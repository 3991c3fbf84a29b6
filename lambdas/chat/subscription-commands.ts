import { type Channel, channelNamed } from './channel.ts';
import { EVENT_VERSION } from './channel-event.ts';
import type { Request, SubRefresh, Subscribe, Unsubscribe } from './command.ts';
import { answer, type CommandFrame, note, setEnd } from './command-frame.ts';
import { ttlOf } from './connecting.ts';
import { Disconnected, ParleyError } from './errors.ts';
import { hasHistory } from './namespace.ts';
import { checkSubscribe, mayKnowPresence } from './permissions.ts';
import { latestRequest, type SubscriptionGrant } from './ports.ts';
import { INVALID_TOKEN, SUBSCRIPTION_EXPIRED } from './reasons.ts';
import { subscribeEvent } from './request.ts';
import { serverUnsubscribe } from './server-subscriptions.ts';

/** Lets a connection read a channel that it may read: by a subscription token, which decides alone, or by the rules. */
export async function subscribeCommand(
  frame: CommandFrame,
  request: Request,
  channel: Channel,
  command: Subscribe,
): Promise<void> {
  const { parts, connection, format } = frame;
  let grant: SubscriptionGrant | undefined;
  if (command.token === undefined) checkSubscribe(channel, connection);
  else grant = await grantOf(frame, channel, command.token);
  const isNew = latestRequest(connection, channel.name) === undefined;
  if (isNew && Object.keys(connection.channels).length >= parts.limits.channels) {
    throw new ParleyError('limit_exceeded', `channel: at most ${parts.limits.channels} channels a connection`);
  }
  const { options, name } = channel;
  const knowsPresence = mayKnowPresence(channel, connection, true);
  const token = note(frame, name, 's', grant?.expires);
  const event = subscribeEvent(connection, format, name, token, {
    ...command,
    recoverable: hasHistory(options) && (options.forceRecovery === true || command.recoverable === true),
    joinLeave: options.joinLeave === true && (format === 'json' || (command.joinLeave === true && knowsPresence)),
    expires: grant?.expires,
    channelInfo: grant?.info,
  });
  frame.accepted.push({ request, outgoing: { event } });
}

/** What a subscription token says. Throws where it is not good, or is not for this user and channel. */
async function grantOf(frame: CommandFrame, { name }: Channel, token: string): Promise<SubscriptionGrant> {
  const { parts, connection, format } = frame;
  const grant = await parts.tokens.verifySubscription(token);
  const why =
    grant.user !== connection.user
      ? 'it is of another user'
      : grant.channel !== name
        ? 'it is for another channel'
        : undefined;
  if (why === undefined) return grant;
  // (Centrifugo: a token that somebody else was given is no mistake of a client)
  if (format === 'centrifuge') throw new Disconnected(INVALID_TOKEN);
  throw new ParleyError('permission_denied', `token: ${why}`);
}

/** Ends a subscription, by the channel's worker where there may be one. */
export function unsubscribeCommand(frame: CommandFrame, request: Request, { channel, id }: Unsubscribe): void {
  const { parts, connection, format } = frame;
  const named = { ...(id !== undefined && { id }), channel };
  if (latestRequest(connection, channel) === undefined) {
    // (an SDK drops its connection where this is an error)
    if (format === 'json') channelNamed(parts.namespaces, channel);
    // the record comes first, so no row can be there: the answer has no order to keep
    answer(frame, { type: 'unsubscribed', ...named });
    return;
  }
  // (also where its namespace has been taken out of the configuration)
  const token = note(frame, channel, 'u');
  const event = { v: EVENT_VERSION, type: 'unsubscribe', connection: connection.id, token, format, ...named } as const;
  frame.accepted.push({ request, outgoing: { event } });
}

/** Brings a new subscription token for a channel that one has opened. Where it has expired, the client asks anew. */
export async function subRefresh(
  frame: CommandFrame,
  request: Request,
  { channel: name, token, id }: SubRefresh,
): Promise<void> {
  const { parts, connection } = frame;
  const latest = latestRequest(connection, name);
  if (!latest?.startsWith('s')) throw new ParleyError('permission_denied', `${name}: not subscribed`);
  const grant = await grantOf(frame, channelNamed(parts.namespaces, name), token).catch(invalidToken);
  if (grant === undefined) {
    // an SDK takes an error for the end of the subscription
    const event = serverUnsubscribe(connection, name, note(frame, name, 'u'), SUBSCRIPTION_EXPIRED);
    frame.accepted.push({ request, outgoing: { event } });
  } else if (await parts.connections.extend(connection.id, name, latest, grant.expires)) {
    setEnd(frame, name, grant.expires);
  } else {
    throw new ParleyError('permission_denied', `${name}: not subscribed any more`);
  }
  const ttl = ttlOf({ expires: grant?.expires }, parts.world.now());
  answer(frame, { type: 'subRefreshed', id, ...(ttl !== undefined && { ttl }) });
}

/** Undefined: it was good once. */
function invalidToken(error: unknown): undefined {
  if (!(error instanceof ParleyError)) throw error;
  if (error.code === 'token_expired') return undefined;
  throw new Disconnected(INVALID_TOKEN, { cause: error });
}
