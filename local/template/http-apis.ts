import type { FunctionDeclaration, HttpApiDeclaration, HttpRouteDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import { ApiParts, apisOf, invokedFunctions } from './api-parts.ts';
import { type CheckInvocation, readInvokePermissions } from './invoke-permissions.ts';
import type { Properties } from './properties.ts';
import type { Resource, Resources } from './resources.ts';

/** API Gateway's bound for an integration of an HTTP API, where the template sets none. */
const DEFAULT_INTEGRATION_TIMEOUT_MS = 30_000;

const SEGMENT = String.raw`/(?:[^/{}\s]+|\{[^/{}+\s]+\})`;
const GREEDY = String.raw`/\{[^/{}+\s]+\+\}`;
/** `POST /api/{method}`: a variable stands for a whole segment, a greedy one only at the end. */
const ROUTE_KEY = new RegExp(
  `^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) (/|${GREEDY}|(?:${SEGMENT})+(?:${GREEDY})?)$`,
);

/**
 * The template's HTTP APIs, each with its stage and its routes. All that reaches them comes to one port, so of a stage's
 * name there may be one.
 */
export function readHttpApis(resources: Resources, functions: readonly FunctionDeclaration[]): HttpApiDeclaration[] {
  const checkInvocation = readInvokePermissions(resources);
  const apis = apisOf(resources, 'HTTP').map((api) => {
    return readApi(api, new ApiParts(resources, api), functions, checkInvocation);
  });
  for (const [index, { logicalId, stageName }] of apis.entries()) {
    const other = apis.slice(0, index).find((earlier) => earlier.stageName === stageName);
    if (other === undefined) continue;
    throw new StartError(
      `${logicalId}: it has a stage ${stageName} as ${other.logicalId} has, and locally both would have one address.`,
    );
  }
  return apis;
}

function readApi(
  api: Resource,
  parts: ApiParts,
  functions: readonly FunctionDeclaration[],
  checkInvocation: CheckInvocation,
): HttpApiDeclaration {
  const [authorizer] = parts.of('Authorizer');
  if (authorizer !== undefined) {
    const type = authorizer.properties.text('AuthorizerType');
    throw new StartError(
      `${authorizer.properties.pathOf('AuthorizerType')}: the local server knows no authorizers of HTTP APIs (${type}).`,
    );
  }
  const stageName = parts.stageName();
  const functionOf = invokedFunctions(parts, functions, checkInvocation);

  function readRoute({ properties }: Resource): HttpRouteDeclaration {
    const key = properties.text('RouteKey');
    const [, method, path] = ROUTE_KEY.exec(key) ?? [];
    const target = method === undefined || path === undefined ? undefined : { method, path };
    if (target === undefined && key !== '$default') {
      throw new StartError(
        `${properties.pathOf('RouteKey')}: a method and a path such as POST /api/{method}, or $default, is needed, not ${key}.`,
      );
    }
    const integration = parts.integrationOf(properties);
    const version = integration.text('PayloadFormatVersion', 'none');
    if (version !== '2.0') {
      throw new StartError(
        `${integration.pathOf('PayloadFormatVersion')}: the local server knows 2.0, not ${version}.`,
      );
    }
    const source = `${stageName}/${target === undefined ? key : `${target.method}${target.path}`}`;
    return {
      key,
      ...(target && { target }),
      functionArn: functionOf(integration, 'IntegrationUri', source),
      authorization: authorizationOf(properties),
      integrationTimeoutMs: integration.number('TimeoutInMillis', DEFAULT_INTEGRATION_TIMEOUT_MS),
    };
  }

  return { logicalId: api.logicalId, apiId: parts.apiId, stageName, routes: parts.of('Route').map(readRoute) };
}

function authorizationOf(route: Properties): HttpRouteDeclaration['authorization'] {
  const type = route.text('AuthorizationType', 'NONE');
  if (type === 'NONE' || type === 'AWS_IAM') return type;
  throw new StartError(
    `${route.pathOf('AuthorizationType')}: the local server serves NONE and AWS_IAM for HTTP APIs, not ${type}.`,
  );
}
