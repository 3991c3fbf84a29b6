import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Logger } from '../chat/ports.ts';
import { isFault } from './faults.ts';

/** How old an answer may be, in ms. */
const GOOD_FOR_MS = 5_000;

/**
 * How many messages wait in a queue, about; asked at most every 5 s, by all callers together.
 *
 * A count that cannot be had refuses nobody: it is logged, and the last one known (at first 0) goes on.
 * Whether the queue takes messages is seen when one is sent.
 */
export function sqsBacklog(
  client: SQSClient,
  QueueUrl: string,
  now: () => number,
  logger: Pick<Logger, 'warn'>,
): () => Promise<number> {
  let known = 0;
  let goodUntil = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    try {
      const AttributeNames = ['ApproximateNumberOfMessages' as const];
      const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
      known = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
    } catch (error) {
      if (!isFault(error)) throw error;
      logger.warn('the queue does not tell how many messages wait', { error: error.name, known });
    } finally {
      goodUntil = now() + GOOD_FOR_MS;
      asking = undefined;
    }
  }

  return async () => {
    if (now() >= goodUntil) {
      asking ??= ask();
      await asking;
    }
    return known;
  };
}
