import type { FunctionDeclaration } from '../declarations.ts';
import type { Activity, Clock } from '../invocation.ts';
import type { AccessFailure } from './access-failure.ts';
import { authorize } from './authorization.ts';
import type { SignedRequest } from './canonical-request.ts';
import type { ConditionContext } from './conditions.ts';
import type { CredentialRegistry } from './credentials.ts';
import { verifySignature } from './signature.ts';

/** A request to one service, and what it asks for. */
interface AccessRequest extends SignedRequest {
  /** That the signature must be for, such as `execute-api`. */
  readonly service: string;
  readonly action: string;
  readonly resource: string;
  readonly context?: ConditionContext;
}

/** Who signed a request. */
export interface Caller {
  readonly accessKeyId: string;
  readonly functionName: string;
}

/** Whether the signer may do that; if not, why. */
type AccessDecision =
  | { readonly allowed: true; readonly caller: Caller }
  | { readonly allowed: false; readonly failure: AccessFailure };

/** Throws where a condition is not served here. */
export type AccessCheck = (request: AccessRequest) => AccessDecision;

/** Checks signature and role in one; a denial of the role is told at the terminal, for the template has to change. */
export function createAccessCheck(options: {
  readonly credentials: Pick<CredentialRegistry, 'find'>;
  readonly functions: readonly FunctionDeclaration[];
  readonly clock: Pick<Clock, 'now'>;
  readonly activity: Activity;
}): AccessCheck {
  const { credentials, functions, clock, activity } = options;
  return (request) => {
    const { service } = request;
    const verified = verifySignature(request, { credentials, now: clock.now(), region: 'us-east-1', service });
    if (!verified.ok) return { allowed: false, failure: verified.failure };
    const { functionArn, accessKeyId } = verified.credentials;
    const declared = functions.find((candidate) => candidate.arn === functionArn);
    if (!declared) throw new Error(`credentials were issued to ${functionArn}, which the template does not declare`);
    const denied = authorize({
      functionName: declared.name,
      statements: declared.statements,
      action: request.action,
      resource: request.resource,
      ...(request.context && { context: request.context }),
    });
    if (!denied) return { allowed: true, caller: { accessKeyId, functionName: declared.name } };
    activity.warn(`${denied.code}: ${denied.message}`);
    return { allowed: false, failure: denied };
  };
}
