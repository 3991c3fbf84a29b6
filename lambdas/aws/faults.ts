import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { Unavailable } from '../chat/errors.ts';

/**
 * What AWS says where a caller's credentials or rights are the matter. Several services say it with status 400, so the
 * name tells it. `Kms…` is what SQS says of a queue's key.
 */
const ACCESS = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'ForbiddenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'KmsAccessDenied',
  'KmsThrottled',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'OptInRequired',
  'ProviderError',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
]);

/** The HTTP status that a service answered with; undefined where there was no answer. SDK v3 errors have no `statusCode`. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** Whether a call was turned away before it was looked at: no credentials, expired ones, no permission. */
export function isAccessFault(error: unknown): error is Error {
  const status = statusOf(error);
  return error instanceof Error && (ACCESS.has(error.name) || status === 401 || status === 403);
}

/** Whether an error of the SDK is AWS's fault, so that the same call may succeed later: what else it says is a bug of ours. */
export function isFault(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return isAccessFault(error) || isThrottlingError(error) || isTransientError(error) || isServerError(error);
}

type Method = (...args: never[]) => Promise<unknown>;

/**
 * The port, with AWS's faults thrown as `Unavailable`; the SDK's error is the `cause`.
 * All other errors, those of the core among them, come through as they are.
 */
export function tellingFaults<P extends { [K in keyof P]: Method }>(port: P): P {
  const methods = Object.entries<Method>(port).map(([name, method]) => {
    const told: Method = async (...args) => {
      try {
        return await method(...args);
      } catch (error) {
        if (isFault(error)) throw new Unavailable(`${name}: ${error.name}`, { cause: error });
        throw error;
      }
    };
    return [name, told];
  });
  return Object.fromEntries(methods);
}
