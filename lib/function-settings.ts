import type { IFunction } from 'aws-cdk-lib/aws-lambda';
// biome-ignore lint/style/noRestrictedImports: types only
import type { Namespaces } from '../lambdas/chat/namespace.ts';
import type { ChatApi } from './chat-api.ts';
import type { ChatQueue } from './chat-queue.ts';
import type { ChatTables } from './chat-tables.ts';
import type { Delivery } from './delivery.ts';
import type { Identity } from './identity.ts';
import type { LimitOptions } from './limits.ts';
import type { PresenceSettings } from './presence.ts';
import type { SigningSecret } from './signing-secret.ts';

/** What the functions are told of. */
export interface SettingsProps {
  readonly api: ChatApi;
  readonly tables: ChatTables;
  readonly channelQueue: ChatQueue;
  readonly laterQueue: ChatQueue;
  readonly identity: Identity;
  readonly signingSecret: SigningSecret;
  readonly namespaces: Namespaces;
  readonly limits: Required<LimitOptions>;
  readonly delivery: Delivery;
  readonly presence: PresenceSettings;
  readonly rpc: IFunction | undefined;
}

/** A part of a function's environment. */
type Settings = Readonly<Record<string, string>>;

/** The parts of the functions' environments: each function is given those that it reads, and no others. */
export function functionSettings(props: SettingsProps) {
  const { api, tables, channelQueue, laterQueue, identity, signingSecret, limits, delivery, presence, rpc } = props;
  const secret: Settings = { SECRET_ARN: signingSecret.secret.secretArn };
  const maxChannels: Settings = { MAX_CHANNELS: String(limits.maxChannels) };
  return {
    secret,
    tokens: { ...secret, ...identity.issuer } satisfies Settings,
    handshake: identity.handshake,
    namespaces: { NAMESPACES: JSON.stringify(props.namespaces) } satisfies Settings,
    connections: { CONNECTIONS_TABLE: tables.connections.tableName } satisfies Settings,
    channels: { CHANNELS_TABLE: tables.channels.tableName } satisfies Settings,
    toChannels: { CHANNEL_QUEUE_URL: channelQueue.queue.queueUrl } satisfies Settings,
    toLater: { LATER_QUEUE_URL: laterQueue.queue.queueUrl } satisfies Settings,
    toParked: { PARKED_QUEUE_URL: channelQueue.deadLetters.queueUrl } satisfies Settings,
    callback: { CALLBACK_URL: api.callbackUrl } satisfies Settings,
    maxChannels,
    limits: {
      ...maxChannels,
      MAX_MESSAGE_BYTES: String(limits.maxMessageBytes),
      MAX_BACKLOG: String(limits.maxBacklog),
    } satisfies Settings,
    visibility: { VISIBILITY_TIMEOUT: String(delivery.visibilityTimeout) } satisfies Settings,
    pings: { PING_INTERVAL: String(presence.pingInterval) } satisfies Settings,
    joinLeave: { JOIN_LEAVE_READERS: String(presence.joinLeaveReaders) } satisfies Settings,
    rpc: (rpc === undefined ? {} : { RPC_FUNCTION: rpc.functionArn }) as Settings,
  };
}
