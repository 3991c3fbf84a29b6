import { CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import {
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { httpAccessLogFormat } from './access-log.ts';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';
import { resolveThrottling, type ThrottlingOptions } from './throttling.ts';

/** What is behind the server API, and what it lets through. */
export interface ServerApiProps extends ThrottlingOptions {
  readonly handler: IFunction;
  readonly retention: Retention;
}

/**
 * The API for the owner's servers: `POST /api/<method>` with the key of the stack's secret, and `POST /iam/<method>` for
 * who may call it by IAM, without the key.
 */
export class ServerApi extends Construct {
  /** The beginning of the addresses by IAM; `/<method>` follows. */
  readonly iamUrl: string;
  readonly #byIam: HttpRoute;

  constructor(scope: Construct, id: string, props: ServerApiProps) {
    super(scope, id);
    const api = new HttpApi(this, 'Api', {
      apiName: `${Stack.of(this).stackName}-server`,
      createDefaultStage: false,
    });
    pinLogicalId(api, 'ServerHttpApi');

    const { logRetention, removalPolicy } = props.retention;
    const accessLog = new LogGroup(this, 'AccessLog', { retention: logRetention, removalPolicy });
    new HttpStage(this, 'Stage', {
      httpApi: api,
      autoDeploy: true,
      throttle: resolveThrottling(props),
      detailedMetricsEnabled: true,
      accessLogSettings: { destination: new LogGroupLogDestination(accessLog), format: httpAccessLogFormat() },
    });

    const integration = new HttpLambdaIntegration('Integration', props.handler);
    const route = (routeId: string, path: string, authorizer?: HttpIamAuthorizer) =>
      new HttpRoute(this, routeId, {
        httpApi: api,
        routeKey: HttpRouteKey.with(path, HttpMethod.POST),
        integration,
        authorizer,
      });
    // `/api` alone is for clients of an older form, with the method in the body
    for (const byKey of [route('AnyByKey', '/api'), route('ByKey', '/api/{method}')]) {
      Validations.of(byKey).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason: 'The function compares the X-API-Key with the one of the secret, in constant time, before all else.',
      });
    }
    this.#byIam = route('ByIam', '/iam/{method}', new HttpIamAuthorizer());

    this.iamUrl = `${api.apiEndpoint}/iam`;
    pinLogicalId(new CfnOutput(this, 'ApiUrl', { value: `${api.apiEndpoint}/api` }), 'ApiUrl');
    pinLogicalId(new CfnOutput(this, 'ApiIamUrl', { value: this.iamUrl }), 'ApiIamUrl');
  }

  /** Lets somebody call every method by IAM: signed by AWS Signature 4 for `execute-api`. */
  grantInvoke(grantee: IGrantable): Grant {
    return this.#byIam.grantInvoke(grantee);
  }
}
