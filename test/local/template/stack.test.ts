import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStack } from '../../../local/template/stack.ts';
import type { Template, TemplateResource } from '../../../local/template/template.ts';

let code: string;

beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'parley-template-'));
  mkdirSync(join(code, 'asset'));
});

afterAll(() => rmSync(code, { recursive: true }));

/** Reads a stack named Chat. */
function read(resources: Record<string, TemplateResource>, rest: Omit<Template, 'Resources'> = {}) {
  return readStack(
    {
      stackName: 'Chat',
      template: { Resources: resources, ...rest },
      assetDirectory: (key) => (key === 'a1.zip' ? join(code, 'asset') : undefined),
    },
    {
      addresses: { gatewayPort: 3210, endpointUrl: 'http://127.0.0.1:4321' },
      userPool: { id: 'us-east-1_pool', clientId: 'client' },
    },
  );
}

const role: TemplateResource = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } };

function lambda(properties: Record<string, unknown> = {}): TemplateResource {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { S3Bucket: { 'Fn::Sub': `assets-\${AWS::Region}` }, S3Key: 'a1.zip' },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      ...properties,
    },
  };
}

const allow = (Action: unknown, Resource: unknown) => ({
  Statement: [{ Effect: 'Allow', Action, Resource }],
  Version: '2012-10-17',
});

describe('a function', () => {
  it('has its name, code, limits and environment, with Lambda’s defaults', () => {
    const { functions } = read({
      Role: role,
      Echo: lambda({ Environment: { Variables: { STACK: { Ref: 'AWS::StackName' }, N: 1 } } }),
    });
    expect(functions).toEqual([
      {
        logicalId: 'Echo',
        name: 'Chat-Echo',
        arn: 'arn:aws:lambda:us-east-1:000000000000:function:Chat-Echo',
        codeDirectory: join(code, 'asset'),
        handler: 'index.handler',
        timeoutMs: 3000,
        memoryMb: 128,
        environment: { STACK: 'Chat', N: '1' },
        statements: [],
      },
    ]);
  });

  it('has a name of at most 64 characters, and two long ones have two', () => {
    const long = 'A'.repeat(80);
    const { functions } = read({ Role: role, [`${long}B`]: lambda(), [`${long}C`]: lambda() });
    expect(functions.map(({ name }) => name.length)).toEqual([64, 64]);
    expect(new Set(functions.map(({ name }) => name)).size).toBe(2);
  });

  it('may do what its role’s policies say, wherever they stand', () => {
    const { functions } = read({
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          Policies: [{ PolicyName: 'p', PolicyDocument: allow('a:Inline', '*') }],
          ManagedPolicyArns: [
            {
              'Fn::Join': [
                '',
                ['arn:', { Ref: 'AWS::Partition' }, ':iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
              ],
            },
            { Ref: 'Managed' },
          ],
        },
      },
      Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: allow(['a:Managed'], '*') } },
      Policy: {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyName: 'p', Roles: [{ Ref: 'Role' }], PolicyDocument: allow('a:Attached', ['x', 'y']) },
      },
      Other: {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyName: 'p', Roles: ['another'], PolicyDocument: allow('a:Other', '*') },
      },
      Echo: lambda(),
    });
    expect(functions[0]?.statements).toEqual([
      { effect: 'Allow', actions: ['a:Inline'], resources: ['*'], conditions: {} },
      { effect: 'Allow', actions: ['a:Managed'], resources: ['*'], conditions: {} },
      { effect: 'Allow', actions: ['a:Attached'], resources: ['x', 'y'], conditions: {} },
    ]);
  });

  it('keeps the conditions of its statements, values as lists', () => {
    const statement = {
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { Bool: { 'aws:SecureTransport': false } },
    };
    const withCondition = {
      Type: 'AWS::IAM::Role',
      Properties: { Policies: [{ PolicyDocument: { Statement: [statement] } }] },
    };
    expect(read({ Role: withCondition, Echo: lambda() }).functions[0]?.statements).toEqual([
      { effect: 'Deny', actions: ['*'], resources: ['*'], conditions: { Bool: { 'aws:SecureTransport': ['false'] } } },
    ]);
  });

  it('is refused a managed policy of which nobody knows what it allows', () => {
    const admin = {
      Type: 'AWS::IAM::Role',
      Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
    };
    expect(() => read({ Role: admin, Echo: lambda() })).toThrow(
      /Resources\.Role\.Properties\.ManagedPolicyArns.*AdministratorAccess/,
    );
  });

  it('is refused NotAction, of which the policy check knows nothing', () => {
    const inverse = {
      Type: 'AWS::IAM::Role',
      Properties: {
        Policies: [{ PolicyDocument: { Statement: [{ Effect: 'Allow', NotAction: 'a:*', Resource: '*' }] } }],
      },
    };
    expect(() => read({ Role: inverse, Echo: lambda() })).toThrow(
      'Resources.Role.Properties.Policies[0].PolicyDocument.Statement[0].NotAction',
    );
  });

  it('is refused code that is no asset, and another runtime', () => {
    expect(() => read({ Role: role, Echo: lambda({ Code: { ZipFile: 'x' } }) })).toThrow(
      /Resources\.Echo\.Properties\.Code/,
    );
    expect(() => read({ Role: role, Echo: lambda({ Runtime: 'python3.14' }) })).toThrow(
      /Resources\.Echo\.Properties\.Runtime.*python3\.14/,
    );
  });
});

