import type { APIGatewayProxyWebsocketEventV2, Context, SQSRecord } from 'aws-lambda';
import type { Namespaces } from '../../lambdas/chat/namespace.ts';
import type { ConnectEvent } from '../../lambdas/websocket-event.ts';

/** What the namespaces of the functions under test allow. */
const NAMESPACES: Namespaces = {
  '': { historySize: 100, historyTtl: 3600, allowSubscribeForClient: true, allowPublishForSubscriber: true },
  live: { allowSubscribeForClient: true, allowPublishForClient: true },
  closed: {},
};

/** The key of the stack's own tokens. */
export const SIGNING_KEY = 'a key of the stack of at least 32 characters';
/** Where nothing listens: the SDK is mocked. */
export const CHANNEL_QUEUE_URL = 'http://127.0.0.1:1/000000000000/channels.fifo';
/** As above. */
export const LATER_QUEUE_URL = 'http://127.0.0.1:1/000000000000/later';
/** As above. */
export const PARKED_QUEUE_URL = 'http://127.0.0.1:1/000000000000/parked.fifo';
/** The name of the table. */
export const CONNECTIONS_TABLE = 'connections';
/** The name of the table. */
export const CHANNELS_TABLE = 'channels';

/** Gives this process the environment that the stack gives its functions: before their modules are imported. */
export function setFunctionEnvironment(more: Readonly<Record<string, string>> = {}): void {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    CONNECTIONS_TABLE,
    CHANNELS_TABLE,
    CHANNEL_QUEUE_URL,
    LATER_QUEUE_URL,
    PARKED_QUEUE_URL,
    CALLBACK_URL: 'https://api.example.com/live',
    SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:parley',
    ISSUER_URL: 'https://issuer.example.com',
    ISSUER_CLIENT_ID: 'client',
    USER_CLAIM: 'username',
    HANDSHAKE: 'token',
    ALLOW_ANONYMOUS: 'false',
    NAMESPACES: JSON.stringify(NAMESPACES),
    MAX_MESSAGE_BYTES: '32768',
    MAX_CHANNELS: '128',
    MAX_BACKLOG: '20000',
    VISIBILITY_TIMEOUT: '45',
    JOIN_LEAVE_READERS: '100',
    PING_INTERVAL: '9',
    POWERTOOLS_SERVICE_NAME: 'parley',
    POWERTOOLS_METRICS_NAMESPACE: 'Parley',
    // the logger writes to this process' console, where a test can read it
    POWERTOOLS_DEV: 'true',
    POWERTOOLS_METRICS_DISABLED: 'false',
    ...more,
  });
}

/** An invocation with so much time left, in ms. */
export const contextOf = (remainingMs = 15_000): Context => ({
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'function',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:function',
  memoryLimitInMB: '256',
  awsRequestId: 'lambda-request',
  logGroupName: 'group',
  logStreamName: 'stream',
  getRemainingTimeInMillis: () => remainingMs,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
});

const requestContext = (
  routeKey: string,
  eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT',
): APIGatewayProxyWebsocketEventV2['requestContext'] => ({
  routeKey,
  messageId: 'message',
  eventType,
  extendedRequestId: 'api-request',
  requestTime: '01/Jan/2026:00:00:00 +0000',
  messageDirection: 'IN',
  stage: 'live',
  connectedAt: Date.now(),
  requestTimeEpoch: Date.now(),
  requestId: 'api-request',
  domainName: 'api.example.com',
  connectionId: 'c1',
  apiId: 'api',
});

/** A frame of the connection `c1`. */
export const messageEvent = (body: string | undefined, routeKey = '$default'): APIGatewayProxyWebsocketEventV2 => ({
  requestContext: requestContext(routeKey, 'MESSAGE'),
  isBase64Encoded: false,
  ...(body !== undefined && { body }),
});

/** `$disconnect` of the connection `c1`. */
export const disconnectEvent = (): APIGatewayProxyWebsocketEventV2 => ({
  requestContext: requestContext('$disconnect', 'DISCONNECT'),
  isBase64Encoded: false,
});

/** `$connect` of the connection `c1`, with what the authorizer said of it. */
export const connectEvent = (
  authorizer: Readonly<Record<string, unknown>> | undefined,
  queryStringParameters?: Record<string, string>,
): ConnectEvent => ({
  requestContext: { ...requestContext('$connect', 'CONNECT'), ...(authorizer && { authorizer }) },
  isBase64Encoded: false,
  ...(queryStringParameters && { queryStringParameters }),
});

/** A message of a queue as Lambda hands it over, received just now for the first time. */
export const sqsRecord = (
  messageId: string,
  body: unknown,
  attributes: Partial<SQSRecord['attributes']> = {},
): SQSRecord => ({
  messageId,
  receiptHandle: `receipt-${messageId}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: String(Date.now()),
    SenderId: 'sender',
    ApproximateFirstReceiveTimestamp: String(Date.now()),
    ...attributes,
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:queue',
  awsRegion: 'us-east-1',
});
