import type { Chat } from './chat.ts';
import { gone } from './departure.ts';
import { isOrderly } from './errors.ts';
import { isExpired } from './permissions.ts';
import { type Connection, latestRequest, type SweptConnection } from './ports.ts';
import { send } from './posting.ts';
import { CONNECTION_EXPIRED, SUBSCRIPTION_EXPIRED } from './reasons.ts';
import { unsubscribeConnection } from './server-subscriptions.ts';
import { sideBySide } from './side-by-side.ts';

/** What the sweep needs. */
export type SweepParts = Pick<
  Chat,
  'connections' | 'index' | 'queue' | 'later' | 'posts' | 'formats' | 'limits' | 'world' | 'logger' | 'metrics'
>;

const MINUTE_MS = 60_000;
/** No connection is older (API Gateway ends them after 2 hours), in minutes. */
const OLDEST_MIN = 131;
/** Until a connection has an age of so many minutes, a 410 may only mean that its handshake is under way. */
const YOUNGEST_MIN = 2;
/** How long after the end of a token a client may still bring a new one, in ms (Centrifugo: `expired_close_delay`). */
const GRACE_MS = 25_000;
/** Connections visited at once. */
const AT_ONCE = 64;
/** Posts that are begun in time may be repeated until so long after it, in ms: none of them is to be left out. */
const FINISH_MS = 4_000;

/** In which minute of its life a connection is visited first. */
const firstVisit = (interval: number): number => Math.max(interval - 1, YOUNGEST_MIN);

/**
 * The minutes, whole ones since 1970, whose connections are due now, if each is visited every `interval` minutes from
 * its beginning on, or as soon as it is old enough. `now` in ms since 1970.
 */
export function minutesDue(now: number, interval: number): number[] {
  const minute = Math.floor(now / MINUTE_MS);
  const due: number[] = [];
  for (let made = minute - firstVisit(interval); made >= minute - OLDEST_MIN; made -= interval) due.push(made);
  return due;
}

/** How long a client may have to wait for the first ping, or the next one, in seconds, wherever in a minute they come. */
export const longestSilence = (interval: number): number => (Math.max(interval, YOUNGEST_MIN) + 1) * 60;

/** A part of the sweep. */
export interface SweepTask {
  /** Whole minutes since 1970. */
  readonly minutes: readonly number[];
  /** In the first of them: only connections with a later id, */
  readonly after?: string;
  /** and only up to this one. */
  readonly upTo?: string;
}

/**
 * Visits the connections made in these minutes: keeps them by a ping, ends the expired ones and finds the vanished.
 *
 * What is more than a page is handed on before the page is begun, so that others go on with it beside; and what is left
 * when the time is over (`until`, ms since 1970): visits that are begun by then may take some seconds more. Who cannot be
 * visited for a fault is left to the next time.
 */
export async function sweep(chat: SweepParts, { minutes, after, upTo }: SweepTask, until: number): Promise<void> {
  const [minute, ...later] = minutes;
  if (minute === undefined) return;
  if (chat.world.now() >= until) return chat.later.sweep({ minutes, ...bounds(after, upTo) });
  const page = await chat.index.madeIn(minute, after);
  const end = page.next !== undefined && (upTo === undefined || page.next < upTo) ? page.next : undefined;
  if (end !== undefined) await chat.later.sweep({ minutes: [minute], ...bounds(end, upTo) });
  const connections = page.connections.filter(({ id }) => upTo === undefined || id <= upTo);
  for (let i = 0; i < connections.length; i += AT_ONCE) {
    if (chat.world.now() >= until) {
      await chat.later.sweep({ minutes: [minute], ...bounds(connections[i - 1]?.id ?? after, end ?? upTo) });
      break;
    }
    await visitAll(chat, connections.slice(i, i + AT_ONCE), until + FINISH_MS);
  }
  return sweep(chat, { minutes: later }, until);
}

const bounds = (after: string | undefined, upTo: string | undefined): Omit<SweepTask, 'minutes'> => ({
  ...(after !== undefined && { after }),
  ...(upTo !== undefined && { upTo }),
});

/** One that cannot be visited holds up no other, today or ever. */
async function visitAll(chat: SweepParts, connections: readonly SweptConnection[], until: number): Promise<void> {
  await sideBySide(connections, AT_ONCE, async (connection) => {
    try {
      await visit(chat, connection, until);
    } catch (error) {
      chat.metrics.count('SweepSkipped');
      const level = isOrderly(error) ? 'warn' : 'error';
      chat.logger[level]('a connection was left to the next sweep', { connection: connection.id, error });
    }
  });
}

async function visit(chat: SweepParts, swept: SweptConnection, until: number): Promise<void> {
  const deadline = chat.world.now() - GRACE_MS;
  if (swept.hasEnds || isExpired(swept, deadline)) {
    // what the index says may be a little old
    const connection = await chat.connections.read(swept.id);
    if (connection === undefined) return;
    if (isExpired(connection, deadline)) return chat.later.end(swept.id, { disconnect: CONNECTION_EXPIRED });
    await endSubscriptions(chat, connection, deadline);
  }
  const delivery = await send(chat, swept.id, chat.formats[swept.format].ping, until);
  if (delivery === 'gone') return gone(chat, swept.id);
  if (delivery === 'refused') chat.metrics.count('PostRefused');
  if (delivery === 'exhausted') chat.metrics.count('SweepSkipped');
}

/** Ends the subscriptions whose token has ended. */
async function endSubscriptions(chat: SweepParts, connection: Connection, deadline: number): Promise<void> {
  for (const [channel, expires] of Object.entries(connection.ends)) {
    if (!isExpired({ expires }, deadline) || !latestRequest(connection, channel)?.startsWith('s')) continue;
    await unsubscribeConnection(chat, connection, channel, SUBSCRIPTION_EXPIRED);
  }
}