describe('a table', () => {
  it('is created as the template says, with its TTL', () => {
    const keys = {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    };
    const { tables } = read({
      Log: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          ...keys,
          TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
          SSESpecification: { SSEEnabled: true },
        },
      },
      Other: {
        Type: 'AWS::DynamoDB::GlobalTable',
        Properties: { ...keys, TableName: 'mine', Replicas: [{ Region: 'eu-west-1' }] },
      },
    });
    expect(tables).toEqual([
      {
        logicalId: 'Log',
        name: 'Chat-Log',
        arn: 'arn:aws:dynamodb:us-east-1:000000000000:table/Chat-Log',
        create: { TableName: 'Chat-Log', ...keys },
        ttlAttribute: 'expiresAt',
      },
      {
        logicalId: 'Other',
        name: 'mine',
        arn: 'arn:aws:dynamodb:us-east-1:000000000000:table/mine',
        create: { TableName: 'mine', ...keys },
      },
    ]);
  });

  it('has its indexes, without what only concerns the bill', () => {
    const index = (properties: object) => ({
      IndexName: 'byUser',
      KeySchema: [{ AttributeName: 'userKey', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
      ...properties,
    });
    const table = (Type: string, properties: object) =>
      read({ Log: { Type, Properties: { GlobalSecondaryIndexes: [index(properties)] } } }).tables[0]?.create;
    const created = { TableName: 'Chat-Log', GlobalSecondaryIndexes: [index({})] };
    expect(table('AWS::DynamoDB::GlobalTable', { WriteOnDemandThroughputSettings: {} })).toEqual(created);
    expect(table('AWS::DynamoDB::Table', { ContributorInsightsSpecification: {}, WarmThroughput: {} })).toEqual(
      created,
    );
    expect(() => table('AWS::DynamoDB::Table', { Analyzer: 'english' })).toThrow(
      'Resources.Log.Properties.GlobalSecondaryIndexes[0].Analyzer: the local server does not know this property of an index.',
    );
  });
});

describe('a queue', () => {
  const queues = {
    Dead: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
    Work: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        FifoQueue: true,
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
        VisibilityTimeout: 45,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 5 },
      },
    },
    Later: { Type: 'AWS::SQS::Queue' },
  };

  it('has its settings, with SQS’s defaults', () => {
    expect(read(queues).queues).toEqual([
      expect.objectContaining({ logicalId: 'Dead', name: 'Chat-Dead.fifo', fifo: true, deduplicationScope: 'queue' }),
      {
        logicalId: 'Work',
        name: 'Chat-Work.fifo',
        arn: 'arn:aws:sqs:us-east-1:000000000000:Chat-Work.fifo',
        url: 'http://127.0.0.1:4321/000000000000/Chat-Work.fifo',
        fifo: true,
        contentBasedDeduplication: false,
        deduplicationScope: 'messageGroup',
        visibilityTimeoutMs: 45_000,
        delayMs: 0,
        retentionMs: 345_600_000,
        redrive: { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:Chat-Dead.fifo', maxReceiveCount: 5 },
      },
      expect.objectContaining({ name: 'Chat-Later', fifo: false, visibilityTimeoutMs: 30_000 }),
    ]);
  });

  it('wakes its function by a mapping, unless that is disabled', () => {
    const mapping = (properties: Record<string, unknown>): TemplateResource => ({
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: { 'Fn::GetAtt': ['Work', 'Arn'] }, FunctionName: { Ref: 'Echo' }, ...properties },
    });
    const { eventSources } = read({
      ...queues,
      Role: role,
      Echo: lambda(),
      On: mapping({
        BatchSize: 5,
        ScalingConfig: { MaximumConcurrency: 7 },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      }),
      Off: mapping({ Enabled: false }),
    });
    expect(eventSources).toEqual([
      {
        logicalId: 'On',
        queueArn: 'arn:aws:sqs:us-east-1:000000000000:Chat-Work.fifo',
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Chat-Echo',
        batchSize: 5,
        maximumConcurrency: 7,
        reportBatchItemFailures: true,
      },
    ]);
  });
});

