import type { FunctionDeclaration, RouteDeclaration, WebSocketApiDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import { ApiParts, apisOf, invokedFunctions } from './api-parts.ts';
import { type CheckInvocation, readInvokePermissions } from './invoke-permissions.ts';
import type { Properties } from './properties.ts';
import type { Resource, Resources } from './resources.ts';

/** API Gateway's bound for an integration, where the template sets none (29 s). */
const DEFAULT_INTEGRATION_TIMEOUT_MS = 29_000;

/** The template's WebSocket APIs, each with its stage and its routes. */
export function readWebSocketApis(
  resources: Resources,
  functions: readonly FunctionDeclaration[],
): WebSocketApiDeclaration[] {
  const checkInvocation = readInvokePermissions(resources);
  return apisOf(resources, 'WEBSOCKET').map((api) => {
    return readApi(api, new ApiParts(resources, api), functions, checkInvocation);
  });
}

function readApi(
  api: Resource,
  parts: ApiParts,
  functions: readonly FunctionDeclaration[],
  checkInvocation: CheckInvocation,
): WebSocketApiDeclaration {
  const stageName = parts.stageName();
  const functionOf = invokedFunctions(parts, functions, checkInvocation);

  function readRoute({ properties, identity }: Resource): RouteDeclaration {
    const key = properties.text('RouteKey');
    const integration = parts.integrationOf(properties);
    const authorizer = authorizerOf(properties, key);
    return {
      key,
      functionArn: functionOf(integration, 'IntegrationUri', `${stageName}/${key}`),
      // both are needed: the route's own expression chooses the response, and that must be there
      hasRouteResponse:
        properties.has('RouteResponseSelectionExpression') &&
        parts.of('RouteResponse').some((response) => response.properties.text('RouteId') === identity.ref),
      ...(authorizer && { authorizer }),
      integrationTimeoutMs: integration.number('TimeoutInMillis', DEFAULT_INTEGRATION_TIMEOUT_MS),
    };
  }

  function authorizerOf(route: Properties, key: string): RouteDeclaration['authorizer'] {
    const type = route.text('AuthorizationType', 'NONE');
    if (type === 'NONE') return undefined;
    if (type !== 'CUSTOM')
      throw new StartError(`${route.pathOf('AuthorizationType')}: the local server does not know ${type}.`);
    if (key !== '$connect')
      throw new StartError(`${route.pathOf('AuthorizationType')}: only $connect can have an authorizer.`);
    const authorizer = parts.one('Authorizer', route.text('AuthorizerId'), route.pathOf('AuthorizerId'));
    const { properties, identity } = authorizer;
    const kind = properties.text('AuthorizerType');
    if (kind !== 'REQUEST')
      throw new StartError(`${properties.pathOf('AuthorizerType')}: REQUEST is needed, not ${kind}.`);
    return {
      functionArn: functionOf(properties, 'AuthorizerUri', `authorizers/${identity.ref}`),
      identitySources: properties.texts('IdentitySource'),
    };
  }

  return {
    logicalId: api.logicalId,
    apiId: parts.apiId,
    routeSelectionExpression: api.properties.text('RouteSelectionExpression'),
    stageName,
    routes: parts.of('Route').map(readRoute),
  };
}
