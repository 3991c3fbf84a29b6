import type { AccessFailure } from '../iam/access-failure.ts';
import type { SqsProtocol } from '../queues/protocol.ts';
import type { AwsAnswer, AwsService } from './aws-service.ts';
import { jsonAnswer } from './json-answer.ts';

/** SQS's older codes, which its SDK clients give an error its name by. */
const CODES: Readonly<Record<AccessFailure['code'], string>> = {
  AccessDeniedException: 'AccessDenied',
  IncompleteSignatureException: 'IncompleteSignature',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  UnrecognizedClientException: 'InvalidClientTokenId',
};

/** The queues as a service of the endpoint. */
export function queueService(protocol: Pick<SqsProtocol, 'handle' | 'iamOf'>): AwsService {
  return {
    name: 'sqs',
    targetPrefix: 'AmazonSQS',
    iamOf(target, body) {
      const access = protocol.iamOf(target, body);
      return access ? [access] : [];
    },
    handle: (target, body, gone) => protocol.handle(target, body, { signal: gone }),
    refusal: sqsRefusal,
  };
}

/** Unlike other services that speak AWS JSON, SQS refuses with 403, and with its older code in a header. */
function sqsRefusal({ code, message }: AccessFailure): AwsAnswer {
  const document = { __type: `com.amazon.coral.service#${code}`, Message: message };
  return jsonAnswer('1.0', 403, document, { 'x-amzn-query-error': `${CODES[code]};Sender` });
}
