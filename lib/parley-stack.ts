import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
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
import { type PresenceOptions, resolvePresence } from './presence.ts';
import { type RetentionOptions, resolveRetention } from './retention.ts';
import { ServerApi } from './server-api.ts';
import { SigningSecret } from './signing-secret.ts';
import { SweepSchedule } from './sweep-schedule.ts';

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
    PresenceOptions,
    RetentionOptions,
    ChatAlarmsOptions,
    Pick<ChatFunctionsProps, 'entryDirectory'> {
  /**
   * What channels there are, and what is allowed on them. A channel of a namespace that is not named here is refused.
   * @default - the unnamed namespace, in which nothing is allowed but what a token's `caps` allow
   */
  readonly namespaces?: NamespacesProps;
  /**
   * What answers the clients' `rpc`: a function that is given `{ method, data, user, client }` and answers `{ data }`, or
   * `{ error: { code, message } }` with a code of 400 or more, which are the app's own. It has 12 s. Or what makes that
   * function in the stack: `(stack) => new Function(stack, 'Rpc', { … })`.
   * @default - `rpc` is not available
   */
  readonly rpc?: IFunction | ((stack: Stack) => IFunction);
}

/** A realtime chat backend: one of it is all that a team deploys. Throws an `Error` for a setting that cannot be. */
export class ParleyStack extends Stack {
  readonly #serverApi: ServerApi;

  constructor(scope: Construct, id: string, props: ParleyStackProps = {}) {
    super(scope, id, { description: 'Parley: a realtime chat backend', ...props });
    const namespaces = resolveNamespaces(props.namespaces ?? { '': {} });
    const limits = resolveLimits(props);
    const delivery = resolveDelivery(props);
    const presence = resolvePresence(props);
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
      presence,
      rpc: typeof props.rpc === 'function' ? props.rpc(this) : props.rpc,
      retention,
      entryDirectory: props.entryDirectory,
    });
    api.route(functions.front);
    this.#serverApi = new ServerApi(this, 'ServerApi', { ...props, handler: functions.front.serverApi, retention });
    new SweepSchedule(this, 'Sweep', functions);

    new ChatAlarms(this, 'Alarms', {
      parkedEvents: channelQueue.deadLetters,
      laterDeadLetters: laterQueue.deadLetters,
      alarmTopicArn: props.alarmTopicArn,
    });
    Tags.of(this).add('app', 'parley');
  }

  /** Where the server API is called by IAM, as the output `ApiIamUrl`: a POST to `<this>/<method>`. */
  get apiIamUrl(): string {
    return this.#serverApi.iamUrl;
  }

  /**
   * Lets a function of the owner's, or another role, call the server API at `apiIamUrl` without its key: each request
   * signed with its own credentials (AWS Signature 4, service `execute-api`).
   */
  grantServerApi(grantee: IGrantable): Grant {
    return this.#serverApi.grantInvoke(grantee);
  }
}
