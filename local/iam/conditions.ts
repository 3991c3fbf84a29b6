import type { PolicyStatement } from '../declarations.ts';
import { matchesArnPattern, matchesPattern } from './pattern.ts';

/**
 * What is known of a request, by condition key. An empty list says that the request has no such value; a key that is
 * not in here at all cannot be told by the server, and a condition on it is an error.
 */
export type ConditionContext = Readonly<Record<string, readonly string[]>>;

interface Operator {
  /** Whether one value of the request fits one value of the policy. */
  readonly fits: (actual: string, expected: string) => boolean;
  /** `…Not…`: holds where no value of the policy fits. */
  readonly negated: boolean;
}

const comparisons: Readonly<Record<string, Operator['fits']>> = {
  StringEquals: (actual, expected) => actual === expected,
  StringEqualsIgnoreCase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  StringLike: (actual, expected) => matchesPattern(expected, actual),
  ArnEquals: (actual, expected) => matchesArnPattern(expected, actual),
  ArnLike: (actual, expected) => matchesArnPattern(expected, actual),
  Bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  NumericEquals: (actual, expected) => Number(actual) === Number(expected),
  NumericLessThan: (actual, expected) => Number(actual) < Number(expected),
  NumericLessThanEquals: (actual, expected) => Number(actual) <= Number(expected),
  NumericGreaterThan: (actual, expected) => Number(actual) > Number(expected),
  NumericGreaterThanEquals: (actual, expected) => Number(actual) >= Number(expected),
};

const negations: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
};

function operatorOf(name: string): Operator | undefined {
  const positive = Object.hasOwn(negations, name) ? negations[name] : name;
  const fits = positive !== undefined && Object.hasOwn(comparisons, positive) ? comparisons[positive] : undefined;
  return fits && { fits, negated: positive !== name };
}

function parse(operator: string) {
  const [, set, base = '', ifExists] = /^(ForAllValues:|ForAnyValue:)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  return { set, base, ifExists: ifExists !== undefined };
}

/** Throws, naming the operator, where a statement has a condition that cannot be decided here. */
export function assertServedConditions(statements: readonly PolicyStatement[]): void {
  for (const operator of statements.flatMap((statement) => Object.keys(statement.conditions))) {
    const { base } = parse(operator);
    if (base !== 'Null' && !operatorOf(base)) throw new Error(`the condition operator ${operator} is not served`);
  }
}

/**
 * Whether all conditions of a statement hold.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 *
 * Throws, naming it, on an operator or a key that is not known: nothing is allowed or denied by a condition that was
 * not understood.
 */
export function conditionsHold(conditions: PolicyStatement['conditions'], context: ConditionContext): boolean {
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, expected]) => holds(operator, key, expected, valuesOf(key, context))),
  );
}

function valuesOf(key: string, context: ConditionContext): readonly string[] {
  // names of condition keys are case-insensitive
  const known = Object.keys(context).find((name) => name.toLowerCase() === key.toLowerCase());
  const values = known === undefined ? undefined : context[known];
  if (values === undefined) throw new Error(`the condition key ${key} is not served`);
  return values;
}

function holds(operator: string, key: string, expected: readonly string[], actual: readonly string[]): boolean {
  const { set, base, ifExists } = parse(operator);
  if (base === 'Null') return expected.some((value) => (value.toLowerCase() === 'true') === (actual.length === 0));
  const known = operatorOf(base);
  if (!known) throw new Error(`the condition operator ${operator} (on ${key}) is not served`);
  const fitsOne = (value: string) => expected.some((wanted) => known.fits(value, wanted)) !== known.negated;
  if (set === 'ForAllValues:') return actual.every(fitsOne);
  if (set === 'ForAnyValue:') return actual.some(fitsOne);
  if (actual.length === 0) return ifExists || known.negated;
  return known.negated ? actual.every(fitsOne) : actual.some(fitsOne);
}
