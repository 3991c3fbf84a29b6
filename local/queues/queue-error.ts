/** How SQS tells of each refusal: its name in the JSON protocol, its code in the older query protocol, its HTTP status. */
const KINDS = {
  BatchEntryIdsNotDistinct: ['com.amazonaws.sqs', 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct', 400],
  BatchRequestTooLong: ['com.amazonaws.sqs', 'AWS.SimpleQueueService.BatchRequestTooLong', 400],
  EmptyBatchRequest: ['com.amazonaws.sqs', 'AWS.SimpleQueueService.EmptyBatchRequest', 400],
  InvalidAddress: ['com.amazonaws.sqs', 'InvalidAddress', 404],
  InvalidAttributeName: ['com.amazonaws.sqs', 'InvalidAttributeName', 400],
  InvalidBatchEntryId: ['com.amazonaws.sqs', 'AWS.SimpleQueueService.InvalidBatchEntryId', 400],
  InvalidMessageContents: ['com.amazonaws.sqs', 'InvalidMessageContents', 400],
  InvalidParameterValueException: ['com.amazon.coral.service', 'InvalidParameterValue', 400],
  MessageNotInflight: ['com.amazonaws.sqs', 'AWS.SimpleQueueService.MessageNotInflight', 400],
  MissingRequiredParameterException: ['com.amazon.coral.service', 'MissingParameter', 400],
  PurgeQueueInProgress: ['com.amazonaws.sqs', 'AWS.SimpleQueueService.PurgeQueueInProgress', 403],
  QueueDoesNotExist: ['com.amazonaws.sqs', 'AWS.SimpleQueueService.NonExistentQueue', 400],
  ReceiptHandleIsInvalid: ['com.amazonaws.sqs', 'ReceiptHandleIsInvalid', 404],
  SerializationException: ['com.amazon.coral.service', 'SerializationException', 400],
  TooManyEntriesInBatchRequest: ['com.amazonaws.sqs', 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest', 400],
  UnknownOperationException: ['com.amazon.coral.service', 'UnknownOperationException', 400],
} as const satisfies Record<string, readonly [namespace: string, code: string, status: number]>;

type QueueErrorKind = keyof typeof KINDS;

/**
 * A refusal that SQS would answer with, always the caller's fault; anything else that is thrown is a fault of ours.
 *
 * Names, codes and statuses are those of SQS's service model (`awsQueryError`, `httpError`); errors of the front that
 * all AWS services share (`com.amazon.coral.service`) are in no model, and as AWS answers them.
 */
export class QueueError extends Error {
  override readonly name = 'QueueError';
  readonly kind: QueueErrorKind;

  constructor(kind: QueueErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  /** `__type` of an answer in the JSON protocol. */
  get type(): string {
    return `${KINDS[this.kind][0]}#${this.kind}`;
  }

  /** The code by which the entries of a batch, and SDKs, name it: `InvalidParameterValue`. */
  get code(): string {
    return KINDS[this.kind][1];
  }

  /** The answer's HTTP status. */
  get status(): number {
    return KINDS[this.kind][2];
  }
}

/** `InvalidParameterValue`, in the words that SQS has for all of them. */
export function invalidValue(value: unknown, parameter: string, reason: string): QueueError {
  return new QueueError(
    'InvalidParameterValueException',
    `Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}
