import { describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../../local/declarations.ts';
import { evaluatePolicy } from '../../../local/iam/policy.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:channel.fifo';

function statement(parts: Partial<PolicyStatement> = {}): PolicyStatement {
  return { effect: 'Allow', actions: ['sqs:SendMessage'], resources: [QUEUE], conditions: {}, ...parts };
}

function ask(statements: PolicyStatement[], action = 'sqs:SendMessage', resource = QUEUE) {
  return evaluatePolicy(statements, { action, resource, context: {} });
}

describe('a policy', () => {
  it('allows nothing by itself', () => {
    expect(ask([])).toBe('not-allowed');
  });

  it('allows the action on the resource that it names', () => {
    expect(ask([statement()])).toBe('allowed');
  });

  it('does not allow another action or another resource', () => {
    expect(ask([statement()], 'sqs:DeleteMessage')).toBe('not-allowed');
    expect(ask([statement()], 'sqs:SendMessage', `${QUEUE}2`)).toBe('not-allowed');
    expect(ask([statement()], 'sqs:SendMessage', QUEUE.slice(0, -1))).toBe('not-allowed');
  });

  it('needs action and resource in one statement', () => {
    const other = 'arn:aws:sqs:us-east-1:000000000000:later';
    const statements = [statement({ resources: [other] }), statement({ actions: ['sqs:DeleteMessage'] })];
    expect(ask(statements)).toBe('not-allowed');
  });

  it('denies where any statement denies, in whatever order', () => {
    const deny = statement({ effect: 'Deny', actions: ['sqs:*'], resources: ['*'] });
    expect(ask([statement(), deny])).toBe('denied');
    expect(ask([deny, statement()])).toBe('denied');
    expect(ask([deny])).toBe('denied');
  });

  it.each([
    ['*', true],
    ['sqs:*', true],
    ['SQS:sendmessage', true],
    ['sqs:Send*', true],
    ['sqs:SendMessag?', true],
    ['sqs:SendMessage?', false],
    ['sqs:Send', false],
    ['dynamodb:*', false],
  ])('takes the action pattern %s: %s', (action, allowed) => {
    expect(ask([statement({ actions: [action] })])).toBe(allowed ? 'allowed' : 'not-allowed');
  });

  it.each([
    ['*', true],
    ['arn:aws:sqs:*:*:channel.fifo', true],
    ['arn:aws:sqs:us-east-1:000000000000:*', true],
    ['arn:aws:sqs:us-east-?:000000000000:channel.????', true],
    ['arn:aws:sqs:*', true],
    ['arn:aws:sqs:us-east-1:000000000000:Channel.fifo', false],
    ['arn:aws:sqs:us-east-1:000000000000:channelxfifo', false],
    ['arn:aws:sqs:*:*:*.lifo', false],
  ])('takes the resource pattern %s: %s', (resource, allowed) => {
    expect(ask([statement({ resources: [resource] })])).toBe(allowed ? 'allowed' : 'not-allowed');
  });

  it('decides a pattern of many wildcards quickly', () => {
    const pattern = `${'*a'.repeat(40)}b`;
    expect(ask([statement({ resources: [pattern] })], 'sqs:SendMessage', 'a'.repeat(2_000))).toBe('not-allowed');
  });

  it('names a policy variable instead of taking it for text', () => {
    const variable = '$' + '{aws:username}';
    const resources = [`arn:aws:sqs:us-east-1:000000000000:${variable}`];
    expect(() => ask([statement({ resources })])).toThrow(variable);
  });

  it('looks at no condition of a statement that is about something else', () => {
    const conditions = { DateLessThan: { 'aws:CurrentTime': ['2026-01-01T00:00:00Z'] } };
    expect(ask([statement({ actions: ['sqs:DeleteMessage'], conditions }), statement()])).toBe('allowed');
    expect(() => ask([statement({ conditions })])).toThrow('aws:CurrentTime');
  });
});
