import { EVENT_VERSION, type LeaveEvent, type Reason } from './channel-event.ts';
import type { ChannelState } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { Unavailable } from './errors.ts';
import type { Outgoing } from './ports.ts';

/**
 * Takes down a connection that is gone ($disconnect, a 410, its certain end): a leave for each channel of its record
 * and for the one where a 410 was met, whatever the record says; then the record.
 *
 * In that order: until the last leave is sent, the record is how another finds them. Safe to repeat.
 */
export async function gone(
  chat: Pick<Chat, 'connections' | 'queue'>,
  connection: string,
  metIn?: string,
): Promise<void> {
  const record = await chat.connections.read(connection);
  const leaves = new Map<string, Outgoing>();
  for (const [channel, token] of Object.entries(record?.channels ?? {})) {
    // many may meet it at once, in each of its channels: of the leaves that its record asks for, one is enough
    leaves.set(channel, { event: leave(channel, connection), deduplicationId: `${connection}.${token}` });
  }
  // not so where it was met: a row may have been written since an earlier leave
  if (metIn !== undefined) leaves.set(metIn, { event: leave(metIn, connection) });
  if (leaves.size > 0) {
    const sent = await chat.queue.send([...leaves.values()]);
    if (sent.includes(false)) throw new Unavailable('a leave was not accepted');
  }
  if (record !== undefined) await chat.connections.remove(connection);
}

const leave = (channel: string, connection: string): LeaveEvent => ({
  v: EVENT_VERSION,
  type: 'leave',
  channel,
  connection,
});

/**
 * Cuts a reader that may have a hole: its connection is ended, and nothing more is posted to it here.
 * The client comes back and recovers by offset.
 *
 * Told first, marked second: a crash between must not leave a reader behind that nobody tells.
 * `disconnect`: what it is told before its end.
 */
export async function cut(
  chat: Pick<Chat, 'later' | 'subscriptions' | 'metrics'>,
  channel: string,
  connection: string,
  disconnect?: Reason,
): Promise<void> {
  await chat.later.end(connection, { channel, ...(disconnect && { disconnect }) });
  await chat.subscriptions.cut(channel, connection);
  chat.metrics.count('ReaderCut');
}

/** Cuts a reader of the channel that this worker has claimed: nothing more is posted to it in this batch either. */
export async function cutReader(
  chat: Pick<Chat, 'later' | 'subscriptions' | 'metrics'>,
  { name, readers }: Pick<ChannelState, 'name' | 'readers'>,
  connection: string,
  disconnect?: Reason,
): Promise<void> {
  await cut(chat, name, connection, disconnect);
  await readers.silence(connection);
}
