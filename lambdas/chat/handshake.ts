import { channelNamed } from './channel.ts';
import { EVENT_VERSION, type SubscribeEvent } from './channel-event.ts';
import type { Chat, Limits } from './chat.ts';
import { gone } from './departure.ts';
import { ParleyError, Unavailable } from './errors.ts';
import { checkSubscribe, isExpired } from './permissions.ts';
import type { Connection } from './ports.ts';

/** How long after its beginning a connection may still be in its handshake (the integration's longest time). */
const HANDSHAKE_MS = 30_000;

/** Whether a 410 may only mean that `$connect` has not returned yet; both in ms since 1970. */
export const isInHandshake = ({ connectedAt }: { readonly connectedAt: number }, now: number): boolean =>
  now - connectedAt < HANDSHAKE_MS;

/** A channel that a client asks for in its handshake, and where it stood there. */
export interface WantedChannel {
  readonly name: string;
  readonly since?: SubscribeEvent['since'];
}

/**
 * Lets a connection in: its record, with the channels that it asks for, then a subscribe of each.
 *
 * Throws `ParleyError`, and leaves nothing behind, unless all of the channels are allowed. Where the events cannot be
 * sent, what was written is taken down again, and the failure is thrown.
 */
export async function connect(
  chat: Pick<Chat, 'connections' | 'queue' | 'namespaces' | 'world'> & { readonly limits: Pick<Limits, 'channels'> },
  connection: Omit<Connection, 'channels'>,
  wanted: readonly WantedChannel[],
): Promise<void> {
  const { queue, namespaces, limits, world } = chat;
  const bySince = new Map(wanted.map(({ name, since }) => [name, since]));
  if (bySince.size > limits.channels) {
    throw new ParleyError('limit_exceeded', `channels: at most ${limits.channels} a connection`);
  }
  if (bySince.size > 0 && isExpired(connection, world.now())) {
    throw new ParleyError('token_expired', 'channels: nobody without a valid token may ask for one');
  }
  for (const name of bySince.keys()) checkSubscribe(channelNamed(namespaces, name), connection);
  const events = [...bySince].map(
    ([channel, since]): SubscribeEvent => ({
      v: EVENT_VERSION,
      type: 'subscribe',
      channel,
      connection: connection.id,
      user: connection.user,
      ...(connection.info !== undefined && { info: connection.info }),
      format: 'json',
      token: `s${world.id().slice(0, 11)}`,
      ...(since !== undefined && { since }),
      handshake: true,
      connectedAt: connection.connectedAt,
    }),
  );
  const channels = Object.fromEntries(events.map(({ channel, token }) => [channel, token]));
  await chat.connections.create({ ...connection, channels });
  if (events.length === 0) return;
  try {
    const sent = await queue.send(events.map((event) => ({ event })));
    if (sent.includes(false)) throw new Unavailable('a subscribe of the handshake was not accepted');
  } catch (error) {
    await gone(chat, connection.id).catch((again: unknown) => {
      const cause = new AggregateError([error, again]);
      throw new Unavailable('a handshake could neither be finished nor taken down', { cause });
    });
    throw error;
  }
}
