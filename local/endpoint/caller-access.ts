import type { FunctionDeclaration } from '../declarations.ts';
import type { AccessFailure } from '../iam/access-failure.ts';
import { authorize } from '../iam/authorization.ts';
import type { SignedRequest } from '../iam/canonical-request.ts';
import type { CredentialRegistry } from '../iam/credentials.ts';
import { verifySignature } from '../iam/signature.ts';
import type { Clock } from '../invocation.ts';
import { REGION } from '../template/names.ts';
import type { ServiceCall } from './service-call.ts';

/** Who may call, and what each may do. */
export interface CallerAccess {
  readonly credentials: Pick<CredentialRegistry, 'find'>;
  readonly functions: readonly FunctionDeclaration[];
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Why a call is refused: its signature, or the first thing that it touches and its function's role does not allow.
 * Undefined where it may go on. Throws where a policy has a condition that cannot be told here.
 */
export function refusalOf(
  request: SignedRequest,
  call: Pick<ServiceCall, 'service' | 'accesses'>,
  { credentials, functions, clock }: CallerAccess,
): AccessFailure | undefined {
  const verified = verifySignature(request, {
    credentials,
    now: clock.now(),
    region: REGION,
    service: call.service,
  });
  if (!verified.ok) return verified.failure;
  const caller = functions.find(({ arn }) => arn === verified.credentials.functionArn);
  if (!caller) throw new Error(`${verified.credentials.functionArn} has credentials and is not declared`);
  const { name: functionName, statements } = caller;
  for (const access of call.accesses()) {
    const denied = authorize({ functionName, statements, ...access });
    if (denied) return denied;
  }
  return undefined;
}
