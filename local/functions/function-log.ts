import type { Activity, Invocation } from '../invocation.ts';
import type { FunctionError } from './messages.ts';

/** One invocation, as the person at the terminal sees it. */
export interface InvocationRecord {
  readonly source: string;
  /** The function, as short as the template names it. */
  readonly functionName: string;
  readonly ms: number;
  readonly outcome: { readonly payload: unknown } | { readonly error: FunctionError };
  readonly log: readonly string[];
}

/** Frames that say nothing of the function. */
const OF_THE_RUNTIME = /\bnode:|\/local\/functions\/bootstrap\.ts/;

/** Writes one line for an invocation, and below it what the function logged. */
export function writeInvocation(activity: Activity, record: InvocationRecord): void {
  const failed = 'error' in record.outcome;
  const head = `${record.source} → ${record.functionName}  ${record.ms} ms  ${outcomeOf(record)}`;
  const lines = [head];
  if ('error' in record.outcome) {
    const frames = record.outcome.error.trace.slice(1).filter((line) => !OF_THE_RUNTIME.test(line));
    lines.push(...frames.map((line) => `    ${line.trim()}`));
  }
  const { shown, details } = renderLog(record.log);
  lines.push(...shown);
  const text = lines.join('\n');
  if (failed) activity.warn(text);
  else activity.note(text);
  if (details.length > 0) activity.detail(details.join('\n'));
}

function outcomeOf({ outcome }: InvocationRecord): string {
  if ('error' in outcome) return `${outcome.error.errorType}: ${outcome.error.errorMessage}`;
  const payload = outcome.payload as { statusCode?: unknown; batchItemFailures?: unknown } | null;
  if (typeof payload !== 'object' || payload === null) return 'ok';
  if (Array.isArray(payload.batchItemFailures) && payload.batchItemFailures.length > 0) {
    return `${payload.batchItemFailures.length} given back`;
  }
  return payload.statusCode === undefined ? 'ok' : String(payload.statusCode);
}

/** What every structured line of a function says about itself, and the line above it says already. */
const KNOWN_ALREADY = new Set([
  'level',
  'message',
  'timestamp',
  'service',
  'sampling_rate',
  'cold_start',
  'xray_trace_id',
  'function_arn',
  'function_memory_size',
  'function_name',
  'function_request_id',
  'error',
]);

/**
 * Makes a function's log readable. Structured lines below INFO and metrics are details; what a function writes in plain
 * text (`console.log` while looking for a fault) is always shown.
 */
export function renderLog(log: readonly string[]): { readonly shown: string[]; readonly details: string[] } {
  const shown: string[] = [];
  const details: string[] = [];
  for (const line of log) {
    const fields = structured(line);
    if (fields === undefined) shown.push(`    ${line}`);
    else if ('_aws' in fields) details.push(`    METRICS ${namedFields(fields, new Set(['_aws']))}`);
    else {
      const quiet = fields.level === 'DEBUG' || fields.level === 'TRACE';
      (quiet ? details : shown).push(...structuredLines(fields));
    }
  }
  return { shown, details };
}

function structured(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const fields: unknown = JSON.parse(line);
    const known = typeof fields === 'object' && fields !== null && ('level' in fields || '_aws' in fields);
    return known ? (fields as Record<string, unknown>) : undefined;
  } catch {
    // a line that only looks like JSON is plain text
    return undefined;
  }
}

function structuredLines(fields: Record<string, unknown>): string[] {
  const first = `    ${fields.level} ${fields.message ?? ''}  ${namedFields(fields, KNOWN_ALREADY)}`.trimEnd();
  return [first, ...errorLines(fields.error)];
}

function namedFields(fields: Record<string, unknown>, without: ReadonlySet<string>): string {
  return Object.entries(fields)
    .filter(([name]) => !without.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function errorLines(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return error === undefined ? [] : [`      ${String(error)}`];
  const { name, message, stack, cause } = error as Record<string, unknown>;
  const told = typeof stack === 'string' ? stack.split('\n').map((line) => line.trim()) : [`${name}: ${message}`];
  const below = errorLines(cause).map((line) => line.replace(/^ +/, '$&caused by '));
  return [...told.map((line, index) => `      ${index === 0 ? '' : '  '}${line}`), ...below];
}

/** What an invocation comes to for who invoked it. */
export function invocationOf(outcome: InvocationRecord['outcome']): Invocation {
  if ('payload' in outcome) return { ok: true, payload: outcome.payload };
  return { ok: false, errorType: outcome.error.errorType, errorMessage: outcome.error.errorMessage };
}
