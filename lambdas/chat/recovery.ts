import type { SubscribeEvent } from './channel-event.ts';
import { isUnbroken } from './channel-history.ts';
import { type ChannelState, positionOf } from './channel-state.ts';
import { hasHistory } from './namespace.ts';
import type { Position, Publication } from './ports.ts';

/** Where a new reader begins. */
export interface Beginning {
  /** Before `missed`. */
  readonly position: Position;
  /** Only where `since` was given. */
  readonly recovered?: boolean;
  /** Not all that was asked for is there: a little earlier, it may have been. */
  readonly isShort?: true;
  /** The first of what it is to be sent, oldest first, without a hole; more may follow up to the head. */
  readonly missed: readonly Publication[];
}

/** The offset behind which a channel keeps its messages, as far as their time is not over. */
export const keptAfter = (offset: number, removed: number, historySize: number | undefined): number =>
  Math.max(removed, offset - (historySize ?? 0), 0);

/**
 * Where a reader begins that asks for what it missed (`since`), for the newest messages (`rewind`), or for neither.
 *
 * `recovered` is true only if all of it is there, also where that is nothing; else nothing of it is sent.
 */
export async function beginningOf(state: ChannelState, event: SubscribeEvent): Promise<Beginning> {
  const { since, rewind } = event;
  const position = positionOf(state);
  const { epoch, offset } = position;
  const nothing: Beginning = { position, missed: [] };
  if (since === undefined) {
    return rewind !== undefined && rewind > 0 && hasHistory(state.options) ? rewound(state, rewind) : nothing;
  }
  if (!hasHistory(state.options)) return { ...nothing, recovered: false };
  const lost: Beginning = { ...nothing, recovered: false, isShort: true };
  const fromStart = since.epoch === '' && since.offset === 0;
  if (!fromStart && since.epoch !== epoch) return lost;
  if (since.offset > offset || since.offset < oldestOffset(state)) return lost;
  if (since.offset === offset) return { ...nothing, recovered: true };
  const piece = await state.history.after(since.offset);
  if (!isUnbroken(piece, since.offset)) return lost;
  return { position: { epoch, offset: since.offset }, recovered: true, missed: piece.publications };
}

/** The newest messages, as far back as none is missing. */
async function rewound(state: ChannelState, wanted: number): Promise<Beginning> {
  const { epoch, offset } = positionOf(state);
  const from = Math.max(offset - wanted, oldestOffset(state));
  for (let after = from; after < offset; ) {
    const piece = await state.history.after(after);
    const missed = behindLastHole(piece.publications, piece.reached);
    const before = piece.reached - missed.length;
    if (missed.length > 0)
      return { position: { epoch, offset: before }, missed, ...(before > from && { isShort: true }) };
    after = piece.reached;
  }
  return { position: { epoch, offset }, missed: [], ...(from < offset && { isShort: true }) };
}

/** The unbroken run of messages that ends at an offset. */
function behindLastHole(publications: readonly Publication[], end: number): readonly Publication[] {
  const backwards = publications.toReversed();
  const hole = backwards.findIndex((publication, i) => publication.offset !== end - i);
  return hole < 0 ? publications : publications.slice(publications.length - hole);
}

const oldestOffset = ({ offset, removed, options }: ChannelState): number =>
  keptAfter(offset, removed, options.historySize);
