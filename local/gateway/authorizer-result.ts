import type { PolicyStatement } from '../declarations.ts';
import type { AuthorizerContext } from './connection-facts.ts';

/** An authorizer's result: a policy, and what later events are told. */
export interface AuthorizerResult {
  readonly statements: readonly PolicyStatement[];
  /** `principalId` included; strings only, as integrations read them. */
  readonly context: AuthorizerContext;
}

/** Policy and context together, in bytes of JSON. */
const LARGEST_RESULT = 8 * 1024;

const KNOWN_KEYS = new Set(['principalId', 'policyDocument', 'context', 'usageIdentifierKey']);

/**
 * Reads what an authorizer returned; a text says what is wrong with it.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
 */
export function readAuthorizerResult(payload: unknown): AuthorizerResult | string {
  if (!isRecord(payload)) return 'it returned no object';
  const size = Buffer.byteLength(JSON.stringify(payload));
  if (size > LARGEST_RESULT) return `its result has ${size} bytes, more than ${LARGEST_RESULT}`;
  const unknown = Object.keys(payload).find((key) => !KNOWN_KEYS.has(key));
  if (unknown !== undefined) return `its result has the key "${unknown}", which API Gateway does not know`;
  const { principalId, policyDocument, context } = payload;
  if (typeof principalId !== 'string' || principalId === '') return 'its result has no principalId';
  const statements = readStatements(policyDocument);
  if (typeof statements === 'string') return statements;
  if (context !== undefined && context !== null && !isRecord(context)) return 'its context is not an object';
  const entries = Object.entries(context ?? {});
  const unfit = entries.find(([, value]) => !['string', 'number', 'boolean'].includes(typeof value));
  if (unfit) return `its context's "${unfit[0]}" is neither a string nor a number nor a boolean`;
  return {
    statements,
    context: { ...Object.fromEntries(entries.map(([key, value]) => [key, `${value}`])), principalId },
  };
}

function readStatements(document: unknown): PolicyStatement[] | string {
  if (!isRecord(document)) return 'its result has no policyDocument';
  const { Statement } = document;
  const statements: PolicyStatement[] = [];
  for (const statement of Array.isArray(Statement) ? Statement : [Statement]) {
    if (!isRecord(statement)) return 'its policyDocument has no Statement';
    const { Effect, Action, Resource, Condition = {} } = statement;
    if (Effect !== 'Allow' && Effect !== 'Deny') return "a statement's Effect is neither Allow nor Deny";
    const actions = texts(Action);
    const resources = texts(Resource);
    if (!actions || !resources) return 'a statement lacks an Action or a Resource';
    const conditions = readConditions(Condition);
    if (!conditions) return "a statement's Condition is malformed";
    statements.push({ effect: Effect, actions, resources, conditions });
  }
  return statements;
}

function readConditions(condition: unknown): PolicyStatement['conditions'] | undefined {
  if (!isRecord(condition)) return undefined;
  const conditions: Record<string, Record<string, readonly string[]>> = {};
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isRecord(keys)) return undefined;
    const read: Record<string, readonly string[]> = {};
    for (const [key, value] of Object.entries(keys)) {
      const values = texts(value);
      if (!values) return undefined;
      read[key] = values;
    }
    conditions[operator] = read;
  }
  return conditions;
}

/** One text or a list of them, as policies write both. */
function texts(value: unknown): string[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((item) => typeof item === 'string') ? list : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
