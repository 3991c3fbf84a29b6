import { channelNamed } from './channel.ts';
import type { Reason } from './channel-event.ts';
import type { Chat } from './chat.ts';
import { ParleyError } from './errors.ts';
import { isExpired } from './permissions.ts';
import type { Connection } from './ports.ts';
import { CHANNEL_LIMIT, CONNECTION_EXPIRED, FORCE_DISCONNECT, SERVER_UNSUBSCRIBE } from './reasons.ts';
import type { ServerCommand, Target } from './server-command.ts';
import { type ServerWishes, subscribeConnection, unsubscribeConnection } from './server-subscriptions.ts';
import { sideBySide } from './side-by-side.ts';

type Parts = Pick<Chat, 'connections' | 'index' | 'queue' | 'later' | 'namespaces' | 'limits' | 'world'>;

/** Connections of a user under way at once. */
const AT_ONCE = 16;

/**
 * Subscribes a user's connections to a channel, which need no permission for it; who is subscribed stays so. Who has no
 * place for another channel is ended, as by Centrifugo.
 */
export async function subscribe(parts: Parts, target: Target, name: string, wishes: ServerWishes): Promise<void> {
  const channel = channelNamed(parts.namespaces, name);
  if (isExpired(wishes, parts.world.now())) throw new ParleyError('bad_request', 'expire_at: is over already');
  await withEach(parts, target, async (connection) => {
    if (await subscribeConnection(parts, connection, channel, wishes)) return;
    await parts.later.end(connection.id, { disconnect: CHANNEL_LIMIT });
  });
}

/** Ends a user's subscriptions to a channel, for good: clients do not subscribe again by themselves. */
export async function unsubscribe(parts: Parts, target: Target, name: string): Promise<void> {
  const channel = channelNamed(parts.namespaces, name);
  await withEach(parts, target, (connection) =>
    unsubscribeConnection(parts, connection, channel.name, SERVER_UNSUBSCRIBE),
  );
}

/** Ends a user's connections. By `why` its clients know whether to come back; by default they do not. */
export async function disconnect(
  parts: Parts,
  target: Target,
  except: readonly string[],
  why: Reason = FORCE_DISCONNECT,
): Promise<void> {
  await withEach(parts, target, async ({ id }) => {
    if (!except.includes(id)) await parts.later.end(id, { disconnect: why });
  });
}

/**
 * Says anew when a user's connections end, and what `info` they have. Their clients are not told: one that counts down
 * to the end of its own token brings another when that is over, as ever.
 */
export async function refresh(
  parts: Parts,
  { target, expired, expires, info }: Omit<Extract<ServerCommand, { method: 'refresh' }>, 'method'>,
): Promise<void> {
  const isOver = expired || isExpired({ expires }, parts.world.now());
  await withEach(parts, target, async (connection) => {
    const { id, expires: _, info: before, caps, serverChannels, user } = connection;
    if (isOver) return parts.later.end(id, { disconnect: CONNECTION_EXPIRED });
    const said = info ?? before;
    await parts.connections.refresh(id, {
      user,
      ...(expires !== undefined && { expires }),
      ...(said !== undefined && { info: said }),
      ...(caps !== undefined && { caps }),
      ...(serverChannels !== undefined && { serverChannels }),
    });
  });
}

/**
 * Does the same with each connection that is meant. The index is a little old, so a connection of the last second may be
 * left out; what its record says decides.
 */
async function withEach(
  { connections, index }: Parts,
  { user, connection }: Target,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  if (user === '' && connection === undefined) {
    throw new ParleyError('bad_request', 'user: is missing; an anonymous user is reached by "client" alone');
  }
  const ids = connection === undefined ? await index.ofUser(user) : [connection];
  await sideBySide(ids, AT_ONCE, async (id) => {
    const record = await connections.read(id);
    // (with the end 0 a connection has not said yet whose it is)
    if (record?.user === user && record.expires !== 0) await work(record);
  });
}
