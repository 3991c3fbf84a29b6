import type { FunctionDeclaration } from '../declarations.ts';
import type { Clock } from '../invocation.ts';
import { type FunctionProcess, type Run, startFunctionProcess } from './function-process.ts';
import type { FunctionError } from './messages.ts';

/** Processes that load at the same time: more would only slow each other down on a laptop. */
const STARTS_AT_ONCE = 2;

/** How many processes a function may have, and how long one stays without work. */
export interface PoolOptions {
  readonly maximumProcesses: number;
  readonly idleMs: number;
  /** What a process that is gone had logged outside of any event. */
  readonly onStrayLog: (log: readonly string[]) => void;
}

/** The processes of one function, as Lambda keeps its execution environments. */
export interface FunctionPool {
  /** Waits for a free process. `startedAt` is when it was handed the event, ms since 1970. Never rejects. */
  run(requestId: string, event: string): Promise<Run & { readonly startedAt: number }>;
  /** Ends all processes, at once; what is in work or waits fails. */
  close(): Promise<void>;
}

interface Waiting {
  readonly requestId: string;
  readonly event: string;
  readonly resolve: (run: Run & { readonly startedAt: number }) => void;
}

/** Makes processes as events come, up to the ceiling; what comes above it waits in order. */
export function functionPool(
  declaration: FunctionDeclaration,
  environment: Readonly<Record<string, string>>,
  options: PoolOptions,
  clock: Clock,
): FunctionPool {
  const all = new Set<FunctionProcess>();
  /** The last one used is the first to be used again, so that the others may go. */
  const idle: { readonly process: FunctionProcess; readonly cancel: () => void }[] = [];
  const waiting: Waiting[] = [];
  let starting = 0;
  let closed = false;

  function startMore(): void {
    while (!closed && starting < Math.min(STARTS_AT_ONCE, waiting.length) && all.size < options.maximumProcesses) {
      starting++;
      void start();
    }
  }

  async function start(): Promise<void> {
    const process = startFunctionProcess(declaration, environment, clock);
    all.add(process);
    void process.ended.then(() => {
      all.delete(process);
      const wasIdle = forget(process);
      const stray = wasIdle ? process.takeLog() : [];
      if (stray.length > 0) options.onStrayLog(stray);
      startMore();
    });
    const error = await process.ready;
    starting--;
    if (error === undefined) {
      take(process);
      return startMore();
    }
    await process.ended;
    // as in Lambda, where the event that asked for the environment gets the error of its init
    const next = waiting.shift();
    next?.resolve({ outcome: { error }, log: process.takeLog(), startedAt: clock.now() });
    startMore();
  }

  function forget(process: FunctionProcess): boolean {
    const at = idle.findIndex((entry) => entry.process === process);
    if (at >= 0) idle.splice(at, 1)[0]?.cancel();
    return at >= 0;
  }

  /** Gives a free process its next event, or lets it wait for one. */
  function take(process: FunctionProcess): void {
    const next = waiting.shift();
    if (next !== undefined) {
      void handle(process, next);
      return;
    }
    const cancel = clock.at(clock.now() + options.idleMs, () => {
      forget(process);
      process.kill();
    });
    idle.push({ process, cancel });
  }

  async function handle(process: FunctionProcess, { requestId, event, resolve }: Waiting): Promise<void> {
    const startedAt = clock.now();
    const run = await process.run({ requestId, event, deadline: startedAt + declaration.timeoutMs });
    resolve({ ...run, startedAt });
    if (process.alive()) take(process);
  }

  return {
    run(requestId, event) {
      if (closed) return Promise.resolve({ outcome: { error: CLOSED }, log: [], startedAt: clock.now() });
      return new Promise((resolve) => {
        waiting.push({ requestId, event, resolve });
        const free = idle.pop();
        free?.cancel();
        if (free !== undefined) take(free.process);
        else startMore();
      });
    },
    async close() {
      closed = true;
      for (const { resolve } of waiting.splice(0)) {
        resolve({ outcome: { error: CLOSED }, log: [], startedAt: clock.now() });
      }
      for (const { cancel } of idle.splice(0)) cancel();
      for (const process of all) process.kill();
      await Promise.all([...all].map((process) => process.ended));
    },
  };
}

const CLOSED: FunctionError = {
  errorType: 'ServiceException',
  errorMessage: 'the local server is closing',
  trace: [],
};
