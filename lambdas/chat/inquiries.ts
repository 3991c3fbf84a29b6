import type { Channel } from './channel.ts';
import type { History, Presence, PresenceStats } from './command.ts';
import { answer, type CommandFrame, isSubscribed, roomIn } from './command-frame.ts';
import { ParleyError } from './errors.ts';
import { FRAME_BYTES } from './frames.ts';
import { type LogParts, pageOf } from './history-page.ts';
import { checkHistory, checkPresence } from './permissions.ts';
import type { Publication, Subscription } from './ports.ts';

/** More than a reply's own words take, the longest id and channel among them, in bytes: what is left is for the rest. */
const REPLY_BYTES = 1_024;

/** Answers with what the channel keeps: as much as fits into the frame. */
export async function history(frame: CommandFrame, channel: Channel, command: History): Promise<void> {
  const { parts, connection, format } = frame;
  checkHistory(channel, connection, isSubscribed(connection, channel.name, parts.world.now()));
  const { id } = command;
  if (id === undefined) return;
  const room = roomIn(frame) - REPLY_BYTES;
  // (where there is no room at all, nothing is read in vain)
  const limit = room > 0 ? command.limit : 0;
  const page = await pageOf(parts satisfies LogParts, channel, { ...command, limit }, room);
  const sizeOf = (publication: Publication) =>
    Buffer.byteLength(parts.formats[format].piece(channel.name, publication)) + 1;
  const publications = fitting(page.publications, sizeOf, room, frame);
  const ordered = command.order === 'newest' ? publications.toReversed() : publications;
  answer(frame, { type: 'history', id, channel: channel.name, position: page.position, publications: ordered });
}

/** The first messages that fit; in a frame without other replies at least one, or none that is so large could ever be read. */
function fitting(
  publications: readonly Publication[],
  sizeOf: (publication: Publication) => number,
  room: number,
  { replies }: CommandFrame,
): readonly Publication[] {
  let left = room;
  const end = publications.findIndex((publication) => {
    left -= sizeOf(publication);
    return left < 0;
  });
  if (end < 0) return publications;
  return publications.slice(0, end === 0 && replies.length === 0 ? 1 : end);
}

/** Answers who reads the channel: users in the order of their names, a page of them, or all connections. */
export async function presence(frame: CommandFrame, channel: Channel, command: Presence): Promise<void> {
  const readers = await readersFor(frame, channel);
  const { id, after } = command;
  if (id === undefined) return;
  const { parts, format } = frame;
  if (parts.formats[format].tells === 'connections') {
    const reply = { type: 'presentConnections', id, members: readers } as const;
    if (Buffer.byteLength(parts.formats[format].reply(reply)) > FRAME_BYTES) {
      throw new ParleyError('limit_exceeded', `${channel.name}: ${readers.length} connections do not fit a frame`);
    }
    return answer(frame, reply);
  }
  const users = [...Map.groupBy(readers, ({ user }) => user)]
    .map(([user, connections]) => ({ user, connections: connections.length }))
    .filter(({ user }) => after === undefined || user > after)
    .sort((a, b) => (a.user < b.user ? -1 : 1));
  let room = roomIn(frame) - REPLY_BYTES;
  const end = users.findIndex((member, i) => {
    room -= bytesOf(member) + 1;
    // its name may have to be told once more, as `next`; the anonymous user has none that a page could begin after
    return room < bytesOf(member.user) && (users[i - 1]?.user ?? '') !== '';
  });
  const members = end < 0 ? users : users.slice(0, end);
  const next = end < 0 ? undefined : members.at(-1)?.user;
  answer(frame, { type: 'presence', id, channel: channel.name, members, ...(next !== undefined && { next }) });
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Answers how many read the channel. */
export async function presenceStats(frame: CommandFrame, channel: Channel, { id }: PresenceStats): Promise<void> {
  const readers = await readersFor(frame, channel);
  answer(frame, { type: 'presenceStats', id, connections: readers.length, users: usersAmong(readers) });
}

/** How many users these readers are. */
export const usersAmong = (readers: readonly Subscription[]): number => new Set(readers.map(({ user }) => user)).size;

async function readersFor({ parts, connection }: CommandFrame, channel: Channel): Promise<Subscription[]> {
  checkPresence(channel, connection, isSubscribed(connection, channel.name, parts.world.now()));
  return parts.subscriptions.of(channel.name);
}
