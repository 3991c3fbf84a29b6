import { Stack, Validations } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type Code, EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
// biome-ignore lint/style/noRestrictedImports: types only
import type { Namespaces } from '../lambdas/chat/namespace.ts';
import type { ChatApi, ChatRoutes } from './chat-api.ts';
import { ChatFunction, type ChatFunctionProps } from './chat-function.ts';
import type { ChatQueue } from './chat-queue.ts';
import type { ChatTables } from './chat-tables.ts';
import type { Delivery } from './delivery.ts';
import { bundledCode, ENTRY_DIRECTORY } from './function-bundle.ts';
import { consume, giveBack, manageConnections, measure, readSecret, send, useTable } from './grants.ts';
import type { Identity } from './identity.ts';
import { LATER_TIMEOUT } from './later-queue.ts';
import type { LimitOptions } from './limits.ts';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';
import type { SigningSecret } from './signing-secret.ts';

/** What the functions work with. */
export interface ChatFunctionsProps {
  readonly api: ChatApi;
  readonly tables: ChatTables;
  readonly channelQueue: ChatQueue;
  readonly laterQueue: ChatQueue;
  readonly identity: Identity;
  readonly signingSecret: SigningSecret;
  readonly namespaces: Namespaces;
  readonly limits: Required<LimitOptions>;
  readonly delivery: Delivery;
  readonly retention: Retention;
  /**
   * Where the entry files are: `authorizer.ts`, `connect.ts` and so on, each with a `handler`.
   * @default - the app's own, `lambdas`
   */
  readonly entryDirectory?: string;
}

/** The entry files. */
const NAMES = ['authorizer', 'connect', 'disconnect', 'send-message', 'commands', 'deliver', 'later'] as const;

type Settings = Readonly<Record<string, string>>;

/** How many batches of the Later queue are worked on at once: connections that would not end, handshakes that wait. */
const LATER_CONCURRENCY = 2;

/** The functions, each with no more than it uses, and what wakes `deliver` and `later`. */
export class ChatFunctions extends Construct implements ChatRoutes {
  readonly authorizer: IFunction;
  readonly connect: IFunction;
  readonly disconnect: IFunction;
  readonly sendMessage: IFunction;
  readonly commands: IFunction;

  readonly #props: ChatFunctionsProps;
  readonly #codeOf: (name: string) => Code;

