import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { handleLater, type LaterItem } from './chat/later.ts';
import { logger } from './runtime/observability.ts';
import { visits } from './runtime/visits.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';

const chat = visits();

/** What is begun is finished so long before the function is ended. */
const STOPS_BEFORE_MS = 5_000;

/** Does what could not be done at once: ends connections, sends the subscribes of handshakes again, goes on with the sweep. */
export const handler = serving(async ({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const until = world.now() + context.getRemainingTimeInMillis() - STOPS_BEFORE_MS;
  const isDone = await Promise.all(
    Records.map(async ({ body, messageId }) => {
      try {
        return await handleLater(chat, JSON.parse(body) as LaterItem, until);
      } catch (error) {
        logger.error('what waited could not be done', { messageId, error });
        return false;
      }
    }),
  );
  const failed = Records.filter((_, i) => !isDone[i]);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
});
