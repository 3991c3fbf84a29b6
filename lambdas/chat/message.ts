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

/**
 * The event of a message that may be published.
 *
 * With an `idempotencyKey` its id is derived from channel, user and key, so that what is sent again is the same
 * message; an anonymous user's scope is the connection. Throws `limit_exceeded` where its push would not fit a frame.
 */
export function messageFrom(
  { formats, limits, world }: Pick<Chat, 'formats' | 'limits' | 'world'>,
  channel: Channel,
  sender: Connection,
  { data, tags, ephemeral, idempotencyKey: key }: SendMessage,
): Outgoing & { readonly event: PublishEvent } {
  const id = key === undefined ? world.id() : derivedId(channel.name, sender, key);
  const event: PublishEvent = {
    v: EVENT_VERSION,
    type: 'publish',
    channel: channel.name,
    id,
    user: sender.user,
    connection: sender.id,
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

function derivedId(channel: string, { user, id }: Connection, key: string): string {
  const scope = user === '' ? ['connection', id] : ['user', user];
  return createHash('sha256')
    .update(JSON.stringify([channel, ...scope, key]))
    .digest('base64url')
    .slice(0, 22);
}
