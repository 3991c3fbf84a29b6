import type { Invocation } from '../invocation.ts';

/** What a function's answer says of its batch: which messages failed, and, where all of them did, why. */
interface BatchOutcome {
  readonly failed: ReadonlySet<string>;
  /** Absent: the answer was well-formed, and the messages that it names failed. */
  readonly why?: string;
}

/**
 * Reads the answer to a batch as Lambda does ("Success and failure conditions" of partial batch responses).
 *
 * Without `ReportBatchItemFailures` only whether the function threw counts. With it, an empty or null answer, and an
 * empty or null list, are complete success; an answer that is no such document, or an identifier that is empty, null,
 * missing or of no message of the batch, is complete failure. Messages are named by their ids.
 */
export function batchOutcome(
  invocation: Invocation,
  messageIds: readonly string[],
  reportBatchItemFailures: boolean,
): BatchOutcome {
  const all = (why: string): BatchOutcome => ({ failed: new Set(messageIds), why });
  const none: BatchOutcome = { failed: new Set() };

  if (!invocation.ok) return all(`${invocation.errorType}: ${invocation.errorMessage}`);
  const { payload } = invocation;
  if (!reportBatchItemFailures || isEmpty(payload)) return none;
  if (typeof payload !== 'object') return all('the response is not an object');
  const failures = (payload as { batchItemFailures?: unknown }).batchItemFailures;
  if (isEmpty(failures)) return none;
  if (!Array.isArray(failures)) return all('batchItemFailures is not a list');

  const failed = new Set<string>();
  for (const failure of failures) {
    const id: unknown = failure?.itemIdentifier;
    if (typeof id !== 'string') return all('an itemIdentifier is missing or no string');
    if (!messageIds.includes(id)) return all(`itemIdentifier '${id}' is of no message of the batch`);
    failed.add(id);
  }
  return { failed };
}

const isEmpty = (value: unknown): value is null | undefined | '' =>
  value === null || value === undefined || value === '';
