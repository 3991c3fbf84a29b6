import type { Tokens } from './chat/ports.ts';
import { answerFrame } from './frame-answer.ts';
import { jsonFormat } from './protocol/json.ts';
import { logger } from './runtime/observability.ts';
import { channelQueue, laterQueue } from './runtime/queues.ts';
import { limits, namespaces } from './runtime/settings.ts';
import { connections } from './runtime/tables.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';
import type { MessageEvent } from './websocket-event.ts';

/** API Gateway sends this function `sendMessage` documents alone: no token comes here. */
const noTokens: Tokens = { verify: () => Promise.reject(new Error('sendMessage has no token')) };

const chat = {
  connections: connections(),
  queue: channelQueue(),
  later: laterQueue(),
  tokens: noTokens,
  formats: { json: jsonFormat },
  namespaces: namespaces(),
  limits: limits(),
  world,
  logger,
};

/** `sendMessage`: publishes one message to a channel that the sender may publish to. */
export const handler = serving(async (event: MessageEvent) => {
  const [body] = await answerFrame(chat, event);
  return { statusCode: 200, ...(body !== undefined && { body }) };
});
