import type { FunctionDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import type { CheckInvocation } from './invoke-permissions.ts';
import { arn } from './names.ts';
import type { Properties } from './properties.ts';
import type { Resource, Resources } from './resources.ts';

const PROTOCOLS = ['WEBSOCKET', 'HTTP'];

/** The template's APIs of one protocol. Throws a StartError where there is one of a protocol that is not served. */
export function apisOf(resources: Resources, protocol: 'WEBSOCKET' | 'HTTP'): Resource[] {
  return resources.of('AWS::ApiGatewayV2::Api').filter(({ properties }) => {
    const found = properties.text('ProtocolType');
    if (PROTOCOLS.includes(found)) return found === protocol;
    throw new StartError(
      `${properties.pathOf('ProtocolType')}: the local server serves APIs of ${PROTOCOLS.join(' and ')}, not ${found}.`,
    );
  });
}

/** What belongs to one API. */
export class ApiParts {
  readonly #resources: Resources;
  readonly #api: Resource;

  constructor(resources: Resources, api: Resource) {
    this.#resources = resources;
    this.#api = api;
  }

  get apiId(): string {
    return this.#api.identity.ref;
  }

  /** HTTP APIs may name a function by its ARN alone. */
  get takesFunctionArns(): boolean {
    return this.#api.properties.text('ProtocolType') === 'HTTP';
  }

  of(kind: string): Resource[] {
    return this.#resources
      .of(`AWS::ApiGatewayV2::${kind}`)
      .filter(({ properties }) => properties.text('ApiId') === this.apiId);
  }

  /** Throws a StartError where there is none. */
  one(kind: string, ref: string, path: string): Resource {
    const found = this.of(kind).find(({ identity }) => identity.ref === ref);
    if (found === undefined) throw new StartError(`${path}: the API has no ${kind} ${ref}.`);
    return found;
  }

  /** The name of its stage. Throws a StartError where it has none or several. */
  stageName(): string {
    const [stage, another] = this.of('Stage');
    if (stage === undefined || another !== undefined) {
      throw new StartError(`${this.#api.logicalId}: the local server serves an API of one stage.`);
    }
    return stage.properties.text('StageName');
  }

  /** The integration of a route. Throws a StartError where it is none with a function, or the route needs an API key. */
  integrationOf(route: Properties): Properties {
    if (route.flag('ApiKeyRequired', false)) {
      throw new StartError(`${route.pathOf('ApiKeyRequired')}: API keys are not known here.`);
    }
    const target = route.text('Target').replace(/^integrations\//, '');
    const integration = this.one('Integration', target, route.pathOf('Target')).properties;
    const type = integration.text('IntegrationType');
    if (type === 'AWS_PROXY') return integration;
    throw new StartError(`${integration.pathOf('IntegrationType')}: the local server knows AWS_PROXY, not ${type}.`);
  }
}

/**
 * Finds the function that the named property of a part of an API means: by the address at which API Gateway invokes it,
 * or by its ARN. `source` is from where it is invoked: what stands behind the API's id in an ARN.
 */
type FunctionOf = (part: Properties, name: string, source: string) => string;

/** Throws a StartError for what is no function of the template, or none that API Gateway may invoke from there. */
export function invokedFunctions(
  { apiId, takesFunctionArns }: ApiParts,
  functions: readonly FunctionDeclaration[],
  checkInvocation: CheckInvocation,
): FunctionOf {
  return (part, name, source) => {
    const uri = part.text(name);
    const path = part.pathOf(name);
    const functionArn =
      /\/functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? (takesFunctionArns ? uri : undefined);
    if (functionArn === undefined || !functions.some((declared) => declared.arn === functionArn)) {
      throw new StartError(`${path}: only functions of the template can be invoked, not ${uri}.`);
    }
    checkInvocation(functionArn, arn('execute-api', `${apiId}/${source}`), path);
    return functionArn;
  };
}
