import { type Channel, channelNamed } from './channel.ts';
import { EVENT_VERSION } from './channel-event.ts';
import type { Chat } from './chat.ts';
import {
  type Command,
  type Refresh,
  type Reply,
  type Request,
  refusal,
  type SendMessage,
  type Subscribe,
  type Unsubscribe,
} from './command.ts';
import { ParleyError, Unavailable } from './errors.ts';
import { messageFrom } from './message.ts';
import { checkPublish, checkSubscribe, isExpired } from './permissions.ts';
import { type Connection, latestRequest, type Outgoing } from './ports.ts';
import { requestToken, subscribeEvent } from './request.ts';

/** How often a frame is begun anew because the connection's other frames take the places that it saw. */
const ATTEMPTS = 5;

/** What the commands of a client need. */
export type CommandParts = Pick<
  Chat,
  'connections' | 'queue' | 'later' | 'tokens' | 'formats' | 'namespaces' | 'limits' | 'world'
>;

/** An event that a command has become, and what the client is told once it is durable. */
interface Accepted {
  readonly request: Request;
  readonly outgoing: Outgoing;
  readonly reply?: Reply;
}

/** A frame's commands while they are checked: the connection as the earlier ones have left it, and what they send. */
interface Frame {
  readonly parts: CommandParts;
  connection: Connection;
  /** The record's new entries, by channel. */
  readonly notes: Map<string, string>;
  readonly accepted: Accepted[];
  readonly replies: Reply[];
  /** The record is not there any more. */
  isGone: boolean;
}

/**
 * Runs the commands of one frame, in order: checks them against the connection's record, notes what they ask for in
 * the record, and sends them as events. What is acknowledged is durable.
 *
 * Answers the replies that are due now. A connection without a record is ended and gets none. A fault is thrown.
 */
export async function runCommands(
  parts: CommandParts,
  connectionId: string,
  requests: readonly Request[],
  attempts = ATTEMPTS,
): Promise<Reply[]> {
  const connection = await parts.connections.read(connectionId);
  if (connection === undefined) return endUnknown(parts, connectionId);
  const frame: Frame = { parts, connection, notes: new Map(), accepted: [], replies: [], isGone: false };
  for (const request of requests) {
    try {
      if ('refusal' in request) throw request.refusal;
      await accept(frame, request, request.command);
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      frame.replies.push(refusal(request, error));
    }
  }
  if (frame.isGone) return endUnknown(parts, connectionId);
  if (frame.notes.size > 0) {
    // before the events: whoever takes the connection down must know every channel that may hold a row of it
    const noted = await parts.connections.note(connectionId, Object.fromEntries(frame.notes), parts.limits.channels);
    if (noted === 'gone') return endUnknown(parts, connectionId);
    if (noted === 'full') {
      // other frames have taken the last places since the record was read; nothing of this one is sent yet
      if (attempts > 1) return runCommands(parts, connectionId, requests, attempts - 1);
      throw new Unavailable('the record of the connection has not been still');
    }
  }
  await send(frame);
  return frame.replies;
}

async function accept(frame: Frame, request: Request, command: Command): Promise<void> {
  const { action, id } = command;
  if (action === 'ping') {
    frame.replies.push({ type: 'pong', ...(id !== undefined && { id }) });
    return;
  }
  if (action === 'refresh') return refresh(frame, command);
  if (action === 'unsubscribe') return unsubscribe(frame, request, command);
  const { parts, connection } = frame;
  if (isExpired(connection, parts.world.now())) {
    throw new ParleyError('token_expired', 'the token has expired: send a new one with "refresh"');
  }
  const channel = channelNamed(parts.namespaces, command.channel);
  if (action === 'sendMessage') return publish(frame, request, channel, command);
  if (action === 'subscribe') return subscribe(frame, request, channel, command);
  throw new ParleyError('not_available', `${action}: not available`);
}

async function publish(frame: Frame, request: Request, channel: Channel, command: SendMessage): Promise<void> {
  const { parts, connection } = frame;
  checkPublish(channel, connection, latestRequest(connection, channel.name)?.startsWith('s') === true);
  const message = messageFrom(parts, channel, connection, command);
  if ((await parts.queue.waiting()) > parts.limits.backlog) {
    throw new ParleyError('too_many_requests', 'too many messages are waiting: send it again later');
  }
  const { id } = command;
  const ack =
    id === undefined ? {} : { reply: { type: 'ack', id, channel: channel.name, messageId: message.event.id } as const };
  frame.accepted.push({ request, outgoing: message, ...ack });
}

function subscribe(frame: Frame, request: Request, channel: Channel, command: Subscribe): void {
  const { parts, connection } = frame;
  checkSubscribe(channel, connection);
  const isNew = latestRequest(connection, channel.name) === undefined;
  if (isNew && Object.keys(connection.channels).length >= parts.limits.channels) throw tooManyChannels(parts);
  const event = subscribeEvent(connection, channel.name, note(frame, channel.name, 's'), command);
  frame.accepted.push({ request, outgoing: { event } });
}

function unsubscribe(frame: Frame, request: Request, { channel, id }: Unsubscribe): void {
  const { parts, connection } = frame;
  const named = { ...(id !== undefined && { id }), channel };
  if (latestRequest(connection, channel) === undefined) {
    channelNamed(parts.namespaces, channel);
    // the record comes first, so no row can be there: the answer has no order to keep
    frame.replies.push({ type: 'unsubscribed', ...named });
    return;
  }
  // (also where its namespace has been taken out of the configuration)
  const token = note(frame, channel, 'u');
  const event = { v: EVENT_VERSION, type: 'unsubscribe', connection: connection.id, token, ...named } as const;
  frame.accepted.push({ request, outgoing: { event } });
}

async function refresh(frame: Frame, { token, id }: Refresh): Promise<void> {
  const { parts, connection } = frame;
  const identity = await parts.tokens.verify(token);
  if (identity.user !== connection.user) throw new ParleyError('permission_denied', 'token: it is of another user');
  const { id: connectionId, connectedAt, channels } = connection;
  if (!(await parts.connections.refresh(connectionId, identity))) {
    frame.isGone = true;
    return;
  }
  frame.connection = { ...identity, id: connectionId, connectedAt, channels };
  const { expires } = identity;
  if (id !== undefined) frame.replies.push({ type: 'refreshed', id, ...(expires !== undefined && { expires }) });
}

/** Gives a request its own token, and notes it for the record. */
function note(frame: Frame, name: string, kind: 's' | 'u'): string {
  const token = requestToken(frame.parts.world, kind);
  frame.notes.set(name, token);
  frame.connection = { ...frame.connection, channels: { ...frame.connection.channels, [name]: token } };
  return token;
}

/** Sends the events in the order of the frame, and answers those whose reply does not come from their channel. */
async function send({ parts, accepted, replies }: Frame): Promise<void> {
  if (accepted.length === 0) return;
  const sent = await parts.queue.send(accepted.map(({ outgoing }) => outgoing));
  accepted.forEach(({ request, reply }, i) => {
    if (!sent[i]) replies.push(refusal(request, { code: 'internal', message: 'not accepted: send it again' }));
    else if (reply) replies.push(reply);
  });
}

/** Who has no record has been taken down: the client must come back and make itself known again. */
async function endUnknown({ later }: CommandParts, connectionId: string): Promise<Reply[]> {
  await later.end(connectionId);
  return [];
}

const tooManyChannels = ({ limits }: CommandParts) =>
  new ParleyError('limit_exceeded', `channel: at most ${limits.channels} channels a connection`);
