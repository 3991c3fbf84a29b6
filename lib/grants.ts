import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

type TableAction = 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'Query' | 'Scan';

/** These calls of DynamoDB, on this table. */
export const useTable = (table: ITable, ...actions: TableAction[]) =>
  new PolicyStatement({ actions: actions.map((action) => `dynamodb:${action}`), resources: [table.tableArn] });

/** Queries this index of the table, and nothing else of it. */
export const queryIndex = (table: ITable, index: string) =>
  new PolicyStatement({ actions: ['dynamodb:Query'], resources: [`${table.tableArn}/index/${index}`] });

/** Calls this function. */
export const invoke = (fn: IFunction) =>
  new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] });

/** Sends to these queues, one message or a batch. */
export const send = (...queues: IQueue[]) =>
  new PolicyStatement({ actions: ['sqs:SendMessage'], resources: queues.map((queue) => queue.queueArn) });

/** Asks how many messages wait. */
export const measure = (queue: IQueue) =>
  new PolicyStatement({ actions: ['sqs:GetQueueAttributes'], resources: [queue.queueArn] });

/** What Lambda does with a function's role to feed it from a queue. */
export const consume = (queue: IQueue) =>
  new PolicyStatement({
    actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    resources: [queue.queueArn],
  });

/** Says for how long a message in hand is hidden from others. */
export const giveBack = (queue: IQueue) =>
  new PolicyStatement({ actions: ['sqs:ChangeMessageVisibility'], resources: [queue.queueArn] });

/** Reads the stack's keys. */
export const readSecret = (secret: ISecret) =>
  new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secret.secretArn] });

/** Calls a method of `@connections`, at its ARN. */
export const manageConnections = (arn: string) =>
  new PolicyStatement({ actions: ['execute-api:ManageConnections'], resources: [arn] });
