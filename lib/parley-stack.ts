import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ChannelQueue } from './channel-queue.ts';
import { ChatAlarms, type ChatAlarmsOptions } from './chat-alarms.ts';
import { ChatApi, type ChatApiOptions } from './chat-api.ts';
import { ChatFunctions, type ChatFunctionsProps } from './chat-functions.ts';
import { ChatTables } from './chat-tables.ts';
import { type DeliveryOptions, resolveDelivery } from './delivery.ts';
import { Identity, type IdentityOptions } from './identity.ts';
import { LaterQueue } from './later-queue.ts';
import { type LimitOptions, resolveLimits } from './limits.ts';
import { type NamespacesProps, resolveNamespaces } from './namespaces.ts';
import { type RetentionOptions, resolveRetention } from './retention.ts';
import { SigningSecret } from './signing-secret.ts';

/**
 * What a stack may be told; all of it has a default. `terminationProtection` is CloudFormation's own: it refuses to
 * delete the stack.
 */
export interface ParleyStackProps
  extends StackProps,
    IdentityOptions,
    ChatApiOptions,
    LimitOptions,
    DeliveryOptions,
    RetentionOptions,
    ChatAlarmsOptions,
    Pick<ChatFunctionsProps, 'entryDirectory'> {
  /**
   * What channels there are, and what is allowed on them. A channel of a namespace that is not named here is refused.
   * @default - the unnamed namespace, in which nothing is allowed but what a token's `caps` allow
   */
  readonly namespaces?: NamespacesProps;
}

/** A realtime chat backend: one of it is all that a team deploys. Throws an `Error` for a setting that cannot be. */
export class ParleyStack extends Stack {
  constructor(scope: Construct, id: string, props: ParleyStackProps = {}) {
    super(scope, id, { description: 'Parley: a realtime chat backend', ...props });
    const namespaces = resolveNamespaces(props.namespaces ?? { '': {} });
    const limits = resolveLimits(props);
    const delivery = resolveDelivery(props);
    const retention = resolveRetention(props);

    const tables = new ChatTables(this, 'Tables', { retention });
    const channelQueue = new ChannelQueue(this, 'ChannelQueue', { ...delivery, retention });
    const laterQueue = new LaterQueue(this, 'LaterQueue', { retention });
    const identity = new Identity(this, 'Identity', { ...props, retention });
    const signingSecret = new SigningSecret(this, 'SigningSecret', { retention });
    const api = new ChatApi(this, 'Api', { ...props, retention });

    const functions = new ChatFunctions(this, 'Functions', {
      api,
      tables,
      channelQueue,
      laterQueue,
      identity,
      signingSecret,
      namespaces,
      limits,
      delivery,
      retention,
      entryDirectory: props.entryDirectory,
    });
    api.route(functions);

    new ChatAlarms(this, 'Alarms', {
      parkedEvents: channelQueue.deadLetters,
      laterDeadLetters: laterQueue.deadLetters,
      alarmTopicArn: props.alarmTopicArn,
    });
    Tags.of(this).add('app', 'parley');
  }
}
