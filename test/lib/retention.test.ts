import { RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { resolveRetention } from '../../lib/retention.ts';
import { templateOf } from './synthesis.ts';

/** What holds data, by type, with what becomes of it. */
function policies(props: Parameters<typeof templateOf>[0]) {
  const resources = Object.entries<{ Type: string; DeletionPolicy?: string }>(templateOf(props).toJSON().Resources);
  const holding = /DynamoDB::Table|SQS::Queue$|Cognito::UserPool$|Secret$|LogGroup/;
  return resources.filter(([, { Type }]) => holding.test(Type)).map(([id, { DeletionPolicy }]) => [id, DeletionPolicy]);
}

describe('retention', () => {
  it('keeps tables, queues, users, secret and logs when the stack goes', () => {
    const kept = policies({});
    expect(kept).toHaveLength(2 + 4 + 1 + 1 + 11);
    expect(kept.filter(([, policy]) => policy !== 'Retain')).toEqual([]);
  });

  it('lets all of them go with a throw-away stack, unprotected', () => {
    const props = { removalPolicy: RemovalPolicy.DESTROY };
    expect(policies(props).filter(([, policy]) => policy !== 'Delete')).toEqual([]);
    const template = templateOf(props);
    template.allResourcesProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: false });
    template.hasResourceProperties('AWS::Cognito::UserPool', { DeletionProtection: 'INACTIVE' });
  });

  it("leaves API Gateway's log role in a throw-away stack too: it is the account's", () => {
    const template = templateOf({ removalPolicy: RemovalPolicy.DESTROY });
    template.hasResource('AWS::ApiGateway::Account', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });

  it('keeps logs for a month, or as long as it is told', () => {
    templateOf().allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
    templateOf({ logRetention: RetentionDays.ONE_YEAR }).allResourcesProperties('AWS::Logs::LogGroup', {
      RetentionInDays: 365,
    });
  });

  it('refuses to take snapshots, which none of the resources has', () => {
    expect(() => resolveRetention({ removalPolicy: RemovalPolicy.SNAPSHOT })).toThrow('removalPolicy: is SNAPSHOT: ');
  });
});
