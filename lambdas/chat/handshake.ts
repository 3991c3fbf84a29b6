import { channelNamed } from './channel.ts';
import type { Since, SubscribeEvent } from './channel-event.ts';
import type { Chat, Limits } from './chat.ts';
import { gone } from './departure.ts';
import { ParleyError, Unavailable } from './errors.ts';
import { hasHistory } from './namespace.ts';
import { checkSubscribe, isExpired } from './permissions.ts';
import type { Connection } from './ports.ts';
import { requestToken, subscribeEvent } from './request.ts';

/** A channel that a client asks for in its handshake, and where it stood there. */
export interface WantedChannel {
  readonly name: string;
  readonly since?: Since;
  /** So many of the newest messages first, where there is no `since`. */
  readonly rewind?: number;
}

/**
 * Lets a connection in: its record, with the channels that it asks for, then a subscribe of each.
 *
 * Throws `ParleyError`, and leaves nothing behind, unless all of the channels are allowed. Where the events cannot be
 * sent, what was written is taken down again, and the failure is thrown.
 */
export async function connect(
  chat: Pick<Chat, 'connections' | 'queue' | 'namespaces' | 'world'> & { readonly limits: Pick<Limits, 'channels'> },
  connection: Omit<Connection, 'channels' | 'ends' | 'format'>,
  wanted: readonly WantedChannel[],
): Promise<void> {
  const { queue, namespaces, limits, world } = chat;
  const byName = new Map(wanted.map((channel) => [channel.name, channel]));
  if (byName.size > limits.channels) {
    throw new ParleyError('limit_exceeded', `channels: at most ${limits.channels} a connection`);
  }
  if (byName.size > 0 && isExpired(connection, world.now())) {
    throw new ParleyError('token_expired', 'channels: nobody without a valid token may ask for one');
  }
  const events = [...byName.values()].map(({ name, since, rewind }): SubscribeEvent => {
    const channel = channelNamed(namespaces, name);
    checkSubscribe(channel, connection);
    const { joinLeave } = channel.options;
    const wishes = { joinLeave, recoverable: hasHistory(channel.options), ...(since ? { since } : { rewind }) };
    return { ...subscribeEvent(connection, 'json', name, requestToken(world, 's'), wishes), handshake: true };
  });
  const channels = Object.fromEntries(events.map(({ channel, token }) => [channel, token]));
  await chat.connections.create({ ...connection, format: 'json', channels, ends: {} });
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
