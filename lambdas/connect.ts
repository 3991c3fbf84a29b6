import { identityFrom } from './aws/authorizer-context.ts';
import { ParleyError } from './chat/errors.ts';
import { connect } from './chat/handshake.ts';
import { wantedChannels } from './protocol/handshake-query.ts';
import { logger } from './runtime/observability.ts';
import { channelQueue } from './runtime/queues.ts';
import { namespaces, numberSetting } from './runtime/settings.ts';
import { connections } from './runtime/tables.ts';
import { world } from './runtime/world.ts';
import { serving } from './serving.ts';
import type { ConnectEvent } from './websocket-event.ts';

const chat = {
  connections: connections(),
  queue: channelQueue(),
  namespaces: namespaces(),
  limits: { channels: numberSetting('MAX_CHANNELS') },
  world,
};

/** `$connect`: records the connection and subscribes it to the channels of its handshake, or refuses it with 403. */
export const handler = serving(async ({ requestContext, queryStringParameters }: ConnectEvent) => {
  const { connectionId: id, connectedAt } = requestContext;
  const connection = { ...identityFrom(requestContext.authorizer), id, connectedAt };
  try {
    await connect(chat, connection, wantedChannels(queryStringParameters ?? {}));
    return { statusCode: 200 };
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    logger.info('a handshake was refused', { connection: id, code: error.code, reason: error.message });
    return { statusCode: 403 };
  }
});
