import type { AccessFailure } from '../iam/access-failure.ts';
import type { SignedRequest } from '../iam/canonical-request.ts';
import type { ConditionContext } from '../iam/conditions.ts';

/** One thing that a request does to one resource: what a policy has to allow. */
export interface Access {
  /** `dynamodb:GetItem` */
  readonly action: string;
  /** An ARN, or `*` where the action has no resource. */
  readonly resource: string;
  /** Condition keys of the service itself, such as `dynamodb:LeadingKeys`. */
  readonly context?: ConditionContext;
}

/** An HTTP answer. */
export interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A service of AWS that speaks AWS JSON: POST, with the operation in `X-Amz-Target` (`<prefix>.<operation>`). */
export interface AwsService {
  /** As it signs, and as its actions begin: `dynamodb`. */
  readonly name: string;
  /** What its targets begin with, without the dot. */
  readonly targetPrefix: string;
  /**
   * All that a request touches: each needs the caller's permission. Empty only where `handle` refuses the request
   * without touching anything.
   */
  iamOf(target: string, body: string): readonly Access[];
  /** Answers a request whose caller may make it. `gone` is aborted when nobody waits for the answer any more. */
  handle(target: string, body: string, gone: AbortSignal): Promise<AwsAnswer>;
  /** How the service words a refusal, so that its SDK client throws what it throws on AWS. */
  refusal(failure: AccessFailure): AwsAnswer;
}

/** A service of AWS that speaks REST: method and path say what is asked for. */
export interface RestService {
  /** As it signs, and as its actions begin: `lambda`. */
  readonly name: string;
  /** Whether a request is for it; `path` is without the query, percent-encoded as received. */
  servesPath(path: string): boolean;
  /** As of an {@link AwsService}. */
  iamOf(request: SignedRequest): readonly Access[];
  /** As of an {@link AwsService}. */
  handle(request: SignedRequest, gone: AbortSignal): Promise<AwsAnswer>;
  /** As of an {@link AwsService}. */
  refusal(failure: AccessFailure): AwsAnswer;
}
