import { EVENT_VERSION, type FormatName, type Since, type SubscribeEvent } from './channel-event.ts';
import type { Connection, World } from './ports.ts';

/** A token of its own for a request to join (`s…`) or to leave (`u…`) a channel: 66 random bits. */
export const requestToken = (world: Pick<World, 'id'>, kind: 's' | 'u'): string => kind + world.id().slice(0, 11);

/** What a connection asks for together with a channel; absent is no. */
export interface Wishes {
  readonly id?: string | undefined;
  readonly since?: Since | undefined;
  readonly rewind?: number | undefined;
  readonly strict?: boolean | undefined;
  readonly recoverable?: boolean | undefined;
  readonly joinLeave?: boolean | undefined;
  /** Unix time in seconds. */
  readonly expires?: number | undefined;
  readonly channelInfo?: unknown;
}

/** The event of a connection that may read a channel, and asks to. `token` is noted in the connection's record first. */
export function subscribeEvent(
  connection: Pick<Connection, 'id' | 'user' | 'info' | 'connectedAt'>,
  format: FormatName,
  channel: string,
  token: string,
  { id, since, rewind, strict, recoverable, joinLeave, expires, channelInfo }: Wishes,
): SubscribeEvent {
  return {
    v: EVENT_VERSION,
    type: 'subscribe',
    channel,
    connection: connection.id,
    user: connection.user,
    ...(connection.info !== undefined && { info: connection.info }),
    ...(channelInfo !== undefined && { channelInfo }),
    format,
    token,
    ...(id !== undefined && { id }),
    ...(since !== undefined && { since }),
    ...(rewind !== undefined && { rewind }),
    ...(strict && { strict }),
    ...(recoverable && { recoverable }),
    ...(joinLeave && { joinLeave }),
    ...(expires !== undefined && { expires }),
    connectedAt: connection.connectedAt,
  };
}
