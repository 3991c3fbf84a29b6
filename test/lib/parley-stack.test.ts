import { RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Construct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { ParleyStack, type ParleyStackProps } from '../../lib/parley-stack.ts';
import { inApp, makeStack, rpc, templateOf } from './synthesis.ts';

describe('the stack', () => {
  const template = templateOf();

  it('needs no setting', () => {
    expect(makeStack(undefined)).not.toThrow();
  });

  it('names its outputs as the protocol does', () => {
    const { Outputs } = template.toJSON();
    expect(Object.keys(Outputs).sort()).toEqual([
      'ApiIamUrl',
      'ApiUrl',
      'SecretArn',
      'UserPoolClientId',
      'UserPoolId',
      'WebSocketUrl',
    ]);
    expect(Outputs.UserPoolId.Value).toEqual({ Ref: 'UserPool' });
    expect(Outputs.UserPoolClientId.Value).toEqual({ Ref: 'UserPoolClient' });
    expect(Outputs.SecretArn.Value).toEqual({ Ref: 'SigningSecret' });
    const url: unknown[] = Outputs.WebSocketUrl.Value['Fn::Join'][1];
    expect([url[0], url[1], url.at(-1)]).toEqual(['wss://', { Ref: 'WebSocketApi' }, '/live']);
  });

  it.each([
    ['AWS::SQS::Queue', ['ChannelQueue', 'ChannelQueueDeadLetters', 'LaterQueue', 'LaterQueueDeadLetters']],
    ['AWS::DynamoDB::Table', ['Channels', 'Connections']],
    ['AWS::Cognito::UserPool', ['UserPool']],
    ['AWS::Cognito::UserPoolClient', ['UserPoolClient']],
    ['AWS::SecretsManager::Secret', ['SigningSecret']],
    ['AWS::ApiGatewayV2::Api', ['ServerHttpApi', 'WebSocketApi']],
    ['AWS::Events::Rule', ['SweepRule']],
  ])('never gives an %s another logical id: what it holds would stay behind', (type, logicalIds) => {
    expect(Object.keys(template.findResources(type)).sort()).toEqual(logicalIds);
  });

  it('refuses a namespace that cannot be', () => {
    expect(makeStack({ namespaces: { chat: { historySize: 10 } } })).toThrow(
      "namespaces['chat'].historyTtl: is missing",
    );
  });

  it('says what it is, and tags what it makes', () => {
    expect(template.toJSON().Description).toBe('Parley: a realtime chat backend');
    template.allResourcesProperties('AWS::Lambda::Function', { Tags: [{ Key: 'app', Value: 'parley' }] });
    template.allResourcesProperties('AWS::DynamoDB::Table', { Tags: [{ Key: 'app', Value: 'parley' }] });
  });

  it('is protected against termination where it is told so', () => {
    const isProtected = (props?: ParleyStackProps) =>
      inApp((app) => new ParleyStack(app, 'Parley', props).terminationProtection);
    expect(isProtected()).toBe(false);
    expect(isProtected({ terminationProtection: true })).toBe(true);
  });

  it('is for any account and region', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/us-east-1|eu-west-1|\d{12}[":]/);
  });

  it('has two of it side by side, in one region, that share no name', () => {
    const other = inApp((app) => Template.fromStack(new ParleyStack(app, 'Other')));
    for (const alarm of Object.values(
      other.findResources('AWS::CloudWatch::Alarm', { Properties: { Namespace: 'Parley' } }),
    )) {
      expect(alarm.Properties.Dimensions).toEqual([{ Name: 'service', Value: 'Other' }]);
    }
  });
});

describe('cdk-nag', () => {
  /** The findings that nobody has answered for. */
  const findings = (props: ParleyStackProps, change: (stack: Construct) => void = () => {}) =>
    inApp((app) => {
      change(new ParleyStack(app, 'Parley', props));
      return new AwsSolutionsChecks(app).validateScope(app).violations.map(({ ruleName }) => ruleName);
    });
  const issuer = { url: 'https://login.example.com', audience: 'parley' };

  it.each<[string, ParleyStackProps]>([
    ['without a setting', {}],
    ['with another issuer', { issuer }],
    ['that lets anybody in', { handshake: 'open', allowAnonymous: true, selfSignUp: true }],
    ['to throw away', { removalPolicy: RemovalPolicy.DESTROY }],
    ["without the account's log role", { accountLogRole: false }],
    ['with an answer to rpc', { rpc }],
  ])('finds nothing unexplained in a stack %s', (_, props) => {
    expect(findings(props)).toEqual([]);
  });

  it('would find a bare queue', () => {
    expect(findings({}, (stack) => new Queue(stack, 'Bare'))).toEqual(['AwsSolutions-SQS3', 'AwsSolutions-SQS4']);
  });
});
