import type { ChannelHistory } from './channel-history.ts';
import type { ChannelReaders } from './channel-readers.ts';
import type { NamespaceOptions } from './namespace.ts';
import type { Lease, Position, Trial } from './ports.ts';
import type { Seq } from './seq.ts';

/** What a worker knows of the channel it has claimed; it is the only one that changes it. */
export interface ChannelState {
  readonly name: string;
  readonly options: NamespaceOptions;
  readonly turn: number;
  readonly readers: ChannelReaders;
  readonly history: ChannelHistory;
  readonly lease: Lease;
  epoch: string;
  offset: number;
  /** Messages up to this offset have been taken out of the history. */
  removed: number;
  /** The newest event that the log is done with. */
  last: Seq;
  trial: Trial;
}

/** Where the channel stands now. */
export const positionOf = ({ epoch, offset }: ChannelState): Position => ({ epoch, offset });
