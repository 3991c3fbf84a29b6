import { channelNamed } from './channel.ts';
import type { Since, SubscribeEvent } from './channel-event.ts';
import type { Connect, Refresh, Request, ServerSubscription } from './command.ts';
import { answer, type CommandFrame, note } from './command-frame.ts';
import { Disconnected, ParleyError, Unavailable } from './errors.ts';
import { FRAME_BYTES } from './frames.ts';
import { hasHistory } from './namespace.ts';
import { isExpired } from './permissions.ts';
import type { Identity } from './ports.ts';
import { send } from './posting.ts';
import { BAD_REQUEST, CHANNEL_LIMIT, CONNECTION_EXPIRED, INVALID_TOKEN } from './reasons.ts';
import { keptAfter } from './recovery.ts';
import { subscribeEvent } from './request.ts';

/**
 * Makes the connection known to the Centrifugo protocol, and subscribes it to the server-side channels of its token.
 *
 * The reply is posted, and what it subscribes to is sent only after that: an SDK drops a channel whose push comes before
 * the reply that names it. Where the reply does not arrive, the rest of the frame is not done.
 */
export async function connectCommand(frame: CommandFrame, request: Request, command: Connect): Promise<void> {
  const { parts } = frame;
  // once, and before all else (`?channels=` is for plain clients)
  const { format, channels } = frame.connection;
  const isLate = format === 'centrifuge' || Object.keys(channels).length > 0 || frame.accepted.length > 0;
  if (isLate) throw new Disconnected(BAD_REQUEST);
  // without it, what follows in the frame has nothing to stand on
  frame.isOver = true;
  const identity = await identityOf(frame, command);
  const { id: connection, connectedAt } = frame.connection;
  if (!(await parts.connections.refresh(connection, identity, 'centrifuge')))
    return void (await parts.later.end(connection));
  frame.hasConnected = true;
  frame.connection = { ...identity, id: connection, connectedAt, format: 'centrifuge', channels: {}, ends: {} };

  const serverChannels = [...new Set(identity.serverChannels)].filter((name) => isConfigured(frame, name));
  if (serverChannels.length > parts.limits.channels) throw new Disconnected(CHANNEL_LIMIT);
  const subs = new Map(
    await Promise.all(
      serverChannels.map(async (name) => [name, await standing(frame, name, command.subs.get(name))] as const),
    ),
  );
  const ttl = ttlOf(identity, parts.world.now());
  const { id } = command;
  const reply = { type: 'connected', id, connection, ...(ttl !== undefined && { ttl }), subs } as const;
  const text = parts.formats.centrifuge.reply(reply);
  if (Buffer.byteLength(text) > FRAME_BYTES) throw new Disconnected(CHANNEL_LIMIT);
  const events = [...subs].map(([name, { position }]): SubscribeEvent => {
    const asked = { recoverable: position !== undefined, ...(position && { since: position }) };
    const event = subscribeEvent(frame.connection, 'centrifuge', name, note(frame, name, 's'), asked);
    return { ...event, by: 'connect' };
  });
  // noted before the reply: with its next frame the client may publish as the subscriber that it is told to be
  const isNoted = events.length === 0 || (await noteAll(frame));
  if (!isNoted || (await send(parts, connection, text, frame.until)) !== 'delivered') {
    return void (await parts.later.end(connection));
  }
  frame.isOver = false;
  frame.accepted.push(...events.map((event) => ({ request, outgoing: { event } })));
}

/** Writes what the frame has noted so far. False: the record is gone. */
async function noteAll({ parts, connection, notes }: CommandFrame): Promise<boolean> {
  const noted = await parts.connections.note(connection.id, Object.fromEntries(notes), parts.limits.channels);
  if (noted === 'full') throw new Unavailable('other frames have taken the places of the server-side channels');
  notes.clear();
  return noted === 'noted';
}