describe('a WebSocket API', () => {
  const uri = (id: string) => ({
    'Fn::Join': [
      '',
      ['arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/', { 'Fn::GetAtt': [id, 'Arn'] }, '/invocations'],
    ],
  });
  const permission = (id: string, source: unknown[]): TemplateResource => ({
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': [id, 'Arn'] },
      Principal: 'apigateway.amazonaws.com',
      SourceArn: { 'Fn::Join': ['', ['arn:aws:execute-api:us-east-1:000000000000:', { Ref: 'Api' }, ...source]] },
    },
  });
  const api: Record<string, TemplateResource> = {
    Role: role,
    Guard: lambda(),
    Connect: lambda(),
    Api: {
      Type: 'AWS::ApiGatewayV2::Api',
      Properties: { ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.action' },
    },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: { Ref: 'Api' }, StageName: 'live', AutoDeploy: true },
    },
    Authorizer: {
      Type: 'AWS::ApiGatewayV2::Authorizer',
      Properties: {
        ApiId: { Ref: 'Api' },
        AuthorizerType: 'REQUEST',
        AuthorizerUri: uri('Guard'),
        IdentitySource: ['route.request.querystring.token'],
      },
    },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: uri('Connect'),
        TimeoutInMillis: 5000,
      },
    },
    Route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: '$connect',
        AuthorizationType: 'CUSTOM',
        AuthorizerId: { Ref: 'Authorizer' },
        Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
      },
    },
    Talk: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: 'talk',
        RouteResponseSelectionExpression: '$default',
        Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
      },
    },
    TalkResponse: {
      Type: 'AWS::ApiGatewayV2::RouteResponse',
      Properties: { ApiId: { Ref: 'Api' }, RouteId: { Ref: 'Talk' }, RouteResponseKey: '$default' },
    },
    GuardPermission: permission('Guard', ['/authorizers/', { Ref: 'Authorizer' }]),
    ConnectPermission: permission('Connect', ['/*']),
  };

  it('has its stage, and routes with functions, authorizer and route responses', () => {
    const connect = 'arn:aws:lambda:us-east-1:000000000000:function:Chat-Connect';
    expect(read(api).webSocketApis).toEqual([
      {
        logicalId: 'Api',
        apiId: expect.stringMatching(/^[a-z0-9]{10}$/),
        routeSelectionExpression: '$request.body.action',
        stageName: 'live',
        routes: [
          {
            key: '$connect',
            functionArn: connect,
            hasRouteResponse: false,
            authorizer: {
              functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Chat-Guard',
              identitySources: ['route.request.querystring.token'],
            },
            integrationTimeoutMs: 5000,
          },
          { key: 'talk', functionArn: connect, hasRouteResponse: true, integrationTimeoutMs: 5000 },
        ],
      },
    ]);
  });

  it('is refused a route whose function it may not invoke', () => {
    const { ConnectPermission: _, ...without } = api;
    expect(() => read({ ...without, ConnectPermission: permission('Connect', ['/*/$connect']) })).toThrow(
      /Resources\.Integration\.Properties\.IntegrationUri: no AWS::Lambda::Permission .* Chat-Connect from arn:.*\/live\/talk/,
    );
  });

  it('is refused an authorizer that it may not invoke', () => {
    const { GuardPermission: _, ...without } = api;
    expect(() => read(without)).toThrow(/Resources\.Authorizer\.Properties\.AuthorizerUri: no AWS::Lambda::Permission/);
  });

  it('is refused an integration that is no function’s', () => {
    const mock = {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: { ApiId: { Ref: 'Api' }, IntegrationType: 'MOCK' },
    };
    expect(() => read({ ...api, Integration: mock })).toThrow(
      /Resources\.Integration\.Properties\.IntegrationType.*MOCK/,
    );
  });

  it('is refused without a stage', () => {
    const { Stage: _, ...without } = api;
    expect(() => read(without)).toThrow('Api: the local server serves an API of one stage.');
  });

  it('is refused a route that needs IAM or an API key', () => {
    const route = (properties: Record<string, unknown>) => ({
      ...api,
      Talk: { Type: 'AWS::ApiGatewayV2::Route', Properties: { ...api.Talk?.Properties, ...properties } },
    });
    expect(() => read(route({ AuthorizationType: 'AWS_IAM' }))).toThrow(
      /Resources\.Talk\.Properties\.AuthorizationType.*AWS_IAM/,
    );
    expect(() => read(route({ ApiKeyRequired: true }))).toThrow(/Resources\.Talk\.Properties\.ApiKeyRequired/);
  });

  it('has local addresses wherever its own stand', () => {
    const host = [
      '://',
      { Ref: 'Api' },
      '.execute-api.',
      { Ref: 'AWS::Region' },
      '.',
      { Ref: 'AWS::URLSuffix' },
      '/live',
    ];
    const { functions, outputs } = read(
      {
        ...api,
        Caller: lambda({ Environment: { Variables: { CALLBACK_URL: { 'Fn::Join': ['', ['https', ...host]] } } } }),
      },
      {
        Outputs: {
          Url: { Value: { 'Fn::Join': ['', ['wss', ...host]] } },
          Endpoint: { Value: { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] } },
        },
      },
    );
    expect(functions.find(({ logicalId }) => logicalId === 'Caller')?.environment).toEqual({
      CALLBACK_URL: 'http://localhost:3210/live',
    });
    expect(outputs).toEqual({ Url: 'ws://localhost:3210/live', Endpoint: 'ws://localhost:3210' });
  });
});

