import type { PolicyStatement } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import type { Properties } from './properties.ts';
import type { Resources } from './resources.ts';

/** AWS's own policies that do no more than let a function write its logs and traces. */
const ONLY_WRITE_LOGS = ['service-role/AWSLambdaBasicExecutionRole', 'AWSXRayDaemonWriteAccess'];

/** Answers the statements of a role, by the role's ARN. Throws a StartError for a role or a policy that is not known here. */
export type StatementsOf = (roleArn: string, path: string) => readonly PolicyStatement[];

/** Reads the template's roles and policies: those within a role, attached to it, and managed ones. */
export function readPolicies(resources: Resources): StatementsOf {
  const roles = resources.of('AWS::IAM::Role');
  const attached = resources.of('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy');
  return (roleArn, path) => {
    const role = roles.find(({ identity }) => identity.attributes.Arn === roleArn);
    if (role === undefined) throw new StartError(`${path}: only roles of the template are known, not ${roleArn}.`);
    const managed = role.properties.texts('ManagedPolicyArns').flatMap((arn) => {
      if (ONLY_WRITE_LOGS.some((name) => arn.endsWith(`:aws:policy/${name}`))) return [];
      const policy = attached.find(({ identity }) => identity.ref === arn);
      if (policy !== undefined) return readDocument(policy.properties);
      throw new StartError(`${role.path}.ManagedPolicyArns: the local server does not know what ${arn} allows.`);
    });
    const byName = attached.filter(({ properties }) => {
      return [...properties.texts('Roles'), ...properties.texts('RoleName')].includes(role.identity.ref);
    });
    return [
      ...role.properties.parts('Policies').flatMap(readDocument),
      ...managed,
      ...byName.flatMap(({ properties }) => readDocument(properties)),
    ];
  };
}

function readDocument(policy: Properties): PolicyStatement[] {
  const document = policy.part('PolicyDocument');
  return document === undefined ? [] : document.parts('Statement').map(readStatement);
}

function readStatement(statement: Properties): PolicyStatement {
  for (const name of ['NotAction', 'NotResource', 'Principal', 'NotPrincipal']) {
    if (statement.has(name)) throw new StartError(`${statement.pathOf(name)}: the local server does not know ${name}.`);
  }
  const effect = statement.text('Effect');
  if (effect !== 'Allow' && effect !== 'Deny')
    throw new StartError(`${statement.pathOf('Effect')}: no effect ${effect}.`);
  const conditions = (statement.value('Condition') ?? {}) as Record<string, Record<string, unknown>>;
  return {
    effect,
    actions: statement.texts('Action'),
    resources: statement.texts('Resource'),
    conditions: Object.fromEntries(
      Object.entries(conditions).map(([operator, keys]) => [
        operator,
        Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, [values].flat().map(String)])),
      ]),
    ),
  };
}
