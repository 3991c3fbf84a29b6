import { type Channel, channelNamed } from './channel.ts';
import type { Chat } from './chat.ts';
import { ParleyError } from './errors.ts';
import { globOf } from './glob.ts';
import { pageOf } from './history-page.ts';
import { usersAmong } from './inquiries.ts';
import { hasHistory } from './namespace.ts';
import type { Subscription } from './ports.ts';
import type { ServerCommand, ServerReply } from './server-command.ts';

type Parts = Pick<Chat, 'log' | 'subscriptions' | 'census' | 'namespaces'>;

/** So much of a history is answered at once: what a caller gets in one piece, whatever its messages need of escaping. */
const HISTORY_BYTES = 2 * 1024 * 1024;

/** Answers with a part of what the channel keeps, also where clients may not ask for it. */
export async function history(
  { log, namespaces }: Parts,
  { channel: name, ...range }: Omit<Extract<ServerCommand, { method: 'history' }>, 'method'>,
): Promise<ServerReply> {
  const channel = channelNamed(namespaces, name);
  if (!hasHistory(channel.options)) {
    throw new ParleyError('not_available', `${name}: its namespace has no history`);
  }
  const page = await pageOf({ log }, channel, range, HISTORY_BYTES);
  return { result: { type: 'history', ...page } };
}

/** Answers who reads the channel: every connection. */
export async function presence(parts: Parts, name: string): Promise<ServerReply> {
  return { result: { type: 'presence', members: await readersOf(parts, name) } };
}

/** Answers how many read the channel, which costs as much as who they are. */
export async function presenceStats(parts: Parts, name: string): Promise<ServerReply> {
  const readers = await readersOf(parts, name);
  return { result: { type: 'presenceStats', connections: readers.length, users: usersAmong(readers) } };
}

/** Answers which channels have readers. It reads all that there is: its cost grows with the stack's connections. */
export async function channels({ census }: Parts, pattern: string): Promise<ServerReply> {
  const matches = pattern === '' ? () => true : globOf(pattern);
  const counts = await census.count();
  const found = new Map([...counts.channels].filter(([name]) => matches(name)));
  return { result: { type: 'channels', channels: found } };
}

/** Counts what there is, at the cost of `channels`. */
export async function info({ census }: Parts): Promise<ServerReply> {
  const { channels: readers, connections, users } = await census.count();
  const subscriptions = readers.values().reduce((sum, count) => sum + count, 0);
  return { result: { type: 'info', connections, users, channels: readers.size, subscriptions } };
}

async function readersOf({ subscriptions, namespaces }: Parts, name: string): Promise<Subscription[]> {
  const { options }: Channel = channelNamed(namespaces, name);
  if (!options.presence) throw new ParleyError('not_available', `${name}: its namespace has no presence`);
  return subscriptions.of(name);
}
