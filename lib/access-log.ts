import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';

/**
 * What the access log says of a handshake or a frame, one JSON document a line. Nothing of a query string, which holds
 * tokens, and nothing of a frame; nor the user, whose name API Gateway would not escape: the functions' logs have it by the
 * connection. All names: docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging
 */
const FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  eventType: '$context.eventType',
  routeKey: '$context.routeKey',
  status: '$context.status',
  connectionId: '$context.connectionId',
  connectedAt: '$context.connectedAt',
  sourceIp: '$context.identity.sourceIp',
  error: '$context.error.message',
  authorizerError: '$context.authorizer.error',
  authorizerLatency: '$context.authorizer.latency',
  integrationStatus: '$context.integrationStatus',
  integrationLatency: '$context.integrationLatency',
};

/** The format of the access log; API Gateway allows 3 KB. */
export const accessLogFormat = () => AccessLogFormat.custom(JSON.stringify(FIELDS));

/** What the server API's access log says of a call: nothing of its headers, which hold the key, nor of its body. */
const HTTP_FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  routeKey: '$context.routeKey',
  path: '$context.path',
  status: '$context.status',
  sourceIp: '$context.identity.sourceIp',
  caller: '$context.identity.userArn',
  error: '$context.error.message',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
  integrationLatency: '$context.integrationLatency',
};

/** The format of the server API's access log. All names: …/apigateway/latest/developerguide/http-api-logging-variables */
export const httpAccessLogFormat = () => AccessLogFormat.custom(JSON.stringify(HTTP_FIELDS));
