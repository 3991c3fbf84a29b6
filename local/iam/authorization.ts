import type { PolicyStatement } from '../declarations.ts';
import type { AccessFailure } from './access-failure.ts';
import type { ConditionContext } from './conditions.ts';
import { evaluatePolicy } from './policy.ts';

/** A call that a function makes. */
export interface Call {
  readonly functionName: string;
  /** Of the function's role. */
  readonly statements: readonly PolicyStatement[];
  readonly action: string;
  /** An ARN, or `*` for actions that have no resource. */
  readonly resource: string;
  /** What the service knows of the request; keys that it leaves out make a condition on them an error. */
  readonly context?: ConditionContext;
}

/** Keys that AWS itself adds to every request. On AWS all calls are made over TLS. */
const GLOBAL_CONTEXT: ConditionContext = {
  'aws:PrincipalAccount': ['000000000000'],
  'aws:RequestedRegion': ['us-east-1'],
  'aws:SecureTransport': ['true'],
};

/** The ARN by which a function calls. The role goes by the function's name: each function has one of its own. */
export function assumedRole(functionName: string): string {
  return `arn:aws:sts::000000000000:assumed-role/${functionName}/${functionName}`;
}

/**
 * Undefined where the function's role allows the call; else the refusal as AWS words it, with the action and the
 * resource named.
 */
export function authorize(call: Call): AccessFailure | undefined {
  const { functionName, statements, action, resource } = call;
  const context = { ...GLOBAL_CONTEXT, ...call.context };
  const answer = evaluatePolicy(statements, { action, resource, context });
  if (answer === 'allowed') return undefined;
  const why =
    answer === 'denied'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
  return {
    code: 'AccessDeniedException',
    message: `User: ${assumedRole(functionName)} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  };
}
