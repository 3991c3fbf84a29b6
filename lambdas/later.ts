import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { handleLater, type LaterItem } from './chat/later.ts';
import { logger } from './runtime/observability.ts';
import { posts } from './runtime/posts.ts';
import { channelQueue } from './runtime/queues.ts';
import { connections } from './runtime/tables.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';

const chat = { connections: connections(), queue: channelQueue(), posts: posts(), world };

/** Does what could not be done at once: ends connections, sends the subscribes of handshakes again. */
export const handler = serving(async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const isDone = await Promise.all(
    Records.map(async ({ body, messageId }) => {
      try {
        return await handleLater(chat, JSON.parse(body) as LaterItem);
      } catch (error) {
        logger.error('what waited could not be done', { messageId, error });
        return false;
      }
    }),
  );
  const failed = Records.filter((_, i) => !isDone[i]);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
});
