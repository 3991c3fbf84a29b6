import { EVENT_VERSION, type SubscribeEvent } from './channel-event.ts';
import type { Connection, World } from './ports.ts';

/** A token of its own for a request to join (`s…`) or to leave (`u…`) a channel: 66 random bits. */
export const requestToken = (world: Pick<World, 'id'>, kind: 's' | 'u'): string => kind + world.id().slice(0, 11);

/** The event of a connection that may read a channel, and asks to. `token` is noted in the connection's record first. */
export function subscribeEvent(
  connection: Omit<Connection, 'channels'>,
  channel: string,
  token: string,
  { id, since }: { readonly id?: string | undefined; readonly since?: SubscribeEvent['since'] | undefined },
): SubscribeEvent {
  return {
    v: EVENT_VERSION,
    type: 'subscribe',
    channel,
    connection: connection.id,
    user: connection.user,
    ...(connection.info !== undefined && { info: connection.info }),
    format: 'json',
    token,
    ...(id !== undefined && { id }),
    ...(since !== undefined && { since }),
    connectedAt: connection.connectedAt,
  };
}
