import { CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import {
  LogGroupLogDestination,
  WebSocketApi,
  type WebSocketRouteOptions,
  WebSocketStage,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { accessLogFormat } from './access-log.ts';
import { AccountLogRole } from './account-log-role.ts';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';
import { resolveThrottling, type ThrottlingOptions } from './throttling.ts';

/** What the API lets through, and how it logs. */
export interface ChatApiOptions extends ThrottlingOptions {
  /**
   * Whether the stack makes the role by which API Gateway writes logs: one setting for the account and region.
   * `false` where the account has one.
   * @default true
   */
  readonly accountLogRole?: boolean;
}

/** The API with what stays of it when the stack goes. */
export interface ChatApiProps extends ChatApiOptions {
  readonly retention: Retention;
}

/** The functions behind the API. */
export interface ChatRoutes {
  readonly authorizer: IFunction;
  readonly connect: IFunction;
  readonly disconnect: IFunction;
  readonly sendMessage: IFunction;
  readonly commands: IFunction;
}

/** The WebSocket API: its stage, whose callback URL reaches the clients, and, once `route` is called, its routes. */
export class ChatApi extends Construct {
  readonly #api: WebSocketApi;
  readonly #stage: WebSocketStage;

  constructor(scope: Construct, id: string, props: ChatApiProps) {
    super(scope, id);
    this.#api = new WebSocketApi(this, 'Api', {
      apiName: Stack.of(this).stackName,
      routeSelectionExpression: '$request.body.action',
    });
    pinLogicalId(this.#api, 'WebSocketApi');

    const { logRetention, removalPolicy } = props.retention;
    const accessLog = new LogGroup(this, 'AccessLog', { retention: logRetention, removalPolicy });
    this.#stage = new WebSocketStage(this, 'Stage', {
      webSocketApi: this.#api,
      stageName: 'live',
      autoDeploy: true,
      throttle: resolveThrottling(props),
      detailedMetricsEnabled: true,
      accessLogSettings: { destination: new LogGroupLogDestination(accessLog), format: accessLogFormat() },
    });
    if (props.accountLogRole ?? true) this.#stage.node.addDependency(new AccountLogRole(this, 'AccountLogRole'));

    pinLogicalId(new CfnOutput(this, 'WebSocketUrl', { value: this.#stage.url }), 'WebSocketUrl');
  }

  /** Where a client is posted to, and ended: the endpoint of `@connections`. */
  get callbackUrl(): string {
    return this.#stage.callbackUrl;
  }

  /** The ARN of one method of `@connections`, for all connections of the stage. */
  connectionsArn(method: 'POST' | 'DELETE'): string {
    return Stack.of(this).formatArn({
      service: 'execute-api',
      resource: this.#api.apiId,
      resourceName: `${this.#stage.stageName}/${method}/@connections/*`,
    });
  }

  /** Makes the routes. Called once, after the functions, which are told the API's address. */
  route({ authorizer, connect, disconnect, sendMessage, commands }: ChatRoutes): void {
    this.#route('$connect', connect, {
      // the token may be in the query or in a header. With an identity source, API Gateway would ask for it before
      // it asks the function; and the construct's own default is the header
      authorizer: new WebSocketLambdaAuthorizer('Authorizer', authorizer, { identitySource: [] }),
    });
    this.#route('$disconnect', disconnect);
    this.#route('sendMessage', sendMessage, { returnResponse: true });
    this.#route('$default', commands, { returnResponse: true });
  }

  #route(key: string, handler: IFunction, options: Omit<WebSocketRouteOptions, 'integration'> = {}): void {
    const integration = new WebSocketLambdaIntegration('Integration', handler);
    // a route with a response of its own passes on what a proxy answers: there is no integration response to set
    // (API Gateway Developer Guide, "Overview of integration responses")
    const route = this.#api.addRoute(key, { integration, ...options });
    if (options.authorizer === undefined) {
      Validations.of(route).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason: 'API Gateway asks the authorizer of a WebSocket API at $connect alone, and lets in no other frames.',
      });
    }
  }
}
