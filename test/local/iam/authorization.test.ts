import { describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../../local/declarations.ts';
import { authorize } from '../../../local/iam/authorization.ts';

const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/Connections';

function statement(parts: Partial<PolicyStatement> = {}): PolicyStatement {
  return { effect: 'Allow', actions: ['dynamodb:GetItem'], resources: [TABLE], conditions: {}, ...parts };
}

function call(statements: PolicyStatement[], context?: Record<string, string[]>) {
  const request = { functionName: 'connect', statements, action: 'dynamodb:GetItem', resource: TABLE };
  return authorize(context ? { ...request, context } : request);
}

describe('the authorization of a call', () => {
  it('is given where the role allows it', () => {
    expect(call([statement()])).toBeUndefined();
  });

  it('is refused in AWS’s words where nothing allows it', () => {
    expect(call([])).toEqual({
      code: 'AccessDeniedException',
      message:
        'User: arn:aws:sts::000000000000:assumed-role/connect/connect is not authorized to perform: dynamodb:GetItem ' +
        `on resource: ${TABLE} because no identity-based policy allows the dynamodb:GetItem action`,
    });
  });

  it('is refused in AWS’s words where something denies it', () => {
    const refusal = call([statement(), statement({ effect: 'Deny' })]);
    expect(refusal?.message).toMatch(/ with an explicit deny in an identity-based policy$/);
  });

  it('looks at what the service knows of the request', () => {
    const conditions = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['CONN#*'] } };
    expect(call([statement({ conditions })], { 'dynamodb:LeadingKeys': ['CONN#1'] })).toBeUndefined();
    expect(call([statement({ conditions })], { 'dynamodb:LeadingKeys': ['SUB#1'] })).toBeDefined();
  });

  it('throws, instead of allowing, where the service does not tell what a condition asks', () => {
    const conditions = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['CONN#*'] } };
    expect(() => call([statement({ conditions })])).toThrow('dynamodb:LeadingKeys');
  });

  it('knows the region, the account, and that calls are made over TLS', () => {
    const conditions = {
      StringEquals: { 'aws:RequestedRegion': ['us-east-1'], 'aws:PrincipalAccount': ['000000000000'] },
      Bool: { 'aws:SecureTransport': ['true'] },
    };
    expect(call([statement({ conditions })])).toBeUndefined();
    const deny = statement({ effect: 'Deny', conditions: { Bool: { 'aws:SecureTransport': ['false'] } } });
    expect(call([statement(), deny])).toBeUndefined();
  });
});
