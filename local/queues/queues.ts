import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { QueueDeclaration } from '../declarations.ts';
import type { Clock } from '../invocation.ts';
import { Backlog } from './backlog.ts';
import { type JournalFile, openJournal } from './journal.ts';
import { Queue } from './queue.ts';

interface QueuesOptions {
  readonly clock: Clock;
  /** Where each queue has its journal, `<name>.journal`; made when missing. Absent: all is in memory. One server at a time. */
  readonly dataDirectory?: string;
  /** A new id, unlike any before. @default a random UUID */
  readonly id?: () => string;
}

/** The queues that the template declares, by their ARN and by their name. */
export interface Queues {
  /** Throws for an ARN that is not declared. */
  byArn(arn: string): Queue;
  byName(name: string): Queue | undefined;
  /** Closes the journals: a queue that keeps one takes nothing from then on. */
  close(): void;
}

/**
 * Makes the declared queues, with what earlier runs have left in `dataDirectory`: messages, receive counts, deduplication.
 * What was in flight then is visible again. Throws where a journal cannot be read, or a dead-letter queue is not declared.
 */
export function createQueues(
  declarations: readonly QueueDeclaration[],
  { clock, dataDirectory, id = randomUUID }: QueuesOptions,
): Queues {
  const queues = new Map<string, Queue>();
  const journals: JournalFile[] = [];
  const byArn = (arn: string): Queue => {
    const queue = queues.get(arn);
    if (queue) return queue;
    throw new Error(`no queue ${arn} is declared`);
  };

  const arns = new Set(declarations.map(({ arn }) => arn));
  for (const { name, redrive } of declarations) {
    if (redrive && !arns.has(redrive.deadLetterTargetArn)) {
      throw new Error(`the dead-letter queue of ${name}, ${redrive.deadLetterTargetArn}, is not declared`);
    }
  }
  if (dataDirectory !== undefined) mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  for (const declaration of declarations) {
    const { arn, name, redrive } = declaration;
    const backlog = new Backlog(declaration);
    const journal =
      dataDirectory === undefined
        ? undefined
        : openJournal(join(dataDirectory, `${name}.journal`), backlog, () => clock.now());
    if (journal) journals.push(journal);
    const queue = new Queue(declaration, {
      clock,
      id,
      backlog,
      ...(journal && { journal }),
      ...(redrive && { deadLetterQueue: () => byArn(redrive.deadLetterTargetArn) }),
    });
    queues.set(arn, queue);
  }

  const names = new Map([...queues.values()].map((queue) => [queue.declaration.name, queue]));
  return {
    byArn,
    byName: (name) => names.get(name),
    close() {
      for (const journal of journals) journal.close();
    },
  };
}
