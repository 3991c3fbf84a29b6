import type { WebSocketApiDeclaration } from '../declarations.ts';
import type { ConnectionFacts } from './connection-facts.ts';
import type { HandshakeRequest } from './handshake-request.ts';
import { requestTime } from './request-time.ts';

/** What functions are told, in the shape of API Gateway's proxy events. */
export interface GatewayEvents {
  /** The ARN that an authorizer's policy has to allow. */
  readonly methodArn: string;
  authorizer(facts: ConnectionFacts, request: HandshakeRequest): object;
  connect(facts: ConnectionFacts, request: HandshakeRequest, requestId: string): object;
  message(facts: ConnectionFacts, routeKey: string, body: string, requestId: string): object;
  disconnect(facts: ConnectionFacts, statusCode: number, reason: string): object;
}

/**
 * Events as API Gateway's documentation and recorded samples show them.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
 */
export function gatewayEvents(
  api: Pick<WebSocketApiDeclaration, 'apiId' | 'stageName'>,
  now: () => number,
  newId: () => string,
): GatewayEvents {
  function requestContext(facts: ConnectionFacts, routeKey: string, eventType: string, requestId = newId()) {
    const at = now();
    return {
      routeKey,
      eventType,
      extendedRequestId: newId(),
      requestTime: requestTime(at),
      messageDirection: 'IN',
      stage: api.stageName,
      connectedAt: facts.connectedAt,
      requestTimeEpoch: at,
      identity: { ...(facts.userAgent !== undefined && { userAgent: facts.userAgent }), sourceIp: facts.sourceIp },
      requestId,
      domainName: facts.domainName,
      connectionId: facts.connectionId,
      apiId: api.apiId,
      ...(facts.authorizer && { authorizer: facts.authorizer }),
    };
  }

  const methodArn = `arn:aws:execute-api:us-east-1:000000000000:${api.apiId}/${api.stageName}/$connect`;
  return {
    methodArn,
    authorizer: (facts, request) => ({
      type: 'REQUEST',
      methodArn,
      headers: request.headers,
      multiValueHeaders: request.multiValueHeaders,
      queryStringParameters: request.queryStringParameters,
      multiValueQueryStringParameters: request.multiValueQueryStringParameters,
      stageVariables: {},
      requestContext: requestContext(facts, '$connect', 'CONNECT'),
    }),
    connect: (facts, request, requestId) => ({
      headers: request.headers,
      multiValueHeaders: request.multiValueHeaders,
      // both are absent where the address has no query
      ...(Object.keys(request.queryStringParameters).length > 0 && {
        queryStringParameters: request.queryStringParameters,
        multiValueQueryStringParameters: request.multiValueQueryStringParameters,
      }),
      requestContext: requestContext(facts, '$connect', 'CONNECT', requestId),
      isBase64Encoded: false,
    }),
    message: (facts, routeKey, body, requestId) => ({
      requestContext: { ...requestContext(facts, routeKey, 'MESSAGE', requestId), messageId: newId() },
      body,
      isBase64Encoded: false,
    }),
    disconnect(facts, statusCode, reason) {
      const headers = { Host: facts.domainName, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' };
      return {
        headers,
        multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
        requestContext: {
          ...requestContext(facts, '$disconnect', 'DISCONNECT'),
          disconnectStatusCode: statusCode,
          disconnectReason: reason,
        },
        isBase64Encoded: false,
      };
    },
  };
}
