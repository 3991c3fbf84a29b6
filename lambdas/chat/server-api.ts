import type { Chat } from './chat.ts';
import { ParleyError } from './errors.ts';
import { DONE, type Refusal, type ServerCommand, type ServerReply, type ServerRequest } from './server-command.ts';
import { disconnect, refresh, subscribe, unsubscribe } from './server-connections.ts';
import { channels, history, info, presence, presenceStats } from './server-inquiries.ts';
import { broadcast, type Enqueued, historyRemove, MOST_EVENTS, publish } from './server-publishing.ts';
import { sideBySide } from './side-by-side.ts';

/** What the owner's server reaches. */
export type ServerApiParts = Pick<
  Chat,
  | 'log'
  | 'subscriptions'
  | 'connections'
  | 'index'
  | 'census'
  | 'queue'
  | 'later'
  | 'formats'
  | 'namespaces'
  | 'limits'
  | 'world'
  | 'logger'
>;

/** A call of the owner's server. */
export interface ServerCall {
  readonly requests: readonly ServerRequest[];
  /** In no order, side by side. */
  readonly parallel?: boolean;
  /** What has not begun by then is refused, ms since 1970. */
  readonly until: number;
  /** By which a fault is found in the log. */
  readonly requestId: string;
}

/** A call while it is under way. */
interface Run {
  readonly parts: ServerApiParts;
  readonly call: ServerCall;
  readonly replies: ServerReply[];
  /** What is to be sent: with one call of the queue, and in order, as far as nothing else comes between. */
  waiting: { readonly place: number; readonly enqueued: Enqueued }[];
  /** Events so far. */
  events: number;
}

/** Commands under way at once. */
const AT_ONCE = 16;

/**
 * Runs a server's commands, and answers each. What is answered as done is durable; when clients see it is another
 * matter. Nothing is thrown: a fault is logged with its cause, and the caller is told `internal` and the request's id.
 */
export async function runServerCall(parts: ServerApiParts, call: ServerCall): Promise<readonly ServerReply[]> {
  const run: Run = { parts, call, replies: [], waiting: [], events: 0 };
  const requests = [...call.requests.entries()];
  if (call.parallel) {
    await sideBySide(requests, AT_ONCE, ([place, request]) => begin(run, place, request));
  } else {
    for (const [place, request] of requests) {
      if (!isEnqueuing(request)) await flush(run);
      await begin(run, place, request);
    }
  }
  await flush(run);
  return run.replies;
}

const ENQUEUING: readonly string[] = ['publish', 'broadcast', 'history_remove'] satisfies ServerCommand['method'][];

const isEnqueuing = (request: ServerRequest): boolean =>
  'command' in request && ENQUEUING.includes(request.command.method);

async function begin(run: Run, place: number, request: ServerRequest): Promise<void> {
  const { parts, call, replies, waiting } = run;
  try {
    if ('refusal' in request) throw request.refusal;
    if (parts.world.now() >= call.until) {
      throw new ParleyError('internal', 'the time of the request is over: send it again');
    }
    const outcome = await outcomeOf(parts, request.command);
    if (!('events' in outcome)) {
      replies[place] = outcome;
      return;
    }
    if (run.events + outcome.events.length > MOST_EVENTS) {
      throw new ParleyError('limit_exceeded', `at most ${MOST_EVENTS} messages a request`);
    }
    run.events += outcome.events.length;
    waiting.push({ place, enqueued: outcome });
  } catch (error) {
    replies[place] = { refusal: refusalOf(run, error) };
  }
}

async function outcomeOf(parts: ServerApiParts, command: ServerCommand): Promise<Enqueued | ServerReply> {
  switch (command.method) {
    case 'publish':
      return publish(parts, command.channel, command.message);
    case 'broadcast':
      return broadcast(parts, command.channels, command.message);
    case 'history_remove':
      return historyRemove(parts, command.channel);
    case 'subscribe':
      await subscribe(parts, command.target, command.channel, command.wishes);
      return DONE;
    case 'unsubscribe':
      await unsubscribe(parts, command.target, command.channel);
      return DONE;
    case 'disconnect':
      await disconnect(parts, command.target, command.except, command.why);
      return DONE;
    case 'refresh':
      await refresh(parts, command);
      return DONE;
    case 'presence':
      return presence(parts, command.channel);
    case 'presence_stats':
      return presenceStats(parts, command.channel);
    case 'history': {
      const { method: _, ...asked } = command;
      return history(parts, asked);
    }
    case 'channels':
      return channels(parts, command.pattern);
    case 'info':
      return info(parts);
    case 'rpc':
      throw new ParleyError('not_available', 'rpc: nobody answers it here');
  }
}

/** Sends what waits. */
async function flush(run: Run): Promise<void> {
  const { parts, replies, waiting } = run;
  run.waiting = [];
  const events = waiting.flatMap(({ enqueued }) => enqueued.events);
  try {
    const isDurable = events.length === 0 ? [] : await parts.queue.send(events);
    let from = 0;
    for (const { place, enqueued } of waiting) {
      const end = from + enqueued.events.length;
      replies[place] = enqueued.reply(isDurable.slice(from, end));
      from = end;
    }
  } catch (error) {
    const refusal = refusalOf(run, error);
    for (const { place } of waiting) replies[place] = { refusal };
  }
}

function refusalOf({ parts, call }: Run, error: unknown): Refusal {
  if (error instanceof ParleyError) return { code: error.code, message: error.message };
  parts.logger.error('a request of the server API failed', { apiRequestId: call.requestId, error });
  return { code: 'internal', message: `request ${call.requestId}` };
}
