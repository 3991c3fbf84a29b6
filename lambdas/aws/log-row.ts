import type { LogRow, Publication } from '../chat/ports.ts';
import { type Seq, seqFrom, storedSeq } from '../chat/seq.ts';
import { fromJsonAttribute, jsonAttribute } from './json-attribute.ts';

/** A message as the table keeps it; its epoch is in the partition key. */
interface LogRowItem {
  /** The offset, see `offsetKey`. */
  readonly sk: string;
  readonly id: string;
  readonly user?: string;
  readonly connection?: string;
  readonly info?: string;
  readonly data?: string;
  readonly tags?: string;
  readonly key?: string;
  /** ms since 1970. */
  readonly time: number;
  readonly seq?: string;
  /** The turn of the worker that wrote it. */
  readonly turn: number;
  /** Unix time in seconds. */
  readonly expiresAt: number;
}

/** A message read back from the log, with the event that it came as. */
export interface StoredRow {
  readonly seq: Seq;
  readonly publication: Publication;
  readonly expiresAt: number;
}

/** The partition of an epoch's messages. */
export const logPartition = (channel: string, epoch: string): string => `LOG#${channel}#${epoch}`;

/** 16 digits, as many as the largest safe integer has, so that keys sort as offsets do. */
export const offsetKey = (offset: number): string => String(offset).padStart(16, '0');

/** The item of a row, but for its partition key. */
export function logRowItem(queueName: string, row: LogRow, turn: number, expiresAt: number): LogRowItem {
  const { info, data, tags, offset: _offset, epoch: _epoch, ...rest } = row.publication;
  return {
    ...rest,
    sk: offsetKey(row.offset),
    ...jsonAttribute('info', info),
    ...jsonAttribute('data', data),
    ...jsonAttribute('tags', tags),
    seq: storedSeq(queueName, row.seq),
    turn,
    expiresAt,
  };
}

/** The message of an item that `logRowItem` made. */
export function storedRow(queueName: string, epoch: string, item: Record<string, unknown>): StoredRow {
  const { sk, id, user, connection, info, data, tags, key, time, seq, expiresAt } = item as unknown as LogRowItem;
  const publication: Publication = {
    id,
    ...(user !== undefined && { user }),
    ...(connection !== undefined && { connection }),
    ...fromJsonAttribute<'info', unknown>('info', info),
    data: data === undefined ? undefined : JSON.parse(data),
    ...fromJsonAttribute<'tags', Record<string, string>>('tags', tags),
    ...(key !== undefined && { key }),
    time,
    offset: Number(sk),
    epoch,
  };
  return { seq: seqFrom(queueName, seq), publication, expiresAt };
}
