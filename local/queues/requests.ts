import * as v from 'valibot';
import { QueueError } from './queue-error.ts';

// the shapes of SQS's API, as far as it is served here; what else a request holds is let be, as AWS does
const count = v.pipe(v.number(), v.integer());
const names = v.optional(v.array(v.string()), []);
const queueUrl = { QueueUrl: v.string() };
const receipt = { ReceiptHandle: v.string() };
const visibility = { VisibilityTimeout: count };
const entry = { Id: v.string() };
const attribute = v.object({
  DataType: v.string(),
  StringValue: v.optional(v.string()),
  BinaryValue: v.optional(v.string()),
});
const message = {
  MessageBody: v.string(),
  DelaySeconds: v.optional(count),
  MessageAttributes: v.optional(v.record(v.string(), attribute)),
  MessageSystemAttributes: v.optional(v.object({ AWSTraceHeader: v.optional(attribute) })),
  MessageDeduplicationId: v.optional(v.string()),
  MessageGroupId: v.optional(v.string()),
};

const messageEntry = v.object({ ...entry, ...message });

/** The requests that are served, by the operation that `X-Amz-Target` names. */
const requestSchemas = {
  SendMessage: v.object({ ...queueUrl, ...message }),
  SendMessageBatch: v.object({ ...queueUrl, Entries: v.array(messageEntry) }),
  ReceiveMessage: v.object({
    ...queueUrl,
    AttributeNames: names,
    MessageSystemAttributeNames: names,
    MessageAttributeNames: names,
    MaxNumberOfMessages: v.optional(count, 1),
    VisibilityTimeout: v.optional(count),
    WaitTimeSeconds: v.optional(count, 0),
  }),
  DeleteMessage: v.object({ ...queueUrl, ...receipt }),
  DeleteMessageBatch: v.object({ ...queueUrl, Entries: v.array(v.object({ ...entry, ...receipt })) }),
  ChangeMessageVisibility: v.object({ ...queueUrl, ...receipt, ...visibility }),
  ChangeMessageVisibilityBatch: v.object({
    ...queueUrl,
    Entries: v.array(v.object({ ...entry, ...receipt, ...visibility })),
  }),
  GetQueueAttributes: v.object({ ...queueUrl, AttributeNames: names }),
  GetQueueUrl: v.object({ QueueName: v.string() }),
  PurgeQueue: v.object({ ...queueUrl }),
};

/** An operation of SQS that is served. */
export type OperationName = keyof typeof requestSchemas;
/** What an operation is asked. */
export type RequestOf<Name extends OperationName> = v.InferOutput<(typeof requestSchemas)[Name]>;
/** One message that is sent, alone or in a batch. */
export type MessageRequest = Omit<v.InferOutput<typeof messageEntry>, 'Id'>;

/** The operation of `X-Amz-Target`: `AmazonSQS.SendMessage`. Throws `UnknownOperationException` for one that is not served. */
export function operationOf(target: string): OperationName {
  const name = target.startsWith('AmazonSQS.') ? target.slice('AmazonSQS.'.length) : '';
  if (Object.hasOwn(requestSchemas, name)) return name as OperationName;
  throw new QueueError('UnknownOperationException', `The operation ${target} is not served.`);
}

/** Reads a request's body. Throws `SerializationException`, or names the parameter that is missing. */
export function parseRequest<Name extends OperationName>(operation: Name, body: string): RequestOf<Name> {
  const result = v.safeParse(requestSchemas[operation], parseJson(body));
  if (result.success) return result.output as RequestOf<Name>;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? 'body';
  if (issue.input === undefined) {
    throw new QueueError('MissingRequiredParameterException', `The request must contain the parameter ${path}.`);
  }
  throw new QueueError('SerializationException', `${path}: ${issue.message}`);
}

function parseJson(body: string): unknown {
  try {
    // to AWS, null is as good as absent
    return JSON.parse(body, (_key, value) => value ?? undefined);
  } catch (cause) {
    throw new QueueError('SerializationException', 'The request is not JSON.', { cause });
  }
}
