import type { PolicyStatement } from '../declarations.ts';
import { type ConditionContext, conditionsHold } from './conditions.ts';
import { matchesPattern } from './pattern.ts';

/** What a request asks of a policy. */
export interface PolicyQuestion {
  /** `sqs:SendMessage`; upper and lower case are one. */
  readonly action: string;
  /** An ARN, or `*` for actions that have no resource. */
  readonly resource: string;
  readonly context: ConditionContext;
}

/** `denied`: a Deny speaks against it. `not-allowed`: nothing speaks for it. */
export type PolicyAnswer = 'allowed' | 'denied' | 'not-allowed';

/**
 * Decides as IAM does: an explicit Deny wins, then an Allow is needed.
 *
 * Throws where a statement that is about this action and resource has a condition that is not served here.
 */
export function evaluatePolicy(statements: readonly PolicyStatement[], question: PolicyQuestion): PolicyAnswer {
  const effects = statements.filter((statement) => applies(statement, question)).map((statement) => statement.effect);
  if (effects.includes('Deny')) return 'denied';
  return effects.includes('Allow') ? 'allowed' : 'not-allowed';
}

function applies(statement: PolicyStatement, { action, resource, context }: PolicyQuestion): boolean {
  return (
    statement.actions.some((pattern) => matchesPattern(pattern.toLowerCase(), action.toLowerCase())) &&
    statement.resources.some((pattern) => matchesPattern(pattern, resource)) &&
    conditionsHold(statement.conditions, context)
  );
}
