import { randomUUID } from 'node:crypto';
import type { FunctionDeclaration } from '../declarations.ts';
import type { Activity, Clock, Invoke } from '../invocation.ts';
import { functionEnvironment } from './environment.ts';
import { type InvocationRecord, invocationOf, renderLog, writeInvocation } from './function-log.ts';
import { type FunctionPool, functionPool } from './function-pool.ts';
import type { Run } from './function-process.ts';

/** Lambda's bounds of an event and of a result, in bytes of JSON (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). */
const MAX_EVENT_BYTES = 6_291_456;
const MAX_RESULT_BYTES = 6_291_556;

/** What running functions takes from outside. */
export interface FunctionsOptions {
  readonly activity: Activity;
  readonly clock: Clock;
  /** What is added to a function's environment: credentials, endpoints. Asked once for each function. */
  readonly environmentOf: (declaration: FunctionDeclaration) => Readonly<Record<string, string>>;
  /** Processes for each function; events beyond wait in order. @default 10 */
  readonly maximumProcesses?: number;
  /** How long a process stays without work. @default 5 minutes */
  readonly idleMs?: number;
}

/** The functions of a stack, each in processes of its own. */
export interface Functions {
  readonly invoke: Invoke;
  /** Ends all processes at once; resolves when none is left. */
  close(): Promise<void>;
}

/** Runs functions as Lambda does: a process handles one event at a time, and more of them come as events do. */
export function runFunctions(declarations: readonly FunctionDeclaration[], options: FunctionsOptions): Functions {
  const { activity, clock } = options;
  const pools = new Map<string, { readonly declaration: FunctionDeclaration; readonly pool: FunctionPool }>();
  for (const declaration of declarations) {
    const environment = functionEnvironment(declaration, options.environmentOf(declaration));
    const pool = functionPool(
      declaration,
      environment,
      {
        maximumProcesses: options.maximumProcesses ?? 10,
        idleMs: options.idleMs ?? 5 * 60_000,
        onStrayLog: (log) =>
          activity.note([`${shortName(declaration)} between events`, ...renderLog(log).shown].join('\n')),
      },
      clock,
    );
    pools.set(declaration.arn, { declaration, pool });
  }

  let closing = false;

  async function invoke(functionArn: string, event: unknown, source: string) {
    const found = pools.get(functionArn);
    if (found === undefined) return refusal('ResourceNotFoundException', `Function not found: ${functionArn}`);
    const payload = JSON.stringify(event) ?? 'null';
    const size = Buffer.byteLength(payload);
    if (size > MAX_EVENT_BYTES) {
      const limit = `Request must be smaller than ${MAX_EVENT_BYTES} bytes for the InvokeFunction operation`;
      return refusal('RequestEntityTooLargeException', limit);
    }
    const { outcome, log, startedAt } = await found.pool.run(randomUUID(), payload);
    const record: InvocationRecord = {
      source,
      functionName: shortName(found.declaration),
      ms: clock.now() - startedAt,
      outcome: parsed(outcome),
      log,
    };
    // what is cut off because the server ends is no fault of the function
    if (!closing) writeInvocation(activity, record);
    return invocationOf(record.outcome);
  }

  return {
    invoke,
    async close() {
      closing = true;
      await Promise.all([...pools.values()].map(({ pool }) => pool.close()));
    },
  };
}

/** Without the hash that the CDK puts behind a construct's path. */
function shortName({ logicalId }: FunctionDeclaration): string {
  return logicalId.replace(/(?<=.)[0-9A-F]{8}$/, '');
}

function refusal(errorType: string, errorMessage: string) {
  return { ok: false, errorType, errorMessage } as const;
}

function parsed(outcome: Run['outcome']): InvocationRecord['outcome'] {
  if ('error' in outcome) return outcome;
  const size = Buffer.byteLength(outcome.payload);
  if (size <= MAX_RESULT_BYTES) return { payload: JSON.parse(outcome.payload) };
  const errorMessage = `Response payload size (${size} bytes) exceeded maximum allowed payload size (${MAX_RESULT_BYTES} bytes).`;
  return { error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage, trace: [] } };
}
