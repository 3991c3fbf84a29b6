import { Overtaken } from '../../lambdas/chat/errors.ts';
import type { ChannelLog, Claim, Head, LogPiece, LogRange, LogRow, Position, Trial } from '../../lambdas/chat/ports.ts';
import { later, OLDEST, type Seq, seqFrom, storedSeq } from '../../lambdas/chat/seq.ts';

interface StoredHead extends Position {
  readonly turn: number;
  readonly last: string;
  readonly claimed: string;
  readonly claimedAt: number;
  readonly suspect: string;
  readonly trial: Trial;
  readonly removed: number;
  readonly expiresAt: number;
}

interface StoredRow extends LogRow {
  readonly turn: number;
  readonly expiresAt: number;
}

/** Channels' heads and logs in memory, with numbers kept as the tables keep them: with their queue's name. */
export class MemoryLog implements ChannelLog {
  readonly heads = new Map<string, StoredHead>();
  /** By `channel epoch`, then by offset. */
  readonly logs = new Map<string, Map<number, StoredRow>>();
  /** How many messages a read answers at most, whatever it asks for. */
  pieceMessages = Number.POSITIVE_INFINITY;
  readonly #queue: string;
  readonly #now: () => number;
  #epochs = 0;

  constructor(queue: string, now: () => number) {
    this.#queue = queue;
    this.#now = now;
  }

  async peek(channel: string): Promise<Head | undefined> {
    const head = this.heads.get(channel);
    if (!head) return undefined;
    const ended = head.expiresAt * 1000 <= this.#now();
    return { ...this.#read(head), ...(ended && { epoch: '', offset: 0, removed: 0 }) };
  }

  async claim(channel: string, { claimed, suspect, now, ttl }: Claim): Promise<Head> {
    const stored = this.heads.get(channel);
    const expired = stored !== undefined && stored.expiresAt * 1000 <= now;
    const old = stored ? this.#read(stored) : this.#read(this.#blank());
    const head = { ...old, turn: old.turn + 1, ...(expired && { epoch: this.#epoch(), offset: 0, removed: 0 }) };
    this.heads.set(channel, {
      ...head,
      last: storedSeq(this.#queue, head.last),
      claimed: storedSeq(this.#queue, later(old.claimed, claimed)),
      claimedAt: now,
      suspect: storedSeq(this.#queue, later(old.suspect, suspect)),
      trial: { ...head.trial, seq: storedSeq(this.#queue, head.trial.seq) },
      expiresAt: Math.ceil(now / 1000) + ttl,
    });
    return head;
  }

  async append(channel: string, epoch: string, turn: number, rows: readonly LogRow[], expiresAt: number) {
    const log = this.logs.get(`${channel} ${epoch}`) ?? new Map<number, StoredRow>();
    this.logs.set(`${channel} ${epoch}`, log);
    for (const row of rows) {
      const there = log.get(row.offset);
      if (there && there.turn > turn) throw new Overtaken('a later turn has written this row');
      log.set(row.offset, { ...row, turn, expiresAt });
    }
  }

  async release(channel: string, turn: number) {
    this.#write(channel, turn, { claimed: storedSeq(this.#queue, OLDEST) });
  }

  async advance(channel: string, turn: number, { offset, last }: { readonly offset: number; readonly last: Seq }) {
    this.#write(channel, turn, { offset, last: storedSeq(this.#queue, last) });
  }

  async renew(channel: string, turn: number): Promise<string> {
    const epoch = this.#epoch();
    this.#write(channel, turn, { epoch, offset: 0, removed: 0 });
    return epoch;
  }

  async suspect(channel: string, turn: number, seq: Seq) {
    this.#write(channel, turn, { suspect: storedSeq(this.#queue, seq) });
  }

  async trial(channel: string, turn: number, trial: Trial) {
    this.#write(channel, turn, { trial: { ...trial, seq: storedSeq(this.#queue, trial.seq) } });
  }

  async rows(channel: string, { epoch, offset }: Position, since: Seq) {
    const rows = [...(this.logs.get(`${channel} ${epoch}`)?.values() ?? [])];
    const now = this.#now();
    const live = rows.filter((row) => row.offset <= offset && row.seq >= since && row.expiresAt * 1000 > now);
    return new Map(live.map((row) => [row.seq, row.publication]));
  }

  async removeHistory(channel: string, turn: number, offset: number) {
    this.#write(channel, turn, { removed: offset });
  }

  async read(channel: string, { epoch, after, upTo, newestFirst, most, bytes }: LogRange): Promise<LogPiece> {
    const now = this.#now();
    const live = [...(this.logs.get(`${channel} ${epoch}`)?.values() ?? [])]
      .filter((row) => row.offset > after && row.offset <= upTo && row.expiresAt * 1000 > now)
      .sort((a, b) => (newestFirst ? b.offset - a.offset : a.offset - b.offset));
    let size = 0;
    const end = live.findIndex(({ publication }, i) => {
      size += Buffer.byteLength(JSON.stringify(publication));
      return i + 1 >= Math.min(most, this.pieceMessages) || size >= bytes;
    });
    const publications = live.slice(0, end < 0 ? live.length : end + 1).map(({ publication }) => publication);
    const last = newestFirst ? after + 1 : upTo;
    return { publications, reached: end < 0 ? last : Number(publications.at(-1)?.offset) };
  }

  #write(channel: string, turn: number, change: Partial<StoredHead>) {
    const head = this.heads.get(channel);
    if (head?.turn !== turn) throw new Overtaken('a later turn has the channel');
    this.heads.set(channel, { ...head, ...change });
  }

  #read(head: StoredHead): Head {
    const { expiresAt: _, ...rest } = head;
    return {
      ...rest,
      last: seqFrom(this.#queue, head.last),
      claimed: seqFrom(this.#queue, head.claimed),
      suspect: seqFrom(this.#queue, head.suspect),
      trial: { ...head.trial, seq: seqFrom(this.#queue, head.trial.seq) },
    };
  }

  #blank(): StoredHead {
    const trial = { seq: OLDEST, failures: 0, after: false };
    const numbers = { last: OLDEST, claimed: OLDEST, suspect: OLDEST, claimedAt: 0, trial };
    return { turn: 0, epoch: this.#epoch(), offset: 0, removed: 0, ...numbers, expiresAt: 0 };
  }

  #epoch(): string {
    this.#epochs++;
    return `epoch${this.#epochs}`;
  }
}
