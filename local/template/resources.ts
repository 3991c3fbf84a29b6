import { StartError } from '../start-error.ts';
import { type Addresses, localAddresses } from './addresses.ts';
import { resolve, type Scope } from './intrinsics.ts';
import { ACCOUNT, REGION, stackId } from './names.ts';
import { type Properties, properties } from './properties.ts';
import type { ResourceIdentity } from './resource-identity.ts';
import { RESOURCE_TYPES, type ResourceType } from './resource-types.ts';
import type { Template, TemplateResource } from './template.ts';

/** A resource that is served, its references resolved. */
export interface Resource {
  readonly logicalId: string;
  /** Where it stands in the template, for errors. */
  readonly path: string;
  readonly identity: ResourceIdentity;
  readonly properties: Properties;
}

/** A template's resources. */
export interface Resources {
  /** In the template's order. Throws a StartError where one of them says what is not known here. */
  of(...types: readonly string[]): Resource[];
  readonly skipped: readonly { readonly logicalId: string; readonly type: string; readonly why: string }[];
  readonly outputs: Readonly<Record<string, string>>;
}

/** What a template is resolved with. */
export interface TemplateContext {
  readonly stackName: string;
  readonly addresses: Addresses;
  readonly userPool: { readonly id: string; readonly clientId: string };
}

/**
 * Reads a template's resources and outputs, with local names, ARNs and addresses. Throws a StartError that names the
 * logical id and the path for a type, a property, or a reference that is not known here.
 */
export function readResources(template: Template, context: TemplateContext): Resources {
  if (template.Transform !== undefined) throw new StartError('Transform: macros are not known here.');
  const scope = templateScope(template, context);
  const present = Object.entries(template.Resources ?? {}).filter(
    ([logicalId, { Condition }]) => Condition === undefined || scope.condition(Condition, `Resources.${logicalId}`),
  );
  const unknown = present.filter(([, { Type }]) => RESOURCE_TYPES[Type] === undefined);
  if (unknown.length > 0) {
    const names = unknown.map(([logicalId, { Type }]) => `  Resources.${logicalId}: ${Type}`).join('\n');
    throw new StartError(`The template has resources that the local server does not know:\n${names}`);
  }
  const skipped: { logicalId: string; type: string; why: string }[] = [];
  for (const [logicalId, resource] of present) {
    const type = typeOf(resource);
    if ('skipped' in type) skipped.push({ logicalId, type: resource.Type, why: type.skipped });
    else checkProperties(logicalId, resource, type);
  }
  return {
    skipped,
    of(...types) {
      return present
        .filter(([, { Type }]) => types.includes(Type))
        .map(([logicalId, resource]) => {
          const path = `Resources.${logicalId}.Properties`;
          const type = typeOf(resource);
          const served = 'served' in type ? type.served : [];
          const given = Object.entries(resource.Properties ?? {}).filter(([name]) => served.includes(name));
          const resolved = localAddresses(
            resolve(Object.fromEntries(given), scope, path),
            context.addresses.gatewayPort,
          );
          return {
            logicalId,
            path,
            identity: scope.identity(logicalId, path),
            properties: properties(resolved as Record<string, unknown>, path),
          };
        });
    },
    outputs: outputsOf(template, scope, context),
  };
}

function typeOf({ Type }: TemplateResource): ResourceType {
  const type = RESOURCE_TYPES[Type];
  if (type === undefined) throw new StartError(`${Type}: the local server does not know this type.`);
  return type;
}

function checkProperties(
  logicalId: string,
  resource: TemplateResource,
  { served, ignored }: Extract<ResourceType, { readonly served: unknown }>,
): void {
  if (typeof ignored === 'string') return;
  for (const name of Object.keys(resource.Properties ?? {})) {
    if (served.includes(name) || name in ignored) continue;
    const path = `Resources.${logicalId}.Properties.${name}`;
    throw new StartError(`${path}: the local server does not know this property of ${resource.Type}.`);
  }
}

function outputsOf(template: Template, scope: Scope, { addresses }: TemplateContext): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [name, { Value, Condition }] of Object.entries(template.Outputs ?? {})) {
    const path = `Outputs.${name}`;
    if (Condition !== undefined && !scope.condition(Condition, path)) continue;
    outputs[name] = String(localAddresses(resolve(Value, scope, `${path}.Value`), addresses.gatewayPort));
  }
  return outputs;
}

interface TemplateScope extends Scope {
  identity(logicalId: string, path: string): ResourceIdentity;
}

function templateScope(template: Template, context: TemplateContext): TemplateScope {
  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': ACCOUNT,
    'AWS::Region': REGION,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': context.stackName,
    'AWS::StackId': stackId(context.stackName),
    'AWS::NotificationARNs': [],
    'AWS::NoValue': undefined,
  };
  const identities = new Map<string, ResourceIdentity>();

  function identity(logicalId: string, path: string): ResourceIdentity {
    const known = identities.get(logicalId);
    if (known !== undefined) return known;
    const resource = template.Resources?.[logicalId];
    const type = resource === undefined ? undefined : RESOURCE_TYPES[resource.Type];
    if (resource === undefined || type === undefined) throw new StartError(`${path}: there is no ${logicalId}.`);
    const made = type.identify({
      stackName: context.stackName,
      logicalId,
      endpointUrl: context.addresses.endpointUrl,
      userPool: context.userPool,
      given(property) {
        const value = resolve(resource.Properties?.[property], scope, `Resources.${logicalId}.Properties.${property}`);
        return value === undefined ? undefined : String(value);
      },
    });
    identities.set(logicalId, made);
    return made;
  }

  const scope: TemplateScope = {
    identity,
    ref(name, path) {
      if (name in pseudo) return pseudo[name];
      const parameter = template.Parameters?.[name];
      if (parameter === undefined) return identity(name, path).ref;
      if (parameter.Default === undefined)
        throw new StartError(`Parameters.${name} has no default, and ${path} needs it.`);
      return parameter.Default;
    },
    attribute(logicalId, attribute, path) {
      const value = identity(logicalId, path).attributes[attribute];
      if (value !== undefined) return value;
      const type = template.Resources?.[logicalId]?.Type;
      throw new StartError(`${path}: the local server does not know ${attribute} of ${logicalId} (${type}).`);
    },
    condition(name, path) {
      const condition = template.Conditions?.[name];
      if (condition === undefined) throw new StartError(`${path}: there is no condition ${name}.`);
      return Boolean(resolve(condition, scope, `Conditions.${name}`));
    },
    mapped(map, first, second, path) {
      const value = template.Mappings?.[map]?.[first]?.[second];
      if (value === undefined) throw new StartError(`${path}: there is no ${map}.${first}.${second} in the mappings.`);
      return value;
    },
  };
  return scope;
}
