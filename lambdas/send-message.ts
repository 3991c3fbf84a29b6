import type { Context } from 'aws-lambda';
import type { ChannelLog, Posts, Subscriptions, Tokens } from './chat/ports.ts';
import { answerFrame } from './frame-answer.ts';
import { formats } from './runtime/formats.ts';
import { logger } from './runtime/observability.ts';
import { channelQueue, laterQueue } from './runtime/queues.ts';
import { limits, namespaces } from './runtime/settings.ts';
import { connections } from './runtime/tables.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';
import type { MessageEvent } from './websocket-event.ts';

/** API Gateway sends this function `sendMessage` documents alone: what others need does not come here. */
const notHere = (): never => {
  throw new Error('sendMessage has no need of it');
};
const elsewhere = {
  log: { peek: notHere, read: notHere } as unknown as ChannelLog,
  subscriptions: { of: notHere } as unknown as Subscriptions,
  posts: { post: notHere, end: notHere } satisfies Posts,
  tokens: { verify: notHere, verifySubscription: notHere } satisfies Tokens,
  rpc: undefined,
};

const chat = {
  ...elsewhere,
  connections: connections(),
  queue: channelQueue(),
  later: laterQueue(),
  formats,
  namespaces: namespaces(),
  limits: limits(),
  world,
  logger,
};

/** `sendMessage`: publishes one message to a channel that the sender may publish to. */
export const handler = serving(async (event: MessageEvent, context: Context) => {
  const [body] = await answerFrame(chat, event, world.now() + context.getRemainingTimeInMillis());
  return { statusCode: 200, ...(body !== undefined && { body }) };
});
