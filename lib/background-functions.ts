import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { FunctionMaker } from './function-maker.ts';
import { functionSettings, type SettingsProps } from './function-settings.ts';
import { consume, giveBack, queryIndex, send, useTable } from './grants.ts';
import { LATER_TIMEOUT } from './later-queue.ts';

/** The functions that nobody waits for, but for those that queues wake. */
export interface BackgroundFunctions {
  /** To be woken once a minute. */
  readonly sweep: IFunction;
}

/** How many batches of the Later queue are worked on at once: connections that would not end, handshakes that wait. */
const LATER_CONCURRENCY = 2;

/** Makes them, each with no more than it uses, and feeds `deliver` and `later` from their queues. */
export function makeBackgroundFunctions(maker: FunctionMaker, props: SettingsProps): BackgroundFunctions {
  const { delivery } = props;
  const { connections, channels } = props.tables;
  const channelQueue = props.channelQueue.queue;
  const laterQueue = props.laterQueue.queue;
  const parkedQueue = props.channelQueue.deadLetters;
  const settings = functionSettings(props);
  const toQueues = { ...settings.toChannels, ...settings.toLater };

  const deliver = maker.make('deliver', {
    description: "Handles channels' events in order, and posts messages to the readers",
    // a post costs the processor more than the network: with less, a thousand readers wait for it
    memorySize: 1769,
    timeout: delivery.deliverTimeout,
    environment: {
      ...settings.connections,
      ...settings.channels,
      ...toQueues,
      ...settings.toParked,
      ...settings.callback,
      ...settings.namespaces,
      ...settings.visibility,
      ...settings.joinLeave,
    },
    grants: [
      useTable(channels, 'GetItem', 'PutItem', 'UpdateItem', 'Query'),
      useTable(connections, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
      send(channelQueue, laterQueue, parkedQueue),
      consume(channelQueue),
      giveBack(channelQueue),
      maker.reachConnections('POST'),
    ],
    feedsItself: true,
  });
  maker.wake(deliver, channelQueue, delivery.deliverConcurrency);

  // both visit connections: `later` does what is more than the sweep can do in its minute
  const visits = {
    environment: { ...settings.connections, ...toQueues, ...settings.callback, ...settings.limits },
    grants: [
      useTable(connections, 'GetItem', 'UpdateItem', 'DeleteItem'),
      queryIndex(connections, 'byMinute'),
      send(channelQueue, laterQueue),
      maker.reachConnections('POST'),
    ],
  };
  const later = maker.make('later', {
    description:
      'Does after a while what could not be done at once: ends connections, subscribes handshakes, goes on with the sweep',
    timeout: LATER_TIMEOUT,
    environment: visits.environment,
    grants: [...visits.grants, consume(laterQueue), maker.reachConnections('DELETE')],
    feedsItself: true,
  });
  maker.wake(later, laterQueue, LATER_CONCURRENCY);

  const sweep = maker.make('sweep', {
    description: 'Pings connections, ends expired ones and finds the vanished',
    // what is left when the next one begins is handed on to `later`
    timeout: 55,
    environment: { ...visits.environment, ...settings.pings },
    grants: visits.grants,
  });
  return { sweep };
}
