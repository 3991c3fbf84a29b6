import type { ChannelState } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { type OutgoingPush, postRun } from './fan-out.ts';
import type { Subscription } from './ports.ts';
import type { Seq } from './seq.ts';

/** A reader that has come, or is about to go. */
export interface Move {
  readonly kind: 'join' | 'leave';
  /** The event that says so: who subscribed after it is not told. */
  readonly seq: Seq;
  readonly reader: Subscription;
}

type Parts = Parameters<typeof postRun>[0] & Pick<Chat, 'joinLeaveReaders'>;

/**
 * Tells the readers of a channel who has come and who goes, a run of it in one frame a reader. A join is told after its
 * row was written, a leave before its row is deleted: each at least once.
 *
 * Above `joinLeaveReaders` readers nobody is told: it would be as many posts as the square of them.
 */
export async function tellMoves(chat: Parts, state: ChannelState, moves: readonly Move[]): Promise<void> {
  if (!state.options.joinLeave || moves.length === 0) return;
  const readers = await state.readers.all();
  if (readers.length > chat.joinLeaveReaders) return;
  const leaving = connectionsOf(moves, 'leave');
  const told = readers.filter((reader) => reader.joinLeave && !reader.cut && !leaving.has(reader.connection));
  if (told.length === 0) return;
  const ofUsers = new Set(movesOfUsers(moves, readers));
  const pushes = moves.toSorted(bySeq).map((move): OutgoingPush => {
    const textIn: OutgoingPush['textIn'] = (format) => {
      if (format.tells === 'users' && !ofUsers.has(move)) return undefined;
      return format[move.kind](state.name, move.reader);
    };
    return { seq: move.seq, mayBeLost: false, textIn };
  });
  await postRun(chat, state, pushes, told);
}

/** The moves by which a user, of whatever connections, comes to the channel or has left it. */
function movesOfUsers(moves: readonly Move[], readers: readonly Subscription[]): Move[] {
  const joining = connectionsOf(moves, 'join');
  const leaving = connectionsOf(moves, 'leave');
  const were = usersOf(readers.filter(({ connection }) => !joining.has(connection)));
  const stay = usersOf(readers.filter(({ connection }) => !leaving.has(connection)));
  return [
    ...firstOfEach(moves.filter(({ kind, reader }) => kind === 'join' && !were.has(reader.user))),
    ...firstOfEach(moves.filter(({ kind, reader }) => kind === 'leave' && !stay.has(reader.user))),
  ];
}

const connectionsOf = (moves: readonly Move[], kind: Move['kind']): ReadonlySet<string> =>
  new Set(moves.filter((move) => move.kind === kind).map(({ reader }) => reader.connection));

const usersOf = (readers: readonly Subscription[]): ReadonlySet<string> => new Set(readers.map(({ user }) => user));

const firstOfEach = (moves: readonly Move[]): Move[] => [
  ...new Map(moves.toReversed().map((move) => [move.reader.user, move])).values(),
];

const bySeq = (a: Move, b: Move): number => (a.seq < b.seq ? -1 : 1);
