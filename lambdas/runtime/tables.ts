import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoCensus } from '../aws/dynamo-census.ts';
import { dynamoChannelLog } from '../aws/dynamo-channel-log.ts';
import { dynamoConnectionIndex } from '../aws/dynamo-connection-index.ts';
import { dynamoConnections } from '../aws/dynamo-connections.ts';
import { dynamoSubscriptions } from '../aws/dynamo-subscriptions.ts';
import type { Census, ChannelLog, ConnectionIndex, Connections, Subscriptions } from '../chat/ports.ts';
import { SERVICE_CALLS } from './service-calls.ts';
import { setting } from './settings.ts';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient(SERVICE_CALLS));
/** Events' numbers are kept with the name of the queue that gave them. */
const channelQueueName = (): string => setting('CHANNEL_QUEUE_URL').replace(/^.*\//, '');

/** The records of connections. */
export const connections = (): Connections => dynamoConnections(documents, setting('CONNECTIONS_TABLE'));

/** Connections by user and by minute. */
export const connectionIndex = (): ConnectionIndex => dynamoConnectionIndex(documents, setting('CONNECTIONS_TABLE'));

/** Counts all that there is. */
export const census = (): Census => dynamoCensus(documents, setting('CONNECTIONS_TABLE'));

/** Channels' readers. */
export const subscriptions = (): Subscriptions =>
  dynamoSubscriptions(documents, setting('CONNECTIONS_TABLE'), channelQueueName());

/** Channels' heads and messages. */
export const channelLog = (): ChannelLog => dynamoChannelLog(documents, setting('CHANNELS_TABLE'), channelQueueName());
