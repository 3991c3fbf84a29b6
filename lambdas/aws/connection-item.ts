import type { FormatName } from '../chat/channel-event.ts';
import { expiryOf } from '../chat/connection-life.ts';
import type { Capability, Connection, Identity } from '../chat/ports.ts';
import { fromJsonAttribute, jsonAttribute } from './json-attribute.ts';

/**
 * A connection's record as the table keeps it; older versions may have written less.
 *
 * In `channels` each name has a `#` before it: `__proto__` is a valid channel, and as a key it would be lost on the way.
 * When a subscription by a token ends is an attribute of its own, `end#<channel>`: `<token> <Unix seconds>`, which counts
 * only while the token is the channel's latest request, so it need not be removed with it.
 */
export interface ConnectionItem {
  readonly id: string;
  readonly user: string;
  /** The key of the index `byUser`, which cannot be empty: the anonymous user is in no index. */
  readonly userKey?: string;
  /** When it was made, whole minutes since 1970: the key of the index `byMinute`. */
  readonly minute?: number;
  readonly format?: FormatName;
  readonly expires?: number;
  readonly info?: string;
  readonly caps?: string;
  readonly serverChannels?: string;
  /** It has had an attribute `end#…`. */
  readonly hasEnds?: true;
  readonly connectedAt: number;
  readonly channels?: Readonly<Record<string, string>>;
  /** Counts the changes of `channels`. */
  readonly changes?: number;
  readonly expiresAt: number;
}

/** What a token says, as attributes; one that is not said is not among them. */
export const IDENTITY_ATTRIBUTES = ['user', 'userKey', 'expires', 'info', 'caps', 'serverChannels'] as const;

/** What a token says, as the record keeps it. */
export const identityAttributes = ({ user, expires, info, caps, serverChannels }: Identity) => ({
  user,
  ...(user !== '' && { userKey: user }),
  ...(expires !== undefined && { expires }),
  ...jsonAttribute('info', info),
  ...jsonAttribute('caps', caps),
  ...jsonAttribute('serverChannels', serverChannels),
});

/** The key of a channel in `channels`. */
export const keyOf = (channel: string): string => `#${channel}`;

const END = 'end#';

/** The attribute that says when the subscription to a channel ends. */
export const endAttribute = (channel: string): string => `${END}${channel}`;

/** The item of a connection that has just been made, but for its key. */
export const connectionItem = (connection: Connection): ConnectionItem => ({
  id: connection.id,
  ...identityAttributes(connection),
  minute: Math.floor(connection.connectedAt / 60_000),
  format: connection.format,
  connectedAt: connection.connectedAt,
  channels: Object.fromEntries(Object.entries(connection.channels).map(([name, token]) => [keyOf(name), token])),
  expiresAt: expiryOf(connection),
});

/** The connection of an item. */
export function connectionOf(id: string, item: ConnectionItem): Connection {
  const channels = withoutPrototype(Object.entries(item.channels ?? {}).map(([key, token]) => [key.slice(1), token]));
  return {
    id,
    user: item.user,
    format: item.format ?? 'json',
    connectedAt: item.connectedAt,
    channels,
    ends: endsOf(item, channels),
    ...(item.expires !== undefined && { expires: item.expires }),
    ...fromJsonAttribute<'info', unknown>('info', item.info),
    ...fromJsonAttribute<'caps', readonly Capability[]>('caps', item.caps),
    ...fromJsonAttribute<'serverChannels', readonly string[]>('serverChannels', item.serverChannels),
  };
}

function endsOf(item: ConnectionItem, channels: Readonly<Record<string, string>>): Record<string, number> {
  const ends = Object.entries(item).flatMap(([attribute, value]): [string, number][] => {
    if (!attribute.startsWith(END)) return [];
    const channel = attribute.slice(END.length);
    const [token, expires] = String(value).split(' ');
    return token === channels[channel] ? [[channel, Number(expires)]] : [];
  });
  return withoutPrototype(ends);
}

/** `constructor` is a valid channel, too, and must not be found where nobody has named it. */
const withoutPrototype = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  Object.assign(Object.create(null), Object.fromEntries(entries));
