import { type Channel, channelNamed } from './channel.ts';
import type { FormatName } from './channel-event.ts';
import { type Command, type Request, type RpcCommand, refusal, type SendMessage } from './command.ts';
import { answer, type CommandFrame, type CommandParts, isSubscribed } from './command-frame.ts';
import { connectCommand, isUnnamed, refresh } from './connecting.ts';
import { Disconnected, ParleyError, Unavailable } from './errors.ts';
import { history, presence, presenceStats } from './inquiries.ts';
import { messageFrom } from './message.ts';
import { checkPublish, isExpired } from './permissions.ts';
import type { Connection } from './ports.ts';
import { BAD_REQUEST, CONNECTION_EXPIRED, SERVER_ERROR } from './reasons.ts';
import { subRefresh, subscribeCommand, unsubscribeCommand } from './subscription-commands.ts';

/** How often a frame is begun anew because the connection's other frames take the places that it saw. */
const ATTEMPTS = 5;

/** A client's frame. */
export interface Commands {
  readonly requests: readonly Request[];
  /** The format that it came in, and is answered in. */
  readonly format: FormatName;
  /** When replies must have been posted, ms since 1970. */
  readonly until: number;
  /** By which a fault is found in the log. */
  readonly requestId: string;
}

/**
 * Runs the commands of one frame, in order: checks them against the connection's record, notes what they ask for in
 * the record, and sends them as events. What is acknowledged is durable.
 *
 * Answers the replies that are due now, as documents. A connection without a record is ended and gets none. A fault is
 * thrown, and so is `Disconnected` where the client is to be ended.
 */
export async function runCommands(
  parts: CommandParts,
  connection: Connection,
  commands: Commands,
  attempts = ATTEMPTS,
): Promise<string[]> {
  const { format, until, requestId } = commands;
  const frame: CommandFrame = {
    parts,
    format,
    until,
    requestId,
    connection,
    notes: new Map(),
    accepted: [],
    calls: [],
    replies: [],
    hasConnected: false,
    isOver: false,
  };
  try {
    return await run(frame, commands, attempts);
  } catch (error) {
    if (!frame.hasConnected || error instanceof Disconnected) throw error;
    // the client counts on the server-side channels that it was told of
    throw new Disconnected(SERVER_ERROR, { cause: error });
  }
}

async function run(frame: CommandFrame, commands: Commands, attempts: number): Promise<string[]> {
  const { parts } = frame;
  for (const request of commands.requests) {
    try {
      if ('refusal' in request) throw request.refusal;
      await accept(frame, request, request.command);
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      answer(frame, refusal(request, error));
    }
    if (frame.isOver) return frame.replies;
  }
  if (frame.notes.size > 0) {
    const { id } = frame.connection;
    // before the events: whoever takes the connection down must know every channel that may hold a row of it
    const noted = await parts.connections.note(id, Object.fromEntries(frame.notes), parts.limits.channels);
    if (noted === 'gone') return endUnknown(parts, id);
    if (noted === 'full') return again(frame, commands, attempts);
  }
  for (const call of frame.calls) await call();
  await send(frame);
  return frame.replies;
}

/** Who has no record has been taken down: the client must come back and make itself known again. */
export async function endUnknown({ later }: Pick<CommandParts, 'later'>, connection: string): Promise<string[]> {
  await later.end(connection);
  return [];
}

/** Other frames have taken the last places since the record was read; nothing of this one is sent yet. */
async function again(
  { parts, connection, hasConnected }: CommandFrame,
  commands: Commands,
  attempts: number,
): Promise<string[]> {
  if (attempts <= 1 || hasConnected) throw new Unavailable('the record of the connection has not been still');
  const current = await parts.connections.read(connection.id);
  if (current === undefined) return endUnknown(parts, connection.id);
  return runCommands(parts, current, commands, attempts - 1);
}

async function accept(frame: CommandFrame, request: Request, command: Command): Promise<void> {
  const { action } = command;
  const { parts, connection } = frame;
  if (action === 'connect') return connectCommand(frame, request, command);
  if (frame.format === 'centrifuge' && isUnnamed(connection)) throw new Disconnected(BAD_REQUEST);
  if (action === 'ping') {
    return answer(frame, { type: 'pong', ...(command.id !== undefined && { id: command.id }) });
  }
  if (action === 'refresh') return refresh(frame, command);
  if (action === 'unsubscribe') return unsubscribeCommand(frame, request, command);
  if (isExpired(connection, parts.world.now())) {
    // of these an SDK takes the error for the subscription's own token, and gives it up for good; ended, it comes back
    const isOfSubscription = action === 'subscribe' || action === 'subRefresh';
    if (frame.format === 'centrifuge' && isOfSubscription) throw new Disconnected(CONNECTION_EXPIRED);
    throw new ParleyError('token_expired', 'the token has expired: send a new one with "refresh"');
  }
  if (action === 'rpc') return rpc(frame, command);
  if (action === 'subRefresh') return subRefresh(frame, request, command);
  const channel = channelNamed(parts.namespaces, command.channel);
  if (action === 'sendMessage') return publish(frame, request, channel, command);
  if (action === 'subscribe') return subscribeCommand(frame, request, channel, command);
  if (action === 'history') return history(frame, channel, command);
  return action === 'presence' ? presence(frame, channel, command) : presenceStats(frame, channel, command);
}

async function publish(frame: CommandFrame, request: Request, channel: Channel, command: SendMessage): Promise<void> {
  const { parts, connection } = frame;
  checkPublish(channel, connection, isSubscribed(connection, channel.name, parts.world.now()));
  const message = messageFrom(parts, channel, connection, command);
  await checkBacklog(parts);
  const { id } = command;
  const ack =
    id === undefined ? {} : { reply: { type: 'ack', id, channel: channel.name, messageId: message.event.id } as const };
  frame.accepted.push({ request, outgoing: message, ...ack });
}

/** Throws `too_many_requests` where more waits than the queue should hold. */
export async function checkBacklog({ queue, limits }: Pick<CommandParts, 'queue' | 'limits'>): Promise<void> {
  if ((await queue.waiting()) <= limits.backlog) return;
  throw new ParleyError('too_many_requests', 'too many messages are waiting: send it again later');
}

function rpc(frame: CommandFrame, { id, method, data }: RpcCommand): void {
  const { parts, connection, until, calls } = frame;
  const { rpc: owner, world } = parts;
  if (!owner) throw new ParleyError('not_available', 'rpc: nobody answers it here');
  calls.push(async () => {
    if (world.now() >= until) {
      return answer(frame, { type: 'error', id, code: 'internal', message: 'rpc: not called: send it again' });
    }
    const result = await owner.call({ method, data, user: connection.user, connection: connection.id });
    if ('error' in result) return answer(frame, { type: 'rpcError', id, ...result.error });
    answer(frame, { type: 'rpc', id, data: result.data });
  });
}

/** Sends the events in the order of the frame, and answers those whose reply does not come from their channel. */
async function send(frame: CommandFrame): Promise<void> {
  const { parts, accepted } = frame;
  if (accepted.length === 0) return;
  const sent = await parts.queue.send(accepted.map(({ outgoing }) => outgoing));
  if (frame.hasConnected && sent.includes(false)) throw new Unavailable('an event was not accepted');
  accepted.forEach(({ request, reply }, i) => {
    if (!sent[i]) answer(frame, refusal(request, { code: 'internal', message: 'not accepted: send it again' }));
    else if (reply) answer(frame, reply);
  });
}
