import type { Channel } from './channel.ts';
import type { Chat } from './chat.ts';
import type { History } from './command.ts';
import { ParleyError } from './errors.ts';
import type { Position, Publication } from './ports.ts';
import { keptAfter } from './recovery.ts';

/** What reading a channel's history needs. */
export type LogParts = Pick<Chat, 'log'>;

/** A part of a channel's history, and where the channel stands. */
export interface HistoryPage {
  /** `epoch` is `''` where the channel has not been used yet, or was forgotten. */
  readonly position: Position;
  /** In the order that was read: the newest first for `newest`, too. Without a hole. */
  readonly publications: readonly Publication[];
}

/** At most so many messages are read at once. */
const MOST = 1_000;

/**
 * Reads a part of a channel's history, outside the channel's order: what the head holds by now. Stops behind the message
 * with which it has so many bytes.
 *
 * Throws `unrecoverable_position` where `epoch` is not the channel's.
 */
export async function pageOf(
  { log }: LogParts,
  { name, options }: Channel,
  { limit, order, after, before, epoch: asked }: Omit<History, 'action' | 'channel' | 'id'>,
  bytes: number,
): Promise<HistoryPage> {
  const head = await log.peek(name);
  const { epoch = '', offset = 0, removed = 0 } = head ?? {};
  if (asked !== undefined && asked !== epoch && !(asked === '' && (after ?? 0) === 0)) {
    throw new ParleyError('unrecoverable_position', `${name}: its epoch is another one by now`);
  }
  const position = { epoch, offset };
  const from = Math.max(after ?? 0, keptAfter(offset, removed, options.historySize));
  const upTo = Math.min((before ?? Number.POSITIVE_INFINITY) - 1, offset);
  const most = Math.min(limit, MOST);
  if (most === 0 || upTo <= from) return { position, publications: [] };
  const newestFirst = order !== 'oldestFirst';
  const piece = await log.read(name, { epoch, after: from, upTo, newestFirst, most, bytes });
  if (newestFirst) return { position, publications: unbroken(piece.publications, upTo) };
  return { position, publications: unbroken(piece.publications.toReversed(), piece.reached).toReversed() };
}

/** Of messages that are newest first, the unbroken run that begins at an offset: what stands before a hole is not kept any more. */
function unbroken(publications: readonly Publication[], newest: number): readonly Publication[] {
  const hole = publications.findIndex(({ offset }, i) => offset !== newest - i);
  return hole < 0 ? publications : publications.slice(0, hole);
}
