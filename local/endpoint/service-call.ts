import type { AccessFailure } from '../iam/access-failure.ts';
import type { SignedRequest } from '../iam/canonical-request.ts';
import type { Access, AwsAnswer, AwsService, RestService } from './aws-service.ts';

/** A request, and the service that it is for. */
export interface ServiceCall {
  /** The service's name. */
  readonly service: string;
  /** All that it touches: each needs the caller's permission. */
  accesses(): readonly Access[];
  /** Answers it, once its caller may make it. */
  handle(gone: AbortSignal): Promise<AwsAnswer>;
  refusal(failure: AccessFailure): AwsAnswer;
}

/** Finds the service that a request is for: by its `X-Amz-Target`, or where it has none by its path. */
export function callOf(
  request: SignedRequest,
  services: readonly (AwsService | RestService)[],
): ServiceCall | undefined {
  const { 'x-amz-target': target } = request.headers;
  const path = request.url.split('?')[0] ?? '';
  for (const service of services) {
    const { name, refusal } = service;
    if ('servesPath' in service) {
      if (target !== undefined || !service.servesPath(path)) continue;
      return {
        service: name,
        accesses: () => service.iamOf(request),
        handle: (gone) => service.handle(request, gone),
        refusal,
      };
    }
    if (typeof target !== 'string' || !target.startsWith(`${service.targetPrefix}.`)) continue;
    const body = Buffer.from(request.body).toString();
    return {
      service: name,
      accesses: () => service.iamOf(target, body),
      handle: (gone) => service.handle(target, body, gone),
      refusal,
    };
  }
  return undefined;
}
