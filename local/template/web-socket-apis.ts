import type { FunctionDeclaration, RouteDeclaration, WebSocketApiDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import { type CheckInvocation, readInvokePermissions } from './invoke-permissions.ts';
import { arn } from './names.ts';
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
  return resources.of('AWS::ApiGatewayV2::Api').map((api) => {
    const protocol = api.properties.text('ProtocolType');
    if (protocol !== 'WEBSOCKET') {
      throw new StartError(
        `${api.properties.pathOf('ProtocolType')}: the local server serves WEBSOCKET APIs, not ${protocol}.`,
      );
    }
    return readApi(api, new ApiParts(resources, api.identity.ref), functions, checkInvocation);
  });
}

/** What belongs to one API. */
class ApiParts {
  readonly #resources: Resources;
  readonly #apiId: string;

  constructor(resources: Resources, apiId: string) {
    this.#resources = resources;
    this.#apiId = apiId;
  }

  of(kind: string): Resource[] {
    return this.#resources
      .of(`AWS::ApiGatewayV2::${kind}`)
      .filter(({ properties }) => properties.text('ApiId') === this.#apiId);
  }

  /** Throws a StartError where there is none. */
  one(kind: string, ref: string, path: string): Resource {
    const found = this.of(kind).find(({ identity }) => identity.ref === ref);
    if (found === undefined) throw new StartError(`${path}: the API has no ${kind} ${ref}.`);
    return found;
  }
}

function readApi(
  api: Resource,
  parts: ApiParts,
  functions: readonly FunctionDeclaration[],
  checkInvocation: CheckInvocation,
): WebSocketApiDeclaration {
  const [stage, another] = parts.of('Stage');
  if (stage === undefined || another !== undefined) {
    throw new StartError(`${api.logicalId}: the local server serves an API of one stage.`);
  }
  const apiId = api.identity.ref;
  const stageName = stage.properties.text('StageName');

  function functionOf(uri: string, path: string, source: string): string {
    const functionArn = /\/functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1];
    if (functionArn === undefined || !functions.some((declared) => declared.arn === functionArn)) {
      throw new StartError(`${path}: only functions of the template can be invoked, not ${uri}.`);
    }
    checkInvocation(functionArn, arn('execute-api', `${apiId}/${source}`), path);
    return functionArn;
  }

  function readRoute({ properties, identity, path }: Resource): RouteDeclaration {
    const key = properties.text('RouteKey');
    if (properties.flag('ApiKeyRequired', false))
      throw new StartError(`${path}.ApiKeyRequired: API keys are not known here.`);
    const target = properties.text('Target').replace(/^integrations\//, '');
    const integration = parts.one('Integration', target, properties.pathOf('Target')).properties;
    const type = integration.text('IntegrationType');
    if (type !== 'AWS_PROXY') {
      throw new StartError(`${integration.pathOf('IntegrationType')}: the local server knows AWS_PROXY, not ${type}.`);
    }
    const uri = integration.text('IntegrationUri');
    const authorizer = authorizerOf(properties, key);
    return {
      key,
      functionArn: functionOf(uri, integration.pathOf('IntegrationUri'), `${stageName}/${key}`),
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
    const path = properties.pathOf('AuthorizerUri');
    return {
      functionArn: functionOf(properties.text('AuthorizerUri'), path, `authorizers/${identity.ref}`),
      identitySources: properties.texts('IdentitySource'),
    };
  }

  return {
    logicalId: api.logicalId,
    apiId,
    routeSelectionExpression: api.properties.text('RouteSelectionExpression'),
    stageName,
    routes: parts.of('Route').map(readRoute),
  };
}
