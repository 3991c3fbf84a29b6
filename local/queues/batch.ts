import { QueueError } from './queue-error.ts';

const MAXIMUM_ENTRIES = 10;
const ENTRY_ID = /^[\w-]{1,80}$/;

/** What a batch operation answers: each entry by its id, in one of the two lists. */
export interface BatchAnswer<Result> {
  readonly Successful: readonly (Result & { readonly Id: string })[];
  readonly Failed: readonly {
    readonly Id: string;
    readonly SenderFault: boolean;
    readonly Code: string;
    readonly Message: string;
  }[];
}

/** Throws where a batch as a whole is refused: no entry, more than ten, an id that is not valid or comes twice. */
export function checkBatch(entries: readonly { readonly Id: string }[], entryName: string): void {
  if (entries.length === 0) {
    throw new QueueError('EmptyBatchRequest', `There should be at least one ${entryName} in the request.`);
  }
  if (entries.length > MAXIMUM_ENTRIES) {
    throw new QueueError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAXIMUM_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const seen = new Set<string>();
  for (const { Id } of entries) {
    if (!ENTRY_ID.test(Id)) {
      throw new QueueError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      );
    }
    if (seen.has(Id)) throw new QueueError('BatchEntryIdsNotDistinct', `Id ${Id} repeated.`);
    seen.add(Id);
  }
}

/** Pairs entries with what became of them, in the same order. */
export function batchAnswer<Result extends object>(
  entries: readonly { readonly Id: string }[],
  results: readonly (Result | QueueError)[],
): BatchAnswer<Result> {
  const Successful: (Result & { Id: string })[] = [];
  const Failed: { Id: string; SenderFault: boolean; Code: string; Message: string }[] = [];
  for (const [index, { Id }] of entries.entries()) {
    const result = results[index];
    if (result instanceof QueueError) {
      Failed.push({ Id, SenderFault: true, Code: result.code, Message: result.message });
    } else if (result !== undefined) {
      Successful.push({ Id, ...result });
    }
  }
  return { Successful, Failed };
}

/** What a step gives, or the refusal that it throws; any other error goes on. */
export function resultOf<Result>(step: () => Result): Result | QueueError {
  try {
    return step();
  } catch (error) {
    if (error instanceof QueueError) return error;
    throw error;
  }
}
