import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ChatRoutes } from './chat-api.ts';
import type { FunctionMaker } from './function-maker.ts';
import { functionSettings, type SettingsProps } from './function-settings.ts';
import { invoke, measure, queryIndex, readSecret, send, useTable } from './grants.ts';

/** The functions that somebody waits for: clients, or the owner's servers. They check, enqueue and answer. */
export interface FrontFunctions extends ChatRoutes {
  readonly serverApi: IFunction;
}

/** Makes them, each with no more than it uses. */
export function makeFrontFunctions(maker: FunctionMaker, props: SettingsProps): FrontFunctions {
  const { connections, channels } = props.tables;
  const { secret } = props.signingSecret;
  const channelQueue = props.channelQueue.queue;
  const laterQueue = props.laterQueue.queue;
  const settings = functionSettings(props);
  const toQueues = { ...settings.toChannels, ...settings.toLater };

  const authorizer = maker.make('authorizer', {
    description: 'Verifies the token of a handshake',
    timeout: 10,
    environment: { ...settings.tokens, ...settings.handshake },
    grants: [readSecret(secret)],
  });
  const connect = maker.make('connect', {
    description: 'Records a connection, and subscribes it to the channels of its handshake',
    timeout: 10,
    environment: { ...settings.connections, ...settings.toChannels, ...settings.namespaces, ...settings.maxChannels },
    grants: [useTable(connections, 'GetItem', 'PutItem', 'DeleteItem'), send(channelQueue)],
  });
  const disconnect = maker.make('disconnect', {
    description: 'Has a connection leave its channels when it has closed',
    timeout: 10,
    environment: { ...settings.connections, ...settings.toChannels },
    grants: [useTable(connections, 'GetItem', 'DeleteItem'), send(channelQueue)],
  });
  const sendMessage = maker.make('send-message', {
    description: 'Publishes a message to a channel',
    timeout: 10,
    environment: { ...settings.connections, ...toQueues, ...settings.namespaces, ...settings.limits },
    grants: [useTable(connections, 'GetItem'), send(channelQueue, laterQueue), measure(channelQueue)],
  });
  const commands = maker.make('commands', {
    description: 'Answers every other frame of a client',
    timeout: 15,
    environment: {
      ...settings.connections,
      ...settings.channels,
      ...toQueues,
      ...settings.callback,
      ...settings.tokens,
      ...settings.namespaces,
      ...settings.limits,
      ...settings.pings,
      ...settings.rpc,
    },
    grants: [
      useTable(connections, 'GetItem', 'UpdateItem', 'Query'),
      useTable(channels, 'GetItem', 'Query'),
      send(channelQueue, laterQueue),
      measure(channelQueue),
      readSecret(secret),
      maker.reachConnections('POST'),
      ...(props.rpc === undefined ? [] : [invoke(props.rpc)]),
    ],
  });
  const serverApi = maker.make('server-api', {
    description: "Answers the owner's servers",
    // as long as API Gateway waits for it
    timeout: 29,
    environment: {
      ...settings.connections,
      ...settings.channels,
      ...toQueues,
      ...settings.secret,
      ...settings.namespaces,
      ...settings.limits,
    },
    grants: [
      useTable(connections, 'GetItem', 'UpdateItem', 'Query', 'Scan'),
      queryIndex(connections, 'byUser'),
      useTable(channels, 'GetItem', 'Query'),
      send(channelQueue, laterQueue),
      measure(channelQueue),
      readSecret(secret),
    ],
  });
  return { authorizer, connect, disconnect, sendMessage, commands, serverApi };
}
