import { answerFrame } from './frame-answer.ts';
import { jsonFormat } from './protocol/json.ts';
import { logger } from './runtime/observability.ts';
import { posts } from './runtime/posts.ts';
import { channelQueue, laterQueue } from './runtime/queues.ts';
import { limits, namespaces } from './runtime/settings.ts';
import { connections } from './runtime/tables.ts';
import { tokens } from './runtime/tokens.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';
import type { MessageEvent } from './websocket-event.ts';

const chat = {
  connections: connections(),
  queue: channelQueue(),
  later: laterQueue(),
  tokens: tokens(),
  formats: { json: jsonFormat },
  namespaces: namespaces(),
  limits: limits(),
  world,
  logger,
};
const clients = posts();

/** `$default`: every other frame of a client, of one or more documents. Replies beyond one frame go out as posts. */
export const handler = serving(async (event: MessageEvent) => {
  const frames = await answerFrame(chat, event);
  const body = frames.pop();
  for (const frame of frames) {
    const answer = await clients.post(event.requestContext.connectionId, frame);
    if (answer !== 'delivered') logger.warn('replies were not delivered', { answer });
  }
  return { statusCode: 200, ...(body !== undefined && { body }) };
});
