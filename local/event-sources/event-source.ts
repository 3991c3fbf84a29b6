import type { EventSourceDeclaration } from '../declarations.ts';
import type { Activity, Clock, Invocation, Invoke } from '../invocation.ts';
import type { ReceivedMessage } from '../queues/message.ts';
import type { Queue } from '../queues/queue.ts';
import { QueueError } from '../queues/queue-error.ts';
import { batchOutcome } from './batch-response.ts';
import { sqsEvent } from './sqs-event.ts';

/** What an invocation that found no free function answers, as Lambda's API does: the batch is held and tried again. */
export const THROTTLED = 'TooManyRequestsException';

/** Lambda's account-wide limit: as many batches are in work at once where the mapping says nothing. */
const DEFAULT_CONCURRENCY = 1000;
const MAXIMUM_BATCH_SIZE = 10;
/** Between two tries of a batch that was throttled: doubled each time, up to the second. */
const THROTTLE_PAUSE_MS = { first: 50, last: 1000 };
/** After a fault of the queue itself (its disk is full), before the next receive. */
const FAULT_PAUSE_MS = 1000;

interface EventSourceOptions {
  /** The queue of the declaration's `queueArn`. */
  readonly queue: Queue;
  /** Invokes the function; `THROTTLED` is not a failure of it. */
  readonly invoke: Invoke;
  readonly activity: Activity;
  readonly clock: Clock;
}

/** An event source that is at work. */
export interface EventSource {
  /** Receives no more, drops what is held, and resolves when nothing is in work, or after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/**
 * Lambda's event source mapping for an SQS queue.
 *
 * Receives batches and invokes the function with each; several at once, but of a FIFO group only one, as the queue gives
 * no more out. What succeeded is deleted. What failed is left alone: it comes back when its visibility timeout is over,
 * which began at the receive, or which the function has changed. A batch that is throttled is held until then, and
 * dropped: it was received, and no function saw it. Woken by the queue: while there is nothing, nothing runs.
 */
export function startEventSource(
  declaration: EventSourceDeclaration,
  { queue, invoke, activity, clock }: EventSourceOptions,
): EventSource {
  const { batchSize, functionArn, logicalId, reportBatchItemFailures } = declaration;
  const { maximumConcurrency = DEFAULT_CONCURRENCY } = declaration;
  if (batchSize > MAXIMUM_BATCH_SIZE) {
    throw new Error(
      `${logicalId}: a batch size above ${MAXIMUM_BATCH_SIZE} needs a batching window, which is not served`,
    );
  }
  const name = readableName(queue.declaration.logicalId);
  const inWork = new Set<Promise<void>>();
  const stopping = new AbortController();
  let cancelWait = (): void => {};

  const receive = (): ReceivedMessage[] | undefined => {
    try {
      return queue.receive({ max: batchSize });
    } catch (error) {
      // this may run inside a sender's call, which has nothing to do with it
      activity.warn(`${name}: cannot receive: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  };

  const fill = (): void => {
    cancelWait();
    while (!stopping.signal.aborted && inWork.size < maximumConcurrency) {
      const messages = receive();
      if (messages === undefined) {
        cancelWait = clock.at(clock.now() + FAULT_PAUSE_MS, fill);
        return;
      }
      if (messages.length === 0) {
        cancelWait = queue.whenReceivable(fill);
        return;
      }
      const work = handle(messages).then(() => {
        inWork.delete(work);
        fill();
      });
      inWork.add(work);
    }
  };

  const handle = async (messages: readonly ReceivedMessage[]): Promise<void> => {
    const invocation = await invokeHeld(messages);
    if (invocation === undefined) return;
    const ids = messages.map(({ id }) => id);
    const { failed, why } = batchOutcome(invocation, ids, reportBatchItemFailures);
    // a function that threw has its own line
    if (invocation.ok && why !== undefined) activity.warn(`${name}: the whole batch of ${ids.length} failed: ${why}`);
    for (const message of messages) if (!failed.has(message.id)) remove(message);
  };

  /** Invokes, again where the function was throttled; undefined where the batch was dropped. */
  const invokeHeld = async (messages: readonly ReceivedMessage[]): Promise<Invocation | undefined> => {
    const until = clock.now() + queue.declaration.visibilityTimeoutMs;
    const event = sqsEvent(queue.declaration, messages);
    for (let pause = THROTTLE_PAUSE_MS.first; ; pause = Math.min(pause * 2, THROTTLE_PAUSE_MS.last)) {
      const invocation = await invoke(functionArn, event, `sqs ${name} ×${messages.length}`);
      if (invocation.ok || invocation.errorType !== THROTTLED) return invocation;
      await pauseUntil(clock, Math.min(clock.now() + pause, until), stopping.signal);
      if (stopping.signal.aborted) return undefined;
      if (clock.now() >= until) {
        activity.warn(`${name}: a batch of ${messages.length} found no free function in time; it comes back`);
        return undefined;
      }
    }
  };

  const remove = (message: ReceivedMessage): void => {
    try {
      queue.delete(message.receiptHandle);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // succeeded, but too late: it is handed out again, as in AWS
      if (error instanceof QueueError) activity.detail(`${name}: ${message.id} comes back: ${reason}`);
      else activity.warn(`${name}: cannot delete ${message.id}: ${reason}`);
    }
  };

  fill();
  return {
    async stop(withinMs) {
      stopping.abort();
      cancelWait();
      const allDone = new AbortController();
      const finished = Promise.all(inWork).then(() => allDone.abort());
      await Promise.race([finished, pauseUntil(clock, clock.now() + withinMs, allDone.signal)]);
    },
  };
}

/** Resolves at `at` (ms since 1970), or as soon as `signal` is aborted. */
function pauseUntil(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.at(at, end);
    signal.addEventListener('abort', end);
  });
}

/** A logical id without the hash that CDK puts behind it. */
const readableName = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '');
