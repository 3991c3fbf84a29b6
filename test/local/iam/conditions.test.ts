import { describe, expect, it } from 'vitest';
import { assertServedConditions, type ConditionContext, conditionsHold } from '../../../local/iam/conditions.ts';

const context: ConditionContext = {
  'dynamodb:LeadingKeys': ['CONN#1', 'CONN#2'],
  'dynamodb:Attributes': [],
  'aws:SourceArn': ['arn:aws:sqs:us-east-1:000000000000:channel.fifo'],
  'aws:SecureTransport': ['true'],
  'test:Text': ['Alice'],
  'test:Number': ['10'],
};

function holds(operator: string, key: string, ...values: string[]) {
  return conditionsHold({ [operator]: { [key]: values } }, context);
}

describe('a condition', () => {
  it.each<[string, string, string[], boolean]>([
    ['StringEquals', 'test:Text', ['Bob', 'Alice'], true],
    ['StringEquals', 'test:Text', ['alice'], false],
    ['StringEquals', 'TEST:text', ['Alice'], true],
    ['StringNotEquals', 'test:Text', ['Bob'], true],
    ['StringNotEquals', 'test:Text', ['Bob', 'Alice'], false],
    ['StringEqualsIgnoreCase', 'test:Text', ['aLICE'], true],
    ['StringNotEqualsIgnoreCase', 'test:Text', ['aLICE'], false],
    ['StringLike', 'test:Text', ['A*e'], true],
    ['StringLike', 'test:Text', ['a*'], false],
    ['StringNotLike', 'test:Text', ['A*'], false],
    ['Bool', 'aws:SecureTransport', ['true'], true],
    ['Bool', 'aws:SecureTransport', ['false'], false],
    ['NumericEquals', 'test:Number', ['10.0'], true],
    ['NumericNotEquals', 'test:Number', ['10'], false],
    ['NumericLessThan', 'test:Number', ['10'], false],
    ['NumericLessThanEquals', 'test:Number', ['10'], true],
    ['NumericGreaterThan', 'test:Number', ['9'], true],
    ['NumericGreaterThanEquals', 'test:Number', ['11'], false],
    ['ArnEquals', 'aws:SourceArn', ['arn:aws:sqs:*:000000000000:channel.fifo'], true],
    ['ArnLike', 'aws:SourceArn', ['arn:aws:sqs:us-east-1:000000000000:*.fifo'], true],
    ['ArnLike', 'aws:SourceArn', ['arn:aws:sqs:*'], false],
    ['ArnNotLike', 'aws:SourceArn', ['arn:aws:sqs:*:*:later'], true],
    ['ArnNotEquals', 'aws:SourceArn', ['arn:aws:sqs:*:*:channel.fifo'], false],
    ['Null', 'dynamodb:Attributes', ['true'], true],
    ['Null', 'dynamodb:Attributes', ['false'], false],
    ['Null', 'test:Text', ['true'], false],
    ['Null', 'test:Text', ['false'], true],
  ])('%s on %s with %j holds: %s', (operator, key, values, expected) => {
    expect(holds(operator, key, ...values)).toBe(expected);
  });

  it('for all values holds where every value of the request fits one of the policy', () => {
    expect(holds('ForAllValues:StringEquals', 'dynamodb:LeadingKeys', 'CONN#1', 'CONN#2', 'CONN#3')).toBe(true);
    expect(holds('ForAllValues:StringEquals', 'dynamodb:LeadingKeys', 'CONN#1')).toBe(false);
    expect(holds('ForAllValues:StringLike', 'dynamodb:LeadingKeys', 'CONN#*')).toBe(true);
  });

  it('for all values holds where the request has none, as in IAM', () => {
    expect(holds('ForAllValues:StringEquals', 'dynamodb:Attributes', 'pk')).toBe(true);
  });

  it('for any value holds where one value fits', () => {
    expect(holds('ForAnyValue:StringEquals', 'dynamodb:LeadingKeys', 'CONN#2')).toBe(true);
    expect(holds('ForAnyValue:StringEquals', 'dynamodb:LeadingKeys', 'CONN#3')).toBe(false);
    expect(holds('ForAnyValue:StringEquals', 'dynamodb:Attributes', 'pk')).toBe(false);
  });

  it('does not hold where the request lacks the key, unless it is negated or says IfExists', () => {
    expect(holds('StringEquals', 'dynamodb:Attributes', 'pk')).toBe(false);
    expect(holds('StringNotEquals', 'dynamodb:Attributes', 'pk')).toBe(true);
    expect(holds('StringEqualsIfExists', 'dynamodb:Attributes', 'pk')).toBe(true);
    expect(holds('StringEqualsIfExists', 'test:Text', 'Bob')).toBe(false);
  });

  it('has to hold together with all the others', () => {
    const both = (second: string) => ({
      StringEquals: { 'test:Text': ['Alice'], 'test:Number': ['10'] },
      Bool: { 'aws:SecureTransport': [second] },
    });
    expect(conditionsHold(both('true'), context)).toBe(true);
    expect(conditionsHold(both('false'), context)).toBe(false);
  });

  it.each(['IpAddress', 'DateLessThan', 'toString', 'ForAllValues:StringIs'])(
    'names %s, which is not served',
    (operator) => {
      expect(() => holds(operator, 'test:Text', 'x')).toThrow(operator);
    },
  );

  it('names a key of which the server knows nothing, even where it would hold without it', () => {
    expect(() => holds('ForAllValues:StringEquals', 'aws:TagKeys', 'x')).toThrow('aws:TagKeys');
    expect(() => holds('StringEqualsIfExists', 'aws:TagKeys', 'x')).toThrow('aws:TagKeys');
    expect(() => holds('Null', 'aws:TagKeys', 'true')).toThrow('aws:TagKeys');
  });

  it('is found in a template before it is needed, if it cannot be decided', () => {
    const statement = (operator: string) => ({
      effect: 'Allow' as const,
      actions: ['*'],
      resources: ['*'],
      conditions: { [operator]: { 'aws:SourceIp': ['10.0.0.0/8'] } },
    });
    expect(() =>
      assertServedConditions([statement('Null'), statement('ForAllValues:StringLikeIfExists')]),
    ).not.toThrow();
    expect(() => assertServedConditions([statement('StringLike'), statement('IpAddress')])).toThrow('IpAddress');
  });
});
