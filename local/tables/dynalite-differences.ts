import type { AwsAnswer } from '../endpoint/aws-service.ts';
import { jsonAnswer } from '../endpoint/json-answer.ts';
import { readFailure } from './dynamo-connection.ts';
import { tableName } from './table-access.ts';

type Input = Readonly<Record<string, unknown>>;

const MAX_EXPRESSION_BYTES = 4096;

/**
 * The refusal of an expression that is longer than DynamoDB takes; dynalite takes any.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
export function expressionFault(input: Input): AwsAnswer | undefined {
  for (const [name, expression] of Object.entries(input)) {
    if (!name.endsWith('Expression') || typeof expression !== 'string') continue;
    const size = Buffer.byteLength(expression);
    if (size <= MAX_EXPRESSION_BYTES) continue;
    return invalid(`Invalid ${name}: Expression size has exceeded the maximum allowed size; expression size: ${size}`);
  }
  return undefined;
}

/** DynamoDB's refusal of a request that is not valid. */
export function invalid(message: string): AwsAnswer {
  return jsonAnswer('1.0', 400, { __type: 'com.amazon.coral.validate#ValidationException', message });
}

/** The body with names for tables that it names by an ARN: AWS takes both, dynalite names alone. */
export function withNames(body: string, input: Input): string {
  const { TableName: table, RequestItems: items } = input;
  if (typeof table === 'string' && table.startsWith('arn:')) {
    return JSON.stringify({ ...input, TableName: tableName(table) });
  }
  if (typeof items === 'object' && items !== null && Object.keys(items).some((key) => key.startsWith('arn:'))) {
    const named = Object.entries(items).map(([key, value]) => [tableName(key), value]);
    return JSON.stringify({ ...input, RequestItems: Object.fromEntries(named) });
  }
  return body;
}

/** An answer, with words where dynalite says nothing but that it does not know an operation. */
export function explained(operation: string, answer: AwsAnswer): AwsAnswer {
  if (answer.status === 200 || readFailure(answer.body).code !== 'UnknownOperationException') return answer;
  const message =
    `${operation} is not served by dynalite, which plays DynamoDB here; ` +
    'AWS_ENDPOINT_URL_DYNAMODB puts another in its place.';
  return jsonAnswer('1.0', 400, { __type: 'com.amazon.coral.service#UnknownOperationException', message });
}
