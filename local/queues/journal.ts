import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { Backlog, Change } from './backlog.ts';
import type { Journal } from './queue.ts';

/** How many lines more than it needs a journal may have before it is written anew. */
const SLACK_LINES = 10_000;

/** A queue's file: one change a line, as JSON, in the order in which they were made. */
export interface JournalFile extends Journal {
  close(): void;
}

/**
 * Opens a queue's journal: reads what an earlier run has left into `backlog`, and keeps what is appended from then on.
 *
 * An append returns when the system has the bytes, so it outlives the process however that ends (not a power cut).
 * A last line without its end was never acknowledged, and is dropped; anything else that cannot be read throws an error
 * that names file and line, and changes nothing. The file is written anew, in short, when it is opened and when it has
 * `slackLines` lines more than it needs. `now` is the clock's, ms since 1970.
 */
export function openJournal(
  file: string,
  backlog: Backlog,
  now: () => number,
  { slackLines = SLACK_LINES }: { readonly slackLines?: number } = {},
): JournalFile {
  replay(file, backlog);
  let descriptor: number | undefined;
  let lines = 0;
  let bytes = 0;

  const write = (text: string): void => {
    if (descriptor === undefined) throw new Error(`${file} is closed`);
    const buffer = Buffer.from(text);
    try {
      writeAll(descriptor, buffer, bytes);
    } catch (error) {
      // a part of a line would make one with the next
      ftruncateSync(descriptor, bytes);
      throw error;
    }
    bytes += buffer.length;
  };

  const writeAnew = (): void => {
    const fresh = `${file}.new`;
    const old = descriptor;
    // the name is taken over only by a whole file: a death at any point leaves the old one or the new one
    const next = openSync(fresh, 'w', 0o600);
    const buffer = Buffer.from(toLines(backlog.inShort(now())));
    try {
      writeAll(next, buffer, 0);
      fsyncSync(next);
      renameSync(fresh, file);
    } catch (error) {
      closeSync(next);
      throw error;
    }
    descriptor = next;
    bytes = buffer.length;
    lines = backlog.length;
    if (old !== undefined) closeSync(old);
  };

  writeAnew();
  return {
    append(changes) {
      // before, not after: here the backlog is all that the file says
      if (lines - backlog.length > slackLines) writeAnew();
      write(toLines(changes));
      lines += changes.length;
    },
    close() {
      if (descriptor === undefined) return;
      closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function writeAll(descriptor: number, buffer: Buffer, position: number): void {
  let done = 0;
  while (done < buffer.length) {
    done += writeSync(descriptor, buffer, done, buffer.length - done, position + done);
  }
}

function toLines(changes: Iterable<Change>): string {
  let text = '';
  for (const change of changes) text += `${JSON.stringify(change)}\n`;
  return text;
}

function replay(file: string, backlog: Backlog): void {
  const lines = read(file).split('\n');
  // what follows the last line's end is a line that was never finished
  lines.pop();
  for (const [index, line] of lines.entries()) {
    try {
      backlog.apply(changeOf(line));
    } catch (cause) {
      throw new Error(`${file}:${index + 1} cannot be read: the journal is damaged there`, { cause });
    }
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

const KINDS: ReadonlySet<unknown> = new Set<Change['kind']>([
  'sent',
  'moved',
  'received',
  'gone',
  'remembered',
  'numbered',
]);

function changeOf(line: string): Change {
  const change: unknown = JSON.parse(line);
  if (typeof change === 'object' && change !== null && 'kind' in change && KINDS.has(change.kind)) {
    return change as Change;
  }
  throw new Error('it is none of the changes of a queue');
}
