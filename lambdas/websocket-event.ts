import type { APIGatewayProxyWebsocketEventV2, APIGatewayProxyWebsocketEventV2WithRequestContext } from 'aws-lambda';

interface WithAuthorizer {
  /** What the authorizer said of the connection, all of it strings. */
  readonly authorizer?: Readonly<Record<string, unknown>>;
}

/** A frame of a client, as API Gateway hands it over. */
export type MessageEvent = APIGatewayProxyWebsocketEventV2;

/** A handshake, as API Gateway hands it over to `$connect`: with the query and what the authorizer said. */
export type ConnectEvent = APIGatewayProxyWebsocketEventV2WithRequestContext<
  APIGatewayProxyWebsocketEventV2['requestContext'] & WithAuthorizer
> & {
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
};
