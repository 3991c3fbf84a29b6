import { channelNamed } from './channel.ts';
import { EVENT_VERSION } from './channel-event.ts';
import type { Chat } from './chat.ts';
import { checkBacklog } from './commands.ts';
import { ParleyError } from './errors.ts';
import { messageFrom } from './message.ts';
import { hasHistory } from './namespace.ts';
import type { Outgoing } from './ports.ts';
import { DONE, type Refusal, type ServerMessage, type ServerReply } from './server-command.ts';

type Parts = Pick<Chat, 'queue' | 'formats' | 'namespaces' | 'limits' | 'world'>;

/** Events of one request at most: SQS takes ten a call, one call after the other, and the request waits for them. */
export const MOST_EVENTS = 1_000;

/** The events that a command has become, and what is said of it when each is known to be durable, or not to be. */
export interface Enqueued {
  readonly events: readonly Outgoing[];
  reply(isDurable: readonly boolean[]): ServerReply;
}

const NOT_ACCEPTED: Refusal = { code: 'internal', message: 'not accepted: send it again' };

/**
 * A message of the owner's server, in the order of its channel; no permission is needed. Its offset is not known when
 * it is answered: the channel's worker gives it. An ephemeral one takes its turn like every other, and is not kept.
 */
export async function publish(parts: Parts, name: string, message: ServerMessage): Promise<Enqueued> {
  const event = messageFrom(parts, channelNamed(parts.namespaces, name), undefined, message);
  await checkBacklog(parts);
  return enqueued(event);
}

/** The same message to many channels; each has its own answer, and an idempotency key counts for each by itself. */
export async function broadcast(parts: Parts, names: readonly string[], message: ServerMessage): Promise<Enqueued> {
  if (names.length > MOST_EVENTS) {
    throw new ParleyError('limit_exceeded', `channels: at most ${MOST_EVENTS} a request`);
  }
  await checkBacklog(parts);
  const events: Outgoing[] = [];
  const outcomes = names.map((name): number | Refusal => {
    try {
      return events.push(messageFrom(parts, channelNamed(parts.namespaces, name), undefined, message)) - 1;
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      return { code: error.code, message: error.message };
    }
  });
  return {
    events,
    reply: (isDurable) => ({
      result: {
        type: 'broadcast',
        refusals: outcomes.map((outcome) => {
          if (typeof outcome !== 'number') return outcome;
          return isDurable[outcome] ? undefined : NOT_ACCEPTED;
        }),
      },
    }),
  };
}

/** Erases a channel's history, in the channel's order: what was accepted before goes, what comes later stays. */
export function historyRemove({ namespaces }: Parts, name: string): Enqueued {
  const { options } = channelNamed(namespaces, name);
  if (!hasHistory(options)) throw new ParleyError('not_available', `${name}: its namespace has no history`);
  return enqueued({ event: { v: EVENT_VERSION, type: 'removeHistory', channel: name } });
}

const enqueued = (event: Outgoing): Enqueued => ({
  events: [event],
  reply: ([isDurable]) => (isDurable ? DONE : { refusal: NOT_ACCEPTED }),
});
