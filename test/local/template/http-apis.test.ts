import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStack } from '../../../local/template/stack.ts';
import type { Template, TemplateResource } from '../../../local/template/template.ts';

let code: string;

beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'parley-http-apis-'));
});

afterAll(() => rmSync(code, { recursive: true }));

function read(resources: Record<string, TemplateResource>, rest: Omit<Template, 'Resources'> = {}) {
  return readStack(
    { stackName: 'Chat', template: { Resources: resources, ...rest }, assetDirectory: () => code },
    {
      addresses: { gatewayPort: 3210, endpointUrl: 'http://127.0.0.1:4321' },
      userPool: { id: 'us-east-1_pool', clientId: 'client' },
    },
  );
}

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:Chat-Server';

const executeApi = (...rest: unknown[]) => ({
  'Fn::Join': [
    '',
    [
      'arn:',
      { Ref: 'AWS::Partition' },
      ':execute-api:',
      { Ref: 'AWS::Region' },
      ':',
      { Ref: 'AWS::AccountId' },
      ':',
      ...rest,
    ],
  ],
});

function permission(source: string): TemplateResource {
  return {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': ['Server', 'Arn'] },
      Principal: 'apigateway.amazonaws.com',
      SourceArn: executeApi({ Ref: 'Api' }, source),
    },
  };
}

function route(key: string, properties: Record<string, unknown> = {}): TemplateResource {
  return {
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: {
      ApiId: { Ref: 'Api' },
      AuthorizationType: 'NONE',
      RouteKey: key,
      Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
      ...properties,
    },
  };
}

/** As the CDK makes it of an `HttpApi`, an `HttpStage` and an `HttpLambdaIntegration`. */
const api: Record<string, TemplateResource> = {
  Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } },
  Server: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { S3Bucket: 'assets', S3Key: 'a1.zip' },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    },
  },
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'Api', ProtocolType: 'HTTP' } },
  Stage: {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: {
      AccessLogSettings: { DestinationArn: 'arn:aws:logs:us-east-1:000000000000:log-group:x', Format: '{}' },
      ApiId: { Ref: 'Api' },
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingBurstLimit: 5, ThrottlingRateLimit: 10 },
      StageName: '$default',
    },
  },
  Integration: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      ApiId: { Ref: 'Api' },
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: { 'Fn::GetAtt': ['Server', 'Arn'] },
      PayloadFormatVersion: '2.0',
    },
  },
  Keyed: route('POST /api/{method}'),
  Signed: route('POST /iam/{method}', { AuthorizationType: 'AWS_IAM' }),
  KeyedPermission: permission('/*/*/api/{method}'),
  SignedPermission: permission('/*/*/iam/{method}'),
};

function withProperties(logicalId: string, properties: Record<string, unknown>): Record<string, TemplateResource> {
  const changed = api[logicalId];
  if (!changed) throw new Error(`there is no ${logicalId}`);
  return { ...api, [logicalId]: { ...changed, Properties: { ...changed.Properties, ...properties } } };
}

