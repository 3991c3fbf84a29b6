import type { Activity } from './invocation.ts';

/** What the terminal is shown, and where it is written. */
export interface TerminalOptions {
  /** Shows details, too. */
  readonly verbose: boolean;
  /** Warnings in yellow, details in grey. */
  readonly colors: boolean;
  /** Takes whole lines, with their ends. */
  readonly write: (text: string) => void;
  /** ms since 1970. */
  readonly now: () => number;
}

const YELLOW = '33';
const GREY = '90';

/** Writes what happens for a person to read: the time before each entry, what belongs to it indented below. */
export function terminalActivity({ verbose, colors, write, now }: TerminalOptions): Activity {
  const colored = (color: string, text: string) => (colors ? `\u001b[${color}m${text}\u001b[39m` : text);
  const entry = (line: string) => `${clockTime(new Date(now()))}  ${line.replaceAll('\n', '\n            ')}`;
  return {
    note: (line) => write(`${entry(line)}\n`),
    warn: (line) => write(`${colored(YELLOW, entry(line))}\n`),
    detail(line) {
      if (verbose) write(`${colored(GREY, entry(line))}\n`);
    },
  };
}

/** The local time of day, to the millisecond. */
function clockTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}