describe('a schedule', () => {
  const rule = (properties: Record<string, unknown> = {}): TemplateResource => ({
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [{ Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] }, Id: 'Target0' }],
      ...properties,
    },
  });
  const permission = (properties: Record<string, unknown> = {}): TemplateResource => ({
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': ['Sweep', 'Arn'] },
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['Rule', 'Arn'] },
      ...properties,
    },
  });
  const readRule = (properties: Record<string, unknown> = {}) =>
    read({ Role: role, Sweep: lambda(), Rule: rule(properties), Permission: permission() }).schedules;
  const sweep = 'arn:aws:lambda:us-east-1:000000000000:function:Chat-Sweep';

  it('has its rate, and the functions that it invokes', () => {
    expect(readRule()).toEqual([
      {
        logicalId: 'Rule',
        arn: 'arn:aws:events:us-east-1:000000000000:rule/Chat-Rule',
        everyMs: 60_000,
        targets: [{ functionArn: sweep }],
      },
    ]);
  });

  it.each([
    ['rate(5 minutes)', 300_000],
    ['rate(1 hour)', 3_600_000],
    ['rate(12 hours)', 43_200_000],
    ['rate(1 day)', 86_400_000],
    ['rate(30 days)', 2_592_000_000],
  ])('knows %s', (ScheduleExpression, everyMs) => {
    expect(readRule({ ScheduleExpression })).toMatchObject([{ everyMs }]);
  });

  it.each(['rate(1 minutes)', 'rate(5 minute)', 'rate(0 minutes)', 'rate(1.5 hours)', 'rate(10 seconds)', 'hourly'])(
    'is refused %s, as by EventBridge',
    (ScheduleExpression) => {
      expect(() => readRule({ ScheduleExpression })).toThrow(
        `Resources.Rule.Properties.ScheduleExpression: rate(1 minute), rate(5 minutes) and the like are needed, not ${ScheduleExpression}.`,
      );
    },
  );

  it('is refused cron', () => {
    expect(() => readRule({ ScheduleExpression: 'cron(0 20 * * ? *)' })).toThrow(
      /Resources\.Rule\.Properties\.ScheduleExpression: .* at a rate, .* not cron\(0 20 \* \* \? \*\)\.$/,
    );
  });

  it('is none where it is disabled', () => {
    expect(readRule({ State: 'DISABLED' })).toEqual([]);
    expect(readRule({ State: undefined })).toHaveLength(1);
    expect(() => readRule({ State: 'ASLEEP' })).toThrow('Resources.Rule.Properties.State: ENABLED or DISABLED');
  });

  it('has the event that the template gives to a target', () => {
    const target = (Input: string) => ({ Targets: [{ Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] }, Id: 'T', Input }] });
    expect(readRule(target('{"minutes":3}'))[0]?.targets).toEqual([
      { functionArn: sweep, input: { event: { minutes: 3 } } },
    ]);
    expect(readRule(target('null'))[0]?.targets).toEqual([{ functionArn: sweep, input: { event: null } }]);
    expect(() => readRule(target('{'))).toThrow('Resources.Rule.Properties.Targets[0].Input is no JSON');
  });

  it('is refused a target that is no function of the template', () => {
    const Targets = [{ Arn: 'arn:aws:sqs:us-east-1:000000000000:Queue', Id: 'T' }];
    expect(() => readRule({ Targets })).toThrow(/Resources\.Rule\.Properties\.Targets\[0\]\.Arn: only functions/);
  });

  it('is refused what a target has besides, but for what only concerns events that cannot be delivered', () => {
    const target = (more: object) => ({ Targets: [{ Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] }, Id: 'T', ...more }] });
    expect(readRule(target({ RetryPolicy: { MaximumRetryAttempts: 0 } }))).toHaveLength(1);
    expect(() => readRule(target({ InputPath: '$.detail' }))).toThrow(
      'Resources.Rule.Properties.Targets[0].InputPath: the local server does not know this property of a target.',
    );
  });

  it('is refused another bus, and a pattern of events', () => {
    expect(() => readRule({ EventBusName: 'mine' })).toThrow('Resources.Rule.Properties.EventBusName');
    expect(() => readRule({ EventPattern: { source: ['aws.ec2'] } })).toThrow('Resources.Rule.Properties.EventPattern');
  });

  it.each([
    ['of another service', { Principal: 'apigateway.amazonaws.com' }],
    ['for another rule', { SourceArn: 'arn:aws:events:us-east-1:000000000000:rule/Other' }],
    ['for another function', { FunctionName: 'Other' }],
  ])('is refused a function that it may not invoke, for the permission is one %s', (_, properties) => {
    expect(() => read({ Role: role, Sweep: lambda(), Rule: rule(), Permission: permission(properties) })).toThrow(
      'Resources.Rule.Properties.Targets[0].Arn: no AWS::Lambda::Permission lets EventBridge invoke Chat-Sweep from ' +
        'arn:aws:events:us-east-1:000000000000:rule/Chat-Rule.',
    );
  });
});

