import { spawn } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';

/** How long is waited for what a command should say. Generous: it is only spent where a test fails. */
const PATIENCE_MS = 50_000;
/** How long a process may outlive the one that started it. */
const ORPHAN_MS = 2_000;

/** How a command has ended. */
export interface Ended {
  /** Null where a signal has ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A command line that runs in a process group of its own, as at a terminal. */
export interface Command {
  /** Where it was told to put what is temporary; empty at first. */
  readonly temporary: string;
  /** Resolves when it has ended, and nobody writes to its output any more. */
  readonly ended: Promise<Ended>;
  /** Resolves when its output has what matches; throws, with all that it said, where it ends before or takes too long. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Writes a line to its input, which stays open. */
  type(line: string): void;
  /** Tells all of its processes, as Ctrl-C does; nothing happens where none is left. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves when none of its processes is left, for which they have a moment after its end; else throws. */
  gone(): Promise<void>;
}

/** Starts a line of bash. */
export function startCommand(
  line: string,
  { temporary, ...options }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly temporary: string },
): Command {
  const env = { ...options.env, TMPDIR: temporary };
  const child = spawn('bash', ['-c', line], { ...options, env, detached: true });
  let out = '';
  let err = '';
  const waiting = new Set<() => void>();
  const heard = () => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  // it may end before it has read all
  child.stdin.on('error', () => {});
  let hasEnded = false;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      hasEnded = true;
      heard();
      resolve({ code, signal, out, err });
    });
  });

  /** Signals the group; 0 only looks. Answers whether there is anybody. */
  function tell(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-Number(child.pid), signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      return false;
    }
  }

  return {
    temporary,
    ended,
    said(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const fail = (why: string) => reject(new Error(`${line}: ${why} before it said ${pattern}:\n${out}\n${err}`));
      const look = () => {
        const found = pattern.exec(out);
        if (found !== null) resolve(found);
        else if (hasEnded) fail('it ended');
      };
      const patience = setTimeout(() => fail('time was over'), PATIENCE_MS);
      waiting.add(look);
      look();
      return promise.finally(() => {
        clearTimeout(patience);
        waiting.delete(look);
      });
    },
    type: (text) => void child.stdin.write(`${text}\n`),
    signal: (signal) => void tell(signal),
    async gone() {
      const until = Date.now() + ORPHAN_MS;
      while (tell(0)) {
        if (Date.now() > until) throw new Error(`${line}: a process is left behind`);
        await after(20);
      }
    },
  };
}
