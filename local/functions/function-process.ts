import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FunctionDeclaration } from '../declarations.ts';
import type { Clock } from '../invocation.ts';
import { readLines } from './line-reader.ts';
import type { EventMessage, FunctionError, ProcessMessage } from './messages.ts';

/** Lambda gives a function this long to load, apart from its timeout. */
const INIT_TIMEOUT_MS = 10_000;

/** How long a dead process may leave its pipes open (a process of its own may still hold them). */
const DRAIN_MS = 500;

/** What became of one event, and what was logged meanwhile. */
export interface Run {
  readonly outcome: { readonly payload: string } | { readonly error: FunctionError };
  readonly log: readonly string[];
}

/** A process that handles one event at a time. */
export interface FunctionProcess {
  /** Resolves when the handler is loaded, or has failed to: the process is then of no use any more. */
  readonly ready: Promise<FunctionError | undefined>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  /** Never call it while an event is in work. Never rejects. */
  run(event: Omit<EventMessage, 'functionArn'>): Promise<Run>;
  /** Whether it can take an event. */
  alive(): boolean;
  /** Takes what was logged outside of any event. */
  takeLog(): readonly string[];
  kill(): void;
}

/** Starts a process for a function; `environment` is all of its environment. */
export function startFunctionProcess(
  declaration: FunctionDeclaration,
  environment: Readonly<Record<string, string>>,
  clock: Clock,
): FunctionProcess {
  const child = fork(fileURLToPath(new URL('bootstrap.ts', import.meta.url)), {
    cwd: declaration.codeDirectory,
    env: environment,
    // Lambda's runtime leaves a tenth of the memory to what is not heap
    execArgv: [`--max-old-space-size=${Math.max(16, Math.floor(declaration.memoryMb * 0.9))}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // a group of its own: Ctrl-C at the terminal ends the server, which lets what is under way end
    detached: true,
  });
  let log: string[] = [];
  const readers = [child.stdout, child.stderr].map((stream) => {
    if (stream === null) throw new Error('the process has no output to read');
    return readLines(stream, (line) => log.push(line));
  });

  let onMessage: (message: ProcessMessage) => void = () => {};
  child.on('message', (message: ProcessMessage) => onMessage(message));
  let killedFor: FunctionError | undefined;
  const exit = endOf(child, clock);

  /** Waits for one message, the process' end, or the time; `after` is the time as an error. */
  function answer(deadline: number, after: FunctionError): Promise<ProcessMessage> {
    return new Promise((resolve) => {
      const cancel = clock.at(deadline, () => {
        killedFor = after;
        child.kill('SIGKILL');
      });
      let said: ProcessMessage | undefined;
      const settle = (message: ProcessMessage) => {
        cancel();
        resolve(message);
      };
      onMessage = (message) => {
        said = message;
        settle(message);
      };
      void exit.then((how) => {
        if (said === undefined) settle({ type: 'error', error: killedFor ?? how, fatal: true });
      });
    });
  }

  const ready = answer(clock.now() + INIT_TIMEOUT_MS, timedOut('Init', INIT_TIMEOUT_MS)).then((message) => {
    if (message.type !== 'error') return undefined;
    child.kill('SIGKILL');
    return message.error;
  });

  function takeLog(): readonly string[] {
    const lines = log;
    log = [];
    return lines;
  }

  return {
    ready,
    ended: exit.then(() => {}),
    takeLog,
    alive: () => child.connected && child.exitCode === null && child.signalCode === null,
    async run(event) {
      const logged = Promise.all(readers.map((reader) => reader.endOf(event.requestId)));
      const answered = answer(event.deadline, timedOut('Task', declaration.timeoutMs));
      if (child.connected) {
        child.send({ ...event, functionArn: declaration.arn } satisfies EventMessage, () => {
          // a process that is gone cannot be told: its end is the answer
        });
      }
      const message = await answered;
      // a handler that died on the way has written no mark: its end is the end of its log
      await (message.type === 'error' && message.fatal ? exit : Promise.race([logged, exit]));
      const lines = takeLog();
      if (message.type === 'result') return { outcome: { payload: message.payload }, log: lines };
      const error = message.type === 'error' ? message.error : exitError('Error: the process loaded twice');
      return { outcome: { error: withRequestId(error, event.requestId) }, log: lines };
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

/** Waits until the process is gone and its output is read. */
async function endOf(child: ChildProcess, clock: Clock): Promise<FunctionError> {
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (...how) => {
      const cancel = clock.at(clock.now() + DRAIN_MS, () => resolve(how));
      child.once('close', () => {
        cancel();
        resolve(how);
      });
    });
    child.once('error', () => resolve([1, null]));
  });
  if (signal !== null) return exitError(`Error: Runtime exited with error: signal: ${nameOf(signal)}`);
  return exitError(
    code === 0
      ? 'Error: Runtime exited without providing a reason'
      : `Error: Runtime exited with error: exit status ${code}`,
  );
}

/** As Go, in which Lambda's supervisor is written, names signals. */
function nameOf(signal: NodeJS.Signals): string {
  const names: Partial<Record<NodeJS.Signals, string>> = {
    SIGKILL: 'killed',
    SIGABRT: 'aborted',
    SIGTERM: 'terminated',
  };
  return names[signal] ?? signal;
}

function exitError(errorMessage: string): FunctionError {
  return { errorType: 'Runtime.ExitError', errorMessage, trace: [] };
}

function timedOut(what: string, ms: number): FunctionError {
  const errorMessage = `Error: ${what} timed out after ${(ms / 1000).toFixed(2)} seconds`;
  return { errorType: 'Sandbox.Timedout', errorMessage, trace: [] };
}

/** Lambda names the request where it is the sandbox that tells of the error. */
function withRequestId(error: FunctionError, requestId: string): FunctionError {
  const bySandbox = error.errorType === 'Runtime.ExitError' || error.errorType === 'Sandbox.Timedout';
  return bySandbox ? { ...error, errorMessage: `RequestId: ${requestId} ${error.errorMessage}` } : error;
}