describe('the settings of asynchronous invocations', () => {
  const settings = (properties: Record<string, unknown> = {}) =>
    read({
      Role: role,
      Sweep: lambda(),
      Settings: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: { FunctionName: { Ref: 'Sweep' }, Qualifier: '$LATEST', ...properties },
      },
    }).asynchronousInvocations;
  const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:Chat-Sweep';

  it('are how often and how long an event is tried, with Lambda’s defaults', () => {
    expect(settings({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 })).toEqual([
      { functionArn, maximumRetries: 0, maximumAgeMs: 60_000 },
    ]);
    const OnFailure = { Destination: 'arn:aws:sqs:us-east-1:000000000000:Dead' };
    expect(settings({ DestinationConfig: { OnFailure } })).toEqual([
      { functionArn, maximumRetries: 2, maximumAgeMs: 21_600_000 },
    ]);
  });

  it('are refused for what is not there, and where results are to be passed on', () => {
    expect(() => settings({ FunctionName: 'Other' })).toThrow(
      'Resources.Settings.Properties.FunctionName: no function',
    );
    expect(() => settings({ Qualifier: 'live' })).toThrow('Resources.Settings.Properties.Qualifier');
    expect(() => settings({ DestinationConfig: { OnSuccess: {} } })).toThrow(
      'Resources.Settings.Properties.DestinationConfig.OnSuccess',
    );
  });
});

