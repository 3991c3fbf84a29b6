import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { ParleyStack } from '../../lib/parley-stack.ts';
import { inApp, propertiesOf, RPC_ARN, rpc, templateOf } from './synthesis.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: string | Reference | (string | Reference)[];
  readonly Condition?: unknown;
}

interface Reference {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: [string, string];
  readonly 'Fn::Join'?: [string, (string | Reference)[]];
}

const FUNCTIONS = [
  'Authorizer',
  'Connect',
  'Disconnect',
  'SendMessage',
  'Commands',
  'ServerApi',
  'Deliver',
  'Later',
  'Sweep',
];

/** What the role of a function may do, a line for each action on a resource: `dynamodb:GetItem Connections`. */
function grantsOf(template: Template, handler: string): string[] {
  const role = propertiesOf(template, handler).Role['Fn::GetAtt'][0];
  const { Policies, ManagedPolicyArns = [] } = propertiesOf(template, role);
  expect(ManagedPolicyArns).toEqual([]);
  expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).not.toContain(role);
  const statements: Statement[] = Policies.flatMap(
    ({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) => PolicyDocument.Statement,
  );
  return statements
    .flatMap(({ Effect, Action, Resource, Condition }) => {
      expect({ Effect, Condition }).toEqual({ Effect: 'Allow', Condition: undefined });
      return [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} ${nameOf(resource)}`));
    })
    .sort();
}

/** A resource by its logical id; of an ARN that is put together, what follows the account. */
function nameOf(resource: string | Reference): string {
  if (typeof resource === 'string') return resource;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = resource;
  if (Ref !== undefined) return Ref;
  if (attribute !== undefined) return attribute[0];
  const parts = join?.[1].map(nameOf) ?? [JSON.stringify(resource)];
  return parts.join('').replace('arn:AWS::Partition:execute-api:AWS::Region:AWS::AccountId:', '');
}

describe('the functions', () => {
  const template = templateOf();
  const told = (handler: string) => propertiesOf(template, handler).Environment.Variables;

  const grants: Record<string, string[]> = {
    Authorizer: ['secretsmanager:GetSecretValue SigningSecret'],
    Connect: [
      'dynamodb:DeleteItem Connections',
      'dynamodb:GetItem Connections',
      'dynamodb:PutItem Connections',
      'sqs:SendMessage ChannelQueue',
    ],
    Disconnect: ['dynamodb:DeleteItem Connections', 'dynamodb:GetItem Connections', 'sqs:SendMessage ChannelQueue'],
    SendMessage: [
      'dynamodb:GetItem Connections',
      'sqs:GetQueueAttributes ChannelQueue',
      'sqs:SendMessage ChannelQueue',
      'sqs:SendMessage LaterQueue',
    ],
    Commands: [
      'dynamodb:GetItem Channels',
      'dynamodb:GetItem Connections',
      'dynamodb:Query Channels',
      'dynamodb:Query Connections',
      'dynamodb:UpdateItem Connections',
      'execute-api:ManageConnections WebSocketApi/live/POST/@connections/*',
      'secretsmanager:GetSecretValue SigningSecret',
      'sqs:GetQueueAttributes ChannelQueue',
      'sqs:SendMessage ChannelQueue',
      'sqs:SendMessage LaterQueue',
    ],
    ServerApi: [
      'dynamodb:GetItem Channels',
      'dynamodb:GetItem Connections',
      'dynamodb:Query Channels',
      'dynamodb:Query Connections',
      'dynamodb:Query Connections/index/byUser',
      'dynamodb:Scan Connections',
      'dynamodb:UpdateItem Connections',
      'secretsmanager:GetSecretValue SigningSecret',
      'sqs:GetQueueAttributes ChannelQueue',
      'sqs:SendMessage ChannelQueue',
      'sqs:SendMessage LaterQueue',
    ],
    Deliver: [
      'dynamodb:DeleteItem Connections',
      'dynamodb:GetItem Channels',
      'dynamodb:GetItem Connections',
      'dynamodb:PutItem Channels',
      'dynamodb:PutItem Connections',
      'dynamodb:Query Channels',
      'dynamodb:Query Connections',
      'dynamodb:UpdateItem Channels',
      'dynamodb:UpdateItem Connections',
      'execute-api:ManageConnections WebSocketApi/live/POST/@connections/*',
      'sqs:ChangeMessageVisibility ChannelQueue',
      'sqs:DeleteMessage ChannelQueue',
      'sqs:GetQueueAttributes ChannelQueue',
      'sqs:ReceiveMessage ChannelQueue',
      'sqs:SendMessage ChannelQueue',
      'sqs:SendMessage ChannelQueueDeadLetters',
      'sqs:SendMessage LaterQueue',
    ],
    Later: [
      'dynamodb:DeleteItem Connections',
      'dynamodb:GetItem Connections',
      'dynamodb:Query Connections/index/byMinute',
      'dynamodb:UpdateItem Connections',
      'execute-api:ManageConnections WebSocketApi/live/DELETE/@connections/*',
      'execute-api:ManageConnections WebSocketApi/live/POST/@connections/*',
      'sqs:DeleteMessage LaterQueue',
      'sqs:GetQueueAttributes LaterQueue',
      'sqs:ReceiveMessage LaterQueue',
      'sqs:SendMessage ChannelQueue',
      'sqs:SendMessage LaterQueue',
    ],
    Sweep: [
      'dynamodb:DeleteItem Connections',
      'dynamodb:GetItem Connections',
      'dynamodb:Query Connections/index/byMinute',
      'dynamodb:UpdateItem Connections',
      'execute-api:ManageConnections WebSocketApi/live/POST/@connections/*',
      'sqs:SendMessage ChannelQueue',
      'sqs:SendMessage LaterQueue',
    ],
  };

  it.each(FUNCTIONS)('lets %s do what it needs, write its own log, and nothing else', (handler) => {
    const log = propertiesOf(template, handler).LoggingConfig.LogGroup.Ref;
    expect(log).toContain(`${handler}Logs`);
    expect(grantsOf(template, handler)).toEqual(
      [...(grants[handler] ?? []), `logs:CreateLogStream ${log}`, `logs:PutLogEvents ${log}`].sort(),
    );
  });

  it('lets Commands, and no other, invoke the function that answers rpc, and no other', () => {
    const withRpc = templateOf({ rpc });
    for (const handler of FUNCTIONS) {
      const invocations = grantsOf(withRpc, handler).filter((grant) => grant.startsWith('lambda:'));
      expect(invocations).toEqual(handler === 'Commands' ? [`lambda:InvokeFunction ${RPC_ARN}`] : []);
      expect(propertiesOf(withRpc, handler).Environment.Variables.RPC_FUNCTION).toBe(
        handler === 'Commands' ? RPC_ARN : undefined,
      );
    }
  });

  it('takes for rpc also a function that is there already, of another stack too', () => {
    inApp((app) => {
      const owner = new Stack(app, 'Owner');
      const answers = new LambdaFunction(owner, 'Answers', {
        code: Code.fromInline('export const handler = () => ({});'),
        handler: 'index.handler',
        runtime: Runtime.NODEJS_24_X,
      });
      const template = Template.fromStack(new ParleyStack(app, 'Parley', { rpc: answers }));
      const { RPC_FUNCTION: arn } = propertiesOf(template, 'Commands').Environment.Variables;
      expect(JSON.stringify(arn)).toMatch(/Answers.*Arn/);
      expect(
        JSON.stringify(propertiesOf(template, propertiesOf(template, 'Commands').Role['Fn::GetAtt'][0])),
      ).toContain(`"Action":"lambda:InvokeFunction","Effect":"Allow","Resource":${JSON.stringify(arn)}`);
    });
  });

  it.each(['Authorizer', 'Connect', 'Disconnect', 'SendMessage', 'ServerApi'])(
    'lets %s reach no connection',
    (handler) => {
      expect(grantsOf(template, handler).join()).not.toContain('execute-api');
      expect(told(handler)).not.toHaveProperty('CALLBACK_URL');
    },
  );

  it('gives each a role and a log group of its own', () => {
    const roles = FUNCTIONS.map((handler) => propertiesOf(template, handler).Role['Fn::GetAtt'][0]);
    const logs = FUNCTIONS.map((handler) => propertiesOf(template, handler).LoggingConfig.LogGroup.Ref);
    expect(new Set(roles).size).toBe(FUNCTIONS.length);
    expect(new Set(logs).size).toBe(FUNCTIONS.length);
    template.resourceCountIs('AWS::Lambda::Function', FUNCTIONS.length);
  });

  it.each(FUNCTIONS)('runs %s on Node 24, arm64, from its own bundle, without reserved concurrency', (handler) => {
    expect(propertiesOf(template, handler)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
    });
    expect(propertiesOf(template, handler)).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it.each(['Deliver', 'Later'])('lets %s feed itself through a queue', (handler) => {
    expect(propertiesOf(template, handler).RecursiveLoop).toBe('Allow');
  });

  it("leaves Lambda's guard against loops on for the others", () => {
    template.resourcePropertiesCountIs('AWS::Lambda::Function', { RecursiveLoop: 'Allow' }, 2);
  });

  it('tells them where things are by reference', () => {
    expect(told('Deliver')).toMatchObject({
      CONNECTIONS_TABLE: { Ref: 'Connections' },
      CHANNELS_TABLE: { Ref: 'Channels' },
      CHANNEL_QUEUE_URL: { Ref: 'ChannelQueue' },
      LATER_QUEUE_URL: { Ref: 'LaterQueue' },
      PARKED_QUEUE_URL: { Ref: 'ChannelQueueDeadLetters' },
    });
    const callback = told('Deliver').CALLBACK_URL['Fn::Join'][1];
    expect(callback.slice(0, 2)).toEqual(['https://', { Ref: 'WebSocketApi' }]);
    expect(callback.at(-1)).toBe('/live');
    expect(told('Authorizer').SECRET_ARN).toEqual({ Ref: 'SigningSecret' });
  });

  it('tells them the limits and namespaces of the stack', () => {
    const limited = templateOf({
      namespaces: { '': { presence: true }, chat: {} },
      maxMessageBytes: 2000,
      maxChannels: 7,
      maxBacklog: 500,
    });
    const variables = propertiesOf(limited, 'Commands').Environment.Variables;
    expect(variables).toMatchObject({ MAX_MESSAGE_BYTES: '2000', MAX_CHANNELS: '7', MAX_BACKLOG: '500' });
    expect(JSON.parse(variables.NAMESPACES)).toEqual({
      '': { presence: true, historyMetaTtl: 2_592_000 },
      chat: { historyMetaTtl: 2_592_000 },
    });
  });

  it('keeps their settings within the 4 KB that Lambda has for them, with names of full length', () => {
    const { Variables } = propertiesOf(templateOf({ rpc }), 'Commands').Environment;
    const size = Object.entries<unknown>({ ...Variables, RPC_FUNCTION: rpc })
      .filter(([name]) => name !== 'NAMESPACES')
      .map(([name, value]) => name.length + (typeof value === 'string' ? value.length : 150));
    expect(size.reduce((sum, length) => sum + length) + 'NAMESPACES'.length + 2400).toBeLessThan(4096);
  });
});

describe('what wakes the functions', () => {
  it.each([
    ['Deliver', 'ChannelQueue', 5],
    ['Later', 'LaterQueue', 2],
  ])(
    'feeds %s from %s: at most 10 at a time, what fails by itself, at most %d batches at once',
    (handler, queue, cap) => {
      expect(propertiesOf(templateOf(), `${handler}EventSource`)).toMatchObject({
        FunctionName: { Ref: handler },
        EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
        BatchSize: 10,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: cap },
      });
    },
  );

  it('sets the timeouts and the cap of deliver as it is told', () => {
    const template = templateOf({ deliverTimeout: 20, visibilityTimeout: 60, deliverConcurrency: 7 });
    expect(propertiesOf(template, 'Deliver')).toMatchObject({
      Timeout: 20,
      Environment: { Variables: { VISIBILITY_TIMEOUT: '60' } },
    });
    expect(propertiesOf(template, 'ChannelQueue').VisibilityTimeout).toBe(60);
    expect(propertiesOf(template, 'DeliverEventSource').ScalingConfig).toEqual({ MaximumConcurrency: 7 });
  });
});
