import { createHash } from 'node:crypto';
import type { Channel } from './channel.ts';
import { EVENT_VERSION, type PublishEvent } from './channel-event.ts';
import type { Chat } from './chat.ts';
import type { SendMessage } from './command.ts';
import { ParleyError } from './errors.ts';
import type { Connection, Outgoing } from './ports.ts';
import { publicationOf } from './publications.ts';

/** The longest position that a push can hold: what fits with it fits with every other. */
const LONGEST_POSITION = { epoch: 'x'.repeat(8), offset: Number.MAX_SAFE_INTEGER };

/** Who publishes a message: a connection, or, without one, a server of the owner. */
export type Publisher = Pick<Connection, 'id' | 'user' | 'info'> | undefined;

/**
 * The event of a message that may be published.
 *
 * With an `idempotencyKey` its id is derived from channel, user and key, so that what is sent again is the same
 * message; an anonymous user's scope is the connection, and a server's is none of a user's. Throws `limit_exceeded`
 * where its push would not fit a frame in one of the formats.
 */
export function messageFrom(
  { formats, limits, world }: Pick<Chat, 'formats' | 'limits' | 'world'>,
  channel: Channel,
  sender: Publisher,
  { data, tags, ephemeral, idempotencyKey: key }: Pick<SendMessage, 'data' | 'tags' | 'ephemeral' | 'idempotencyKey'>,
): Outgoing & { readonly event: PublishEvent } {
  const id = key === undefined ? world.id() : derivedId(channel.name, sender, key);
  const event: PublishEvent = {
    v: EVENT_VERSION,
    type: 'publish',
    channel: channel.name,
    id,
    ...(sender && { user: sender.user, connection: sender.id }),
    ...(sender?.info !== undefined && { info: sender.info }),
    data,
    time: world.now(),
    ...(tags !== undefined && { tags }),
    ...(key !== undefined && { key }),
    ...(ephemeral === true && { ephemeral }),
  };
  const push = publicationOf(event, LONGEST_POSITION);
  for (const format of Object.values(formats)) {
    const over = Buffer.byteLength(format.message(channel.name, push)) - limits.messageBytes;
    if (over > 0) throw new ParleyError('limit_exceeded', `data: the message is ${over} bytes too large`);
  }
  return { event, ...(key !== undefined && { deduplicationId: id }) };
}

function derivedId(channel: string, sender: Publisher, key: string): string {
  const scope =
    sender === undefined ? ['server'] : sender.user === '' ? ['connection', sender.id] : ['user', sender.user];
  return createHash('sha256')
    .update(JSON.stringify([channel, ...scope, key]))
    .digest('base64url')
    .slice(0, 22);
}