describe('secrets and user pools', () => {
  it('have the ids of the local keys, and the issuer’s own form', () => {
    const { secrets, userPools, outputs } = read(
      {
        Secret: {
          Type: 'AWS::SecretsManager::Secret',
          Properties: { GenerateSecretString: { GenerateStringKey: 'k' }, Description: 'd' },
        },
        Pool: { Type: 'AWS::Cognito::UserPool', Properties: { UserPoolTier: 'LITE' } },
        Client: { Type: 'AWS::Cognito::UserPoolClient', Properties: { UserPoolId: { Ref: 'Pool' } } },
      },
      { Outputs: { Client: { Value: { Ref: 'Client' } } } },
    );
    expect(secrets).toEqual([
      {
        logicalId: 'Secret',
        name: 'Chat-Secret',
        arn: expect.stringMatching(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:Chat-Secret-[a-z0-9]{6}$/),
        generate: { GenerateStringKey: 'k' },
      },
    ]);
    expect(userPools).toEqual([
      {
        logicalId: 'Pool',
        id: 'us-east-1_pool',
        clientIds: ['client'],
        issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool',
      },
    ]);
    expect(outputs).toEqual({ Client: 'client' });
  });
});

describe('what is in the template', () => {
  it('and harmless is skipped, with the reason', () => {
    const { skipped } = read({ Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { Threshold: 1 } } });
    expect(skipped).toEqual([{ logicalId: 'Alarm', type: 'AWS::CloudWatch::Alarm', why: expect.stringMatching(/./) }]);
  });

  it('and of an unknown type is an error that names all of them', () => {
    const resources = { Bus: { Type: 'AWS::Events::EventBus' }, Site: { Type: 'AWS::S3::Bucket' } };
    expect(() => read(resources)).toThrow(/Resources\.Bus: AWS::Events::EventBus\n.*Resources\.Site: AWS::S3::Bucket/);
  });

  it('and an unknown property of a known type is an error that names it', () => {
    expect(() => read({ Q: { Type: 'AWS::SQS::Queue', Properties: { ReceiveMessageWaitTimeSeconds: 20 } } })).toThrow(
      'Resources.Q.Properties.ReceiveMessageWaitTimeSeconds: the local server does not know this property of AWS::SQS::Queue.',
    );
  });

  it('and refers to nothing that is there is an error that names both', () => {
    const variables = (Variables: unknown) => ({ Role: role, Echo: lambda({ Environment: { Variables } }) });
    expect(() => read(variables({ A: { Ref: 'Nothing' } }))).toThrow(
      'Resources.Echo.Properties.Environment.Variables.A: there is no Nothing.',
    );
    expect(() => read(variables({ A: { 'Fn::GetAtt': ['Echo', 'SnapStart'] } }))).toThrow(
      'Resources.Echo.Properties.Environment.Variables.A.Fn::GetAtt: the local server does not know SnapStart of Echo (AWS::Lambda::Function).',
    );
  });

  it('and stands under a condition that does not hold is not there', () => {
    const queue = { Type: 'AWS::SQS::Queue', Condition: 'InEurope' };
    const Conditions = { InEurope: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-west-1'] } };
    expect(read({ Queue: queue }, { Conditions }).queues).toEqual([]);
    expect(
      read({ Queue: queue }, { Conditions: { InEurope: { 'Fn::Not': [Conditions.InEurope] } } }).queues,
    ).toHaveLength(1);
  });

  it('and is a parameter has its default', () => {
    const Parameters = { Name: { Type: 'String', Default: 'given' }, Open: { Type: 'String' } };
    const named = (name: string) => ({ Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { Ref: name } } } });
    expect(read(named('Name'), { Parameters }).queues[0]?.name).toBe('given');
    expect(() => read(named('Open'), { Parameters })).toThrow(/Parameters\.Open has no default/);
  });

  it('gives the same ids at each start', () => {
    const outputs = () => read({}, { Outputs: { Stack: { Value: { Ref: 'AWS::StackId' } } } }).outputs;
    expect(outputs()).toEqual(outputs());
    expect(outputs().Stack).toMatch(
      /^arn:aws:cloudformation:us-east-1:000000000000:stack\/Chat\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    );
  });
});