describe('an HTTP API', () => {
  it('has its stage and its routes, with functions and who may call', () => {
    const { httpApis, webSocketApis } = read(api);
    const common = { functionArn: ARN, integrationTimeoutMs: 30_000 };
    expect(httpApis).toEqual([
      {
        logicalId: 'Api',
        apiId: expect.stringMatching(/^[a-z0-9]{10}$/),
        stageName: '$default',
        routes: [
          {
            key: 'POST /api/{method}',
            target: { method: 'POST', path: '/api/{method}' },
            authorization: 'NONE',
            ...common,
          },
          {
            key: 'POST /iam/{method}',
            target: { method: 'POST', path: '/iam/{method}' },
            authorization: 'AWS_IAM',
            ...common,
          },
        ],
      },
    ]);
    expect(webSocketApis).toEqual([]);
  });

  it('may have a default route, one for all methods, variables and a greedy end, and a shorter timeout', () => {
    const { httpApis } = read({
      ...withProperties('Integration', { TimeoutInMillis: 5000 }),
      Rest: route('$default'),
      Deep: route('ANY /files/{user}/{path+}'),
      Root: route('GET /'),
      All: permission('/*/*'),
    });
    expect(httpApis[0]?.routes.map(({ key, target }) => [key, target])).toEqual([
      ['POST /api/{method}', { method: 'POST', path: '/api/{method}' }],
      ['POST /iam/{method}', { method: 'POST', path: '/iam/{method}' }],
      ['$default', undefined],
      ['ANY /files/{user}/{path+}', { method: 'ANY', path: '/files/{user}/{path+}' }],
      ['GET /', { method: 'GET', path: '/' }],
    ]);
    expect(httpApis[0]?.routes[0]?.integrationTimeoutMs).toBe(5000);
  });

  it('may name its function by the address at which Lambda invokes it', () => {
    const uri = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${ARN}/invocations`;
    expect(read(withProperties('Integration', { IntegrationUri: uri })).httpApis[0]?.routes[0]?.functionArn).toBe(ARN);
  });

  it('stands beside WebSocket APIs, each read as what it is', () => {
    const { httpApis, webSocketApis } = read({
      ...api,
      Socket: {
        Type: 'AWS::ApiGatewayV2::Api',
        Properties: { ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.action' },
      },
      SocketStage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Socket' }, StageName: 'live' } },
    });
    expect(httpApis.map(({ logicalId }) => logicalId)).toEqual(['Api']);
    expect(webSocketApis.map(({ logicalId }) => logicalId)).toEqual(['Socket']);
  });

  it('has a local address, however the template makes it', () => {
    const url = [
      'https://',
      { Ref: 'Api' },
      '.execute-api.',
      { Ref: 'AWS::Region' },
      '.',
      { Ref: 'AWS::URLSuffix' },
      '/',
    ];
    const { outputs } = read(api, {
      Outputs: {
        Endpoint: { Value: { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] } },
        Url: { Value: { 'Fn::Join': ['', url] } },
        ApiUrl: { Value: { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Api', 'ApiEndpoint'] }, '/api']] } },
      },
    });
    expect(outputs).toEqual({
      Endpoint: 'http://localhost:3210',
      Url: 'http://localhost:3210/',
      ApiUrl: 'http://localhost:3210/api',
    });
  });

  it('keeps its id in the policies that name it', () => {
    const granted = read({
      ...api,
      Policy: {
        Type: 'AWS::IAM::Policy',
        Properties: {
          Roles: [{ Ref: 'Role' }],
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Allow',
                Action: 'execute-api:Invoke',
                Resource: executeApi({ Ref: 'Api' }, '/*/POST/iam/*'),
              },
            ],
          },
        },
      },
    });
    expect(granted.functions[0]?.statements[0]?.resources).toEqual([
      `arn:aws:execute-api:us-east-1:000000000000:${granted.httpApis[0]?.apiId}/*/POST/iam/*`,
    ]);
  });
});

describe('an HTTP API is refused', () => {
  it('a route whose function it may not invoke from there', () => {
    const { SignedPermission: _, ...without } = api;
    expect(() => read(without)).toThrow(
      /^Resources\.Integration\.Properties\.IntegrationUri: no AWS::Lambda::Permission lets API Gateway invoke Chat-Server from arn:aws:execute-api:us-east-1:000000000000:[a-z0-9]{10}\/\$default\/POST\/iam\/\{method\}\.$/,
    );
    expect(() => read({ ...api, Rest: route('$default') })).toThrow(/from arn:.*\/\$default\/\$default\.$/);
  });

  it.each([
    ['JWT', { JwtConfiguration: { Audience: ['a'], Issuer: 'https://issuer' } }],
    ['REQUEST', { AuthorizerUri: 'arn:x', AuthorizerPayloadFormatVersion: '2.0', EnableSimpleResponses: true }],
  ])('an authorizer of the type %s', (type, properties) => {
    const authorizer: TemplateResource = {
      Type: 'AWS::ApiGatewayV2::Authorizer',
      Properties: {
        ApiId: { Ref: 'Api' },
        AuthorizerType: type,
        Name: 'a',
        IdentitySource: ['$request.header.Authorization'],
        ...properties,
      },
    };
    expect(() => read({ ...api, Guard: authorizer })).toThrow(
      `Resources.Guard.Properties.AuthorizerType: the local server knows no authorizers of HTTP APIs (${type}).`,
    );
  });

  it.each(['JWT', 'CUSTOM'])('a route with an authorization of the type %s', (type) => {
    expect(() => read(withProperties('Keyed', { AuthorizationType: type }))).toThrow(
      `Resources.Keyed.Properties.AuthorizationType: the local server serves NONE and AWS_IAM for HTTP APIs, not ${type}.`,
    );
  });

  it.each([
    ['Api', 'CorsConfiguration', { AllowOrigins: ['*'] }],
    ['Api', 'DisableExecuteApiEndpoint', true],
    ['Stage', 'StageVariables', { a: 'b' }],
    ['Integration', 'RequestParameters', { 'append:header.a': 'b' }],
    ['Keyed', 'AuthorizationScopes', ['a']],
  ])('%s with %s, which is not served', (logicalId, name, value) => {
    expect(() => read(withProperties(logicalId, { [name]: value }))).toThrow(
      `Resources.${logicalId}.Properties.${name}: the local server does not know this property`,
    );
  });

  it.each(['1.0', undefined])('the payload format %s', (version) => {
    expect(() => read(withProperties('Integration', { PayloadFormatVersion: version }))).toThrow(
      `Resources.Integration.Properties.PayloadFormatVersion: the local server knows 2.0, not ${version ?? 'none'}.`,
    );
  });

  it.each(['POST api', 'post /api', 'POST /api/', 'POST', 'POST /{a+}/b', 'POST /x{a}', 'POST /a//b', 'talk'])(
    'the route %s, which is none',
    (key) => {
      expect(() => read({ ...api, Odd: route(key), All: permission('/*/*') })).toThrow(
        `Resources.Odd.Properties.RouteKey: a method and a path such as POST /api/{method}, or $default, is needed, not ${key}.`,
      );
    },
  );

  it('an integration that is no function’s, or another’s', () => {
    expect(() => read(withProperties('Integration', { IntegrationType: 'HTTP_PROXY' }))).toThrow(
      /Resources\.Integration\.Properties\.IntegrationType.*HTTP_PROXY/,
    );
    expect(() => read(withProperties('Integration', { IntegrationUri: 'arn:aws:lambda:x' }))).toThrow(
      'Resources.Integration.Properties.IntegrationUri: only functions of the template can be invoked, not arn:aws:lambda:x.',
    );
  });

  it('without a stage, and a second one at the same address', () => {
    const { Stage, ...without } = api;
    expect(() => read(without)).toThrow('Api: the local server serves an API of one stage.');
    const other = { ...Stage, Type: 'AWS::ApiGatewayV2::Stage' };
    const second = {
      ...api,
      Other: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
      OtherStage: { ...other, Properties: { ...Stage?.Properties, ApiId: { Ref: 'Other' } } },
    };
    expect(() => read(second)).toThrow(
      'Other: it has a stage $default as Api has, and locally both would have one address.',
    );
  });

  it('another protocol', () => {
    expect(() => read(withProperties('Api', { ProtocolType: 'GRPC' }))).toThrow(
      'Resources.Api.Properties.ProtocolType: the local server serves APIs of WEBSOCKET and HTTP, not GRPC.',
    );
  });
});
