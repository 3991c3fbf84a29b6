/**
 * Why a call is refused, in AWS's words.
 *
 * Each service wraps it its own way: API Gateway answers 403 with the code in `x-amzn-ErrorType`; DynamoDB, SQS and
 * Secrets Manager answer 400 with the code in `__type`.
 */
export interface AccessFailure {
  readonly code:
    | 'AccessDeniedException'
    | 'IncompleteSignatureException'
    | 'InvalidSignatureException'
    | 'MissingAuthenticationTokenException'
    | 'UnrecognizedClientException';
  readonly message: string;
}