  constructor(scope: Construct, id: string, props: ChatFunctionsProps) {
    super(scope, id);
    this.#props = props;
    this.#codeOf = bundledCode(this, props.entryDirectory ?? ENTRY_DIRECTORY, NAMES);
    const { api, identity, limits, delivery } = props;
    const { connections, channels } = props.tables;
    const { secret } = props.signingSecret;
    const channelQueue = props.channelQueue.queue;
    const laterQueue = props.laterQueue.queue;
    const parkedQueue = props.channelQueue.deadLetters;

    const tokens: Settings = { SECRET_ARN: secret.secretArn, ...identity.issuer };
    const namespaces: Settings = { NAMESPACES: JSON.stringify(props.namespaces) };
    const maxChannels: Settings = { MAX_CHANNELS: String(limits.maxChannels) };
    const connectionsTable: Settings = { CONNECTIONS_TABLE: connections.tableName };
    const toChannels: Settings = { CHANNEL_QUEUE_URL: channelQueue.queueUrl };
    const toLater: Settings = { LATER_QUEUE_URL: laterQueue.queueUrl };
    const callback: Settings = { CALLBACK_URL: api.callbackUrl };
    const allLimits: Settings = {
      ...maxChannels,
      MAX_MESSAGE_BYTES: String(limits.maxMessageBytes),
      MAX_BACKLOG: String(limits.maxBacklog),
    };

    this.authorizer = this.#make('authorizer', {
      description: 'Verifies the token of a handshake',
      memorySize: 512,
      timeout: 10,
      environment: { ...tokens, ...identity.handshake },
      grants: [readSecret(secret)],
    });
    this.connect = this.#make('connect', {
      description: 'Records a connection, and subscribes it to the channels of its handshake',
      memorySize: 512,
      timeout: 10,
      environment: { ...connectionsTable, ...toChannels, ...namespaces, ...maxChannels },
      grants: [useTable(connections, 'GetItem', 'PutItem', 'DeleteItem'), send(channelQueue)],
    });
    this.disconnect = this.#make('disconnect', {
      description: 'Has a connection leave its channels when it has closed',
      memorySize: 512,
      timeout: 10,
      environment: { ...connectionsTable, ...toChannels },
      grants: [useTable(connections, 'GetItem', 'DeleteItem'), send(channelQueue)],
    });
    this.sendMessage = this.#make('send-message', {
      description: 'Publishes a message to a channel',
      memorySize: 512,
      timeout: 10,
      environment: { ...connectionsTable, ...toChannels, ...toLater, ...namespaces, ...allLimits },
      grants: [useTable(connections, 'GetItem'), send(channelQueue, laterQueue), measure(channelQueue)],
    });
    this.commands = this.#make('commands', {
      description: 'Answers every other frame of a client',
      memorySize: 512,
      timeout: 15,
      environment: {
        ...connectionsTable,
        ...toChannels,
        ...toLater,
        ...callback,
        ...tokens,
        ...namespaces,
        ...allLimits,
      },
      grants: [
        useTable(connections, 'GetItem', 'UpdateItem'),
        send(channelQueue, laterQueue),
        measure(channelQueue),
        readSecret(secret),
        this.#reachConnections('POST'),
      ],
    });

    const deliver = this.#make('deliver', {
      description: "Handles channels' events in order, and posts messages to the readers",
      // a post costs the processor more than the network: with less, a thousand readers wait for it
      memorySize: 1769,
      timeout: delivery.deliverTimeout,
      environment: {
        ...connectionsTable,
        CHANNELS_TABLE: channels.tableName,
        ...toChannels,
        ...toLater,
        PARKED_QUEUE_URL: parkedQueue.queueUrl,
        ...callback,
        ...namespaces,
        VISIBILITY_TIMEOUT: String(delivery.visibilityTimeout),
      },
      grants: [
        useTable(channels, 'GetItem', 'PutItem', 'UpdateItem', 'Query'),
        useTable(connections, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
        send(channelQueue, laterQueue, parkedQueue),
        consume(channelQueue),
        giveBack(channelQueue),
        this.#reachConnections('POST'),
      ],
      feedsItself: true,
    });
    this.#wake(deliver, channelQueue, delivery.deliverConcurrency);

    const later = this.#make('later', {
      description: 'Does after a while what could not be done at once: ends connections, subscribes handshakes',
      memorySize: 512,
      timeout: LATER_TIMEOUT,
      environment: { ...connectionsTable, ...toChannels, ...callback },
      grants: [
        useTable(connections, 'GetItem', 'DeleteItem'),
        send(channelQueue),
        consume(laterQueue),
        this.#reachConnections('DELETE'),
      ],
      feedsItself: true,
    });
    this.#wake(later, laterQueue, LATER_CONCURRENCY);
  }

  /** Its entry file is `<name>.ts`, its logical id the name in PascalCase. */
  #make(name: (typeof NAMES)[number], props: Omit<ChatFunctionProps, 'code' | 'retention'>): IFunction {
    const id = name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
    const environment = {
      ...props.environment,
      // the stack's name, so that the metrics of two stacks in one region are told apart
      POWERTOOLS_SERVICE_NAME: Stack.of(this).stackName,
      POWERTOOLS_METRICS_NAMESPACE: 'Parley',
    };
    const { retention } = this.#props;
    return new ChatFunction(this, id, { ...props, environment, code: this.#codeOf(name), retention }).function;
  }

  #reachConnections(method: 'POST' | 'DELETE'): PolicyStatement {
    Validations.of(this).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<WebSocketApi>/live/${method}/@connections/*]`,
      reason: 'Connections have their ids when clients connect: the grant is for those of this stage, and no other.',
    });
    return manageConnections(this.#props.api.connectionsArn(method));
  }

  #wake(handler: IFunction, queue: IQueue, maxConcurrency: number): void {
    const id = `${handler.node.scope?.node.id}EventSource`;
    const mapping = new EventSourceMapping(this, id, {
      target: handler,
      eventSourceArn: queue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      maxConcurrency,
    });
    pinLogicalId(mapping, id);
  }
}
