import type { ChannelState } from './channel-state.ts';
import { FRAME_BYTES } from './frames.ts';
import type { ChannelLog, LogPiece } from './ports.ts';

/** So much is read at once: what a reader that catches up is sent in one go. */
const PIECE_BYTES = 8 * FRAME_BYTES;
const PIECE_MESSAGES = 1_000;

/** A channel's messages as one batch sees them: what several readers missed is read once. */
export interface ChannelHistory {
  /** Messages behind an offset, oldest first, up to the head or as many as make a piece. */
  after(offset: number): Promise<LogPiece>;
}

/** Answers the history of a channel. `place`: its epoch and how far it goes, which may advance. */
export function historyOf(
  log: Pick<ChannelLog, 'read'>,
  channel: string,
  place: () => Pick<ChannelState, 'epoch' | 'offset'>,
): ChannelHistory {
  const pieces: { readonly after: number; readonly piece: Promise<LogPiece> }[] = [];

  function read(after: number): Promise<LogPiece> {
    const { epoch, offset: upTo } = place();
    const piece = log.read(channel, { epoch, after, upTo, most: PIECE_MESSAGES, bytes: PIECE_BYTES });
    pieces.push({ after, piece });
    return piece;
  }

  return {
    async after(offset) {
      for (const known of pieces) {
        if (known.after > offset) continue;
        const { publications, reached } = await known.piece;
        if (reached <= offset) continue;
        return { publications: publications.filter((p) => Number(p.offset) > offset), reached };
      }
      return read(offset);
    },
  };
}

/** Whether a piece has every message behind an offset. */
export const isUnbroken = ({ publications, reached }: LogPiece, after: number): boolean =>
  publications.length === reached - after;
