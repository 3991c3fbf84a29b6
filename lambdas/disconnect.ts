import type { APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import { gone } from './chat/departure.ts';
import { channelQueue } from './runtime/queues.ts';
import { connections } from './runtime/tables.ts';
import { serving } from './serving.ts';

const chat = { connections: connections(), queue: channelQueue() };

/** `$disconnect`: a connection has closed. API Gateway does not promise to tell. */
export const handler = serving(async ({ requestContext }: APIGatewayProxyWebsocketEventV2) => {
  await gone(chat, requestContext.connectionId);
});
