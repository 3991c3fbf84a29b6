import type { Channel } from './channel.ts';
import { EVENT_VERSION, type Reason, type Since, type UnsubscribeEvent } from './channel-event.ts';
import type { Chat } from './chat.ts';
import { Unavailable } from './errors.ts';
import { hasHistory } from './namespace.ts';
import { type Connection, latestRequest } from './ports.ts';
import { requestToken, subscribeEvent } from './request.ts';

type Parts = Pick<Chat, 'connections' | 'queue' | 'limits' | 'world'>;

/** The event by which a server ends a subscription; `token` is noted in the connection's record first. */
export const serverUnsubscribe = (
  { id, format }: Pick<Connection, 'id' | 'format'>,
  channel: string,
  token: string,
  push: Reason,
): UnsubscribeEvent => ({ v: EVENT_VERSION, type: 'unsubscribe', channel, connection: id, token, format, push });

/** Ends a connection's subscription, if it has one: noted in its record, then an event of the channel. */
export async function unsubscribeConnection(
  { connections, queue, limits, world }: Parts,
  connection: Connection,
  channel: string,
  push: Reason,
): Promise<void> {
  if (latestRequest(connection, channel) === undefined) return;
  const token = requestToken(world, 'u');
  if ((await connections.note(connection.id, { [channel]: { token } }, limits.channels)) !== 'noted') return;
  await accepted(queue.send([{ event: serverUnsubscribe(connection, channel, token, push) }]));
}

/** What a server wants for a subscription that it makes. */
export interface ServerWishes {
  readonly since?: Since | undefined;
  readonly joinLeave?: boolean | undefined;
  readonly channelInfo?: unknown;
  /** Unix time in seconds. */
  readonly expires?: number | undefined;
}

/** Subscribes a connection to a channel, if it is not: the client is told by a push. False: it has no place for another. */
export async function subscribeConnection(
  { connections, queue, limits, world }: Parts,
  connection: Connection,
  { name, options }: Channel,
  wishes: ServerWishes,
): Promise<boolean> {
  if (latestRequest(connection, name)?.startsWith('s')) return true;
  const token = requestToken(world, 's');
  const request = { token, ...(wishes.expires !== undefined && { expires: wishes.expires }) };
  const noted = await connections.note(connection.id, { [name]: request }, limits.channels);
  if (noted !== 'noted') return noted === 'gone';
  const event = subscribeEvent(connection, connection.format, name, token, {
    ...wishes,
    recoverable: hasHistory(options),
    joinLeave: options.joinLeave === true && (connection.format === 'json' || wishes.joinLeave === true),
  });
  await accepted(queue.send([{ event: { ...event, by: 'server' } }]));
  return true;
}

async function accepted(sending: Promise<boolean[]>): Promise<void> {
  if ((await sending).includes(false)) throw new Unavailable('an event was not accepted');
}
