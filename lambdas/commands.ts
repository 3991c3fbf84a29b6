import type { Context } from 'aws-lambda';
import { send } from './chat/posting.ts';
import { answerFrame } from './frame-answer.ts';
import { formatsWithPings } from './runtime/formats.ts';
import { logger } from './runtime/observability.ts';
import { posts } from './runtime/posts.ts';
import { channelQueue, laterQueue } from './runtime/queues.ts';
import { rpc } from './runtime/rpc.ts';
import { limits, namespaces } from './runtime/settings.ts';
import { channelLog, connections, subscriptions } from './runtime/tables.ts';
import { tokens } from './runtime/tokens.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';
import type { MessageEvent } from './websocket-event.ts';

const chat = {
  connections: connections(),
  subscriptions: subscriptions(),
  log: channelLog(),
  queue: channelQueue(),
  later: laterQueue(),
  posts: posts(),
  tokens: tokens(),
  rpc: rpc(),
  formats: formatsWithPings(),
  namespaces: namespaces(),
  limits: limits(),
  world,
  logger,
};

/** The function is ended after so long at the latest; replies are tried until a little before. */
const STOPS_BEFORE_MS = 2_000;

/** `$default`: every other frame of a client, of one or more documents. Replies beyond one frame go out as posts. */
export const handler = serving(async (event: MessageEvent, context: Context) => {
  const until = world.now() + context.getRemainingTimeInMillis() - STOPS_BEFORE_MS;
  const frames = await answerFrame(chat, event, until);
  const body = frames.pop();
  for (const frame of frames) {
    if (!(await delivered(event.requestContext.connectionId, frame, until))) return { statusCode: 200 };
  }
  return { statusCode: 200, ...(body !== undefined && { body }) };
});

/** Posts replies. Whoever cannot be told what was accepted is ended, so that it comes back and asks again. */
async function delivered(connection: string, frame: string, until: number): Promise<boolean> {
  const delivery = await send(chat, connection, frame, until).catch((error: unknown) => {
    logger.error('replies could not be posted', { connection, error });
    return 'exhausted' as const;
  });
  if (delivery === 'delivered') return true;
  logger.warn('replies were not delivered', { connection, answer: delivery });
  if (delivery !== 'gone') await chat.later.end(connection);
  return false;
}
