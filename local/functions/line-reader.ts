import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { endOfLog } from './messages.ts';

/** Gathers what a process writes to one stream, event by event. */
export interface LineReader {
  /** Resolves when the stream has reached the end of that event's log, or its own end. */
  endOf(requestId: string): Promise<void>;
}

/** Calls `onLine` with each line of `stream` but the marks between events. */
export function readLines(stream: Readable, onLine: (line: string) => void): LineReader {
  const waiting = new Map<string, () => void>();
  let ended = false;
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    // what was written without a newline stands before the mark, on its line
    const mark = line.indexOf('\0end ');
    if (mark !== 0) onLine(mark < 0 ? line : line.slice(0, mark));
    if (mark >= 0) waiting.get(line.slice(mark))?.();
  });
  lines.on('close', () => {
    ended = true;
    for (const resolve of waiting.values()) resolve();
  });
  return {
    endOf(requestId) {
      if (ended) return Promise.resolve();
      const mark = endOfLog(requestId);
      return new Promise((resolve) => {
        waiting.set(mark, () => {
          waiting.delete(mark);
          resolve();
        });
      });
    },
  };
}
