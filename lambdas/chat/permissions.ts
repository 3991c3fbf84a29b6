import type { Channel } from './channel.ts';
import { ParleyError } from './errors.ts';
import { hasHistory } from './namespace.ts';
import type { Capability, Identity } from './ports.ts';

type Allowance = Capability['allow'][number];

/**
 * Throws `permission_denied` unless something allows this identity to read the channel.
 * The order of the rules is Centrifugo's: a channel that needs a token, a channel of certain users, caps, the namespace.
 */
export function checkSubscribe(channel: Channel, identity: Identity): void {
  if (channel.needsToken) throw denied(channel, 'subscribing needs a subscription token');
  checkUserList(channel, identity);
  if (channel.users !== undefined) return;
  if (allows(identity, channel, 'sub') || channel.options.allowSubscribeForClient) return;
  throw denied(channel, 'subscribing is not allowed');
}

/**
 * Throws `permission_denied` unless something allows this identity to publish to the channel.
 * `subscribed`: the connection's record names a subscribe of the channel.
 */
export function checkPublish(channel: Channel, identity: Identity, subscribed: boolean): void {
  checkUserList(channel, identity);
  const { allowPublishForClient, allowPublishForSubscriber } = channel.options;
  if (allowPublishForClient || (allowPublishForSubscriber && subscribed)) return;
  if (allows(identity, channel, 'pub')) return;
  throw denied(channel, 'publishing is not allowed');
}

/**
 * Throws unless something allows this identity to read the channel's history: `permission_denied`, or `not_available`
 * where the namespace keeps none. `subscribed`: as for `checkPublish`.
 */
export function checkHistory(channel: Channel, identity: Identity, subscribed: boolean): void {
  checkUserList(channel, identity);
  if (!hasHistory(channel.options))
    throw new ParleyError('not_available', `${channel.name}: its namespace has no history`);
  const { allowHistoryForClient, allowHistoryForSubscriber } = channel.options;
  if (allowHistoryForClient || (allowHistoryForSubscriber && subscribed)) return;
  if (allows(identity, channel, 'hst')) return;
  throw denied(channel, 'reading its history is not allowed');
}

/** The same of who reads the channel. */
export function checkPresence(channel: Channel, identity: Identity, subscribed: boolean): void {
  checkUserList(channel, identity);
  if (!channel.options.presence)
    throw new ParleyError('not_available', `${channel.name}: its namespace has no presence`);
  if (mayKnowPresence(channel, identity, subscribed)) return;
  throw denied(channel, 'asking for its presence is not allowed');
}

/** Whether something allows this identity to know who reads the channel. */
export function mayKnowPresence(channel: Channel, identity: Identity, subscribed: boolean): boolean {
  const { allowPresenceForClient, allowPresenceForSubscriber } = channel.options;
  if (allowPresenceForClient || (allowPresenceForSubscriber && subscribed)) return true;
  return allows(identity, channel, 'prs');
}

/** Whether the time of a token is over; `now` in ms since 1970. */
export const isExpired = ({ expires }: { readonly expires?: number | undefined }, now: number): boolean =>
  expires !== undefined && expires * 1000 <= now;

/** A channel that lists its users is closed to all others, before any other rule. */
function checkUserList(channel: Channel, identity: Identity): void {
  if (channel.users === undefined) return;
  if (!channel.options.allowUserLimitedChannels) throw denied(channel, 'its namespace has no user-limited channels');
  if (identity.user !== '' && channel.users.includes(identity.user)) return;
  throw denied(channel, 'the channel is limited to other users');
}

const allows = (identity: Identity, channel: Channel, allowance: Allowance): boolean =>
  identity.caps?.some(
    (cap) => cap.allow.includes(allowance) && cap.channels.some((pattern) => matches(cap, pattern, channel.name)),
  ) ?? false;

function matches(cap: Capability, pattern: string, name: string): boolean {
  if (cap.match === 'wildcard') return new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`).test(name);
  if (cap.match === 'regex') return new RegExp(pattern).test(name);
  return pattern === name;
}

const denied = (channel: Channel, why: string) => new ParleyError('permission_denied', `${channel.name}: ${why}`);