/** Whether an open handshake let in a connection that must still say who it is (the authorizer's `expires: 0`). */
export const isUnnamed = ({ expires }: Pick<Identity, 'expires'>): boolean => expires === 0;

/** Who the client is: by the token of the command, or else by the handshake's. */
async function identityOf({ parts, connection }: CommandFrame, { token }: Connect): Promise<Identity> {
  if (token === undefined) {
    if (isUnnamed(connection)) throw new Disconnected(BAD_REQUEST);
    if (isExpired(connection, parts.world.now())) throw new ParleyError('token_expired', 'the token has expired');
    return connection;
  }
  const identity = await verified(() => parts.tokens.verify(token));
  const isAnother = connection.user !== '' && identity.user !== connection.user;
  if (isAnother) throw new Disconnected(INVALID_TOKEN);
  return identity;
}

/** A token that is no good ends the connection; one that has expired is told, so that the client fetches another. */
async function verified<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code === 'token_expired') throw error;
    throw new Disconnected(INVALID_TOKEN, { cause: error });
  }
}

const isConfigured = ({ parts }: CommandFrame, name: string): boolean => {
  try {
    return channelNamed(parts.namespaces, name) !== undefined;
  } catch (error) {
    if (error instanceof ParleyError) return false;
    throw error;
  }
};

/** Where a client stands in a server-side channel: where it stood, if that can be recovered, or else now. */
async function standing({ parts }: CommandFrame, name: string, since: Since | undefined): Promise<ServerSubscription> {
  const { options } = channelNamed(parts.namespaces, name);
  const asked = since !== undefined && { recovered: false };
  if (!hasHistory(options)) return { ...asked };
  const head = await parts.log.peek(name);
  const { epoch = '', offset = 0, removed = 0 } = head ?? {};
  if (since === undefined) return { position: { epoch, offset } };
  const isOfEpoch = since.epoch === epoch || (since.epoch === '' && since.offset === 0);
  const isKept = since.offset <= offset && since.offset >= keptAfter(offset, removed, options.historySize);
  if (!isOfEpoch || !isKept) return { position: { epoch, offset }, recovered: false };
  // (that none of it has expired is seen by the channel, which ends the connection where it has)
  return { position: { epoch, offset: since.offset }, recovered: true };
}

/** Brings a new token: what it says holds from now on. */
export async function refresh(frame: CommandFrame, { token, id }: Refresh): Promise<void> {
  const { parts, connection } = frame;
  const identity = frame.format === 'centrifuge' ? await renewed(frame, token) : await parts.tokens.verify(token);
  if (identity.user !== connection.user) throw new ParleyError('permission_denied', 'token: it is of another user');
  const { id: connectionId, connectedAt, format, channels, ends } = connection;
  if (!(await parts.connections.refresh(connectionId, identity))) {
    frame.isOver = true;
    return parts.later.end(connectionId);
  }
  frame.connection = { ...identity, id: connectionId, connectedAt, format, channels, ends };
  if (id === undefined) return;
  const { expires } = identity;
  const ttl = ttlOf(identity, parts.world.now());
  answer(frame, {
    type: 'refreshed',
    id,
    ...(expires !== undefined && { expires }),
    ...(ttl !== undefined && { ttl }),
  });
}

/** An SDK takes an error for the end, so what is wrong with its token ends the connection: with an expired one it comes back. */
async function renewed({ parts, connection }: CommandFrame, token: string): Promise<Identity> {
  try {
    const identity = await verified(() => parts.tokens.verify(token));
    if (identity.user === connection.user) return identity;
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    throw new Disconnected(CONNECTION_EXPIRED, { cause: error });
  }
  throw new Disconnected(INVALID_TOKEN);
}

/** How long something is good for, in whole seconds, at least 1; undefined: without end. */
export const ttlOf = ({ expires }: { readonly expires?: number | undefined }, now: number): number | undefined =>
  expires === undefined ? undefined : Math.max(Math.floor(expires - now / 1000), 1);
