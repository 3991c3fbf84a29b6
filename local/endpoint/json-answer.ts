import { randomUUID } from 'node:crypto';
import type { AccessFailure } from '../iam/access-failure.ts';
import type { AwsAnswer } from './aws-service.ts';

/** The two AWS JSON protocols: DynamoDB and SQS speak 1.0, Secrets Manager 1.1. */
export type JsonVersion = '1.0' | '1.1';

/** An answer in an AWS JSON protocol. */
export function jsonAnswer(
  version: JsonVersion,
  status: number,
  document: object,
  headers: Readonly<Record<string, string>> = {},
): AwsAnswer {
  return {
    status,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': randomUUID(), ...headers },
    body: JSON.stringify(document),
  };
}

/**
 * A refusal of the front that all AWS services share, as DynamoDB and Secrets Manager word it: 400, with `Message`
 * capitalized where access is denied and in small letters otherwise (dynalite's tests, made against DynamoDB, say so).
 */
export function jsonRefusal(version: JsonVersion, { code, message }: AccessFailure): AwsAnswer {
  const key = code === 'AccessDeniedException' ? 'Message' : 'message';
  return jsonAnswer(version, 400, { __type: `com.amazon.coral.service#${code}`, [key]: message });
}
