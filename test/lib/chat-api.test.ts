import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { makeStack, propertiesOf, templateOf } from './synthesis.ts';

type Resource = { Properties: Record<string, unknown>; DependsOn?: string[] };

/** The id and properties of a route, and of its integration. */
function routeOf(template: Template, key: string) {
  const found = template.findResources('AWS::ApiGatewayV2::Route', { Properties: { RouteKey: key } });
  const [[id, { Properties: properties }]] = Object.entries(found) as [[string, Resource]];
  const target = properties.Target as { 'Fn::Join': [string, [string, { Ref: string }]] };
  const integrationId = target['Fn::Join'][1][1].Ref;
  return { id, properties, integrationId, integration: propertiesOf(template, integrationId) };
}

describe('the API', () => {
  const template = templateOf();
  const keys = ['$connect', '$disconnect', 'sendMessage', '$default'] as const;

  it("is a WebSocket API that selects routes by the frame's action", () => {
    expect(propertiesOf(template, 'WebSocketApi')).toMatchObject({
      ProtocolType: 'WEBSOCKET',
      RouteSelectionExpression: '$request.body.action',
    });
  });

  it('has the routes $connect, $disconnect, sendMessage and $default, and no other', () => {
    const ofApi = { Properties: { ApiId: { Ref: 'WebSocketApi' } } };
    const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route', ofApi)) as Resource[];
    expect(routes.map(({ Properties }) => Properties.RouteKey).sort()).toEqual([...keys].sort());
  });

  it.each([
    ['$connect', 'Connect'],
    ['$disconnect', 'Disconnect'],
    ['sendMessage', 'SendMessage'],
    ['$default', 'Commands'],
  ])('sends %s to the function %s, and may call it', (key, handler) => {
    const { integration } = routeOf(template, key);
    expect(integration).toMatchObject({ IntegrationType: 'AWS_PROXY' });
    expect(JSON.stringify(integration.IntegrationUri)).toContain(JSON.stringify({ 'Fn::GetAtt': [handler, 'Arn'] }));
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      FunctionName: { 'Fn::GetAtt': [handler, 'Arn'] },
      SourceArn: { 'Fn::Join': ['', Match.arrayWith([{ Ref: 'WebSocketApi' }, `/*${key}`])] },
    });
  });

  it.each(['sendMessage', '$default'])('answers %s with what its function returns', (key) => {
    const { id, properties } = routeOf(template, key);
    expect(properties.RouteResponseSelectionExpression).toBe('$default');
    template.hasResourceProperties('AWS::ApiGatewayV2::RouteResponse', {
      RouteId: { Ref: id },
      RouteResponseKey: '$default',
    });
  });

  it('answers no other route', () => {
    template.resourceCountIs('AWS::ApiGatewayV2::RouteResponse', 2);
    // of a proxy integration, API Gateway passes on the answer as it is
    template.resourceCountIs('AWS::ApiGatewayV2::IntegrationResponse', 0);
  });

  it('asks the authorizer at $connect, wherever the token is: without an identity source', () => {
    const authorizers = template.findResources('AWS::ApiGatewayV2::Authorizer');
    const [[id, { Properties }]] = Object.entries(authorizers) as [[string, Resource]];
    expect(Properties).toMatchObject({ AuthorizerType: 'REQUEST' });
    expect(Properties.IdentitySource ?? []).toEqual([]);
    expect(JSON.stringify(Properties.AuthorizerUri)).toContain('{"Fn::GetAtt":["Authorizer","Arn"]}');
    expect(routeOf(template, '$connect').properties).toMatchObject({
      AuthorizationType: 'CUSTOM',
      AuthorizerId: { Ref: id },
    });
    template.hasResourceProperties('AWS::Lambda::Permission', {
      FunctionName: { 'Fn::GetAtt': ['Authorizer', 'Arn'] },
      SourceArn: { 'Fn::Join': ['', Match.arrayWith(['/authorizers/', { Ref: id }])] },
    });
  });
});

describe("the API's stage", () => {
  const template = templateOf();
  const ofApi = { Properties: { ApiId: { Ref: 'WebSocketApi' } } };
  const stage = () => Object.values(template.findResources('AWS::ApiGatewayV2::Stage', ofApi))[0] as Resource;

  it('is live, and has what was deployed last', () => {
    expect(stage().Properties).toMatchObject({ StageName: 'live', AutoDeploy: true });
  });

  it('throttles each route and measures it', () => {
    expect(stage().Properties.DefaultRouteSettings).toEqual({
      DetailedMetricsEnabled: true,
      ThrottlingRateLimit: 1000,
      ThrottlingBurstLimit: 1000,
    });
    templateOf({ throttling: { rateLimit: 50, burstLimit: 20 } }).hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      StageName: 'live',
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 20 },
    });
  });

  it.each([
    [{ rateLimit: 10_001 }, 'throttling.rateLimit: is 10001: a whole number from 1 to 10000 is allowed'],
    [{ burstLimit: 0 }, 'throttling.burstLimit: is 0: a whole number from 1 to 5000 is allowed'],
  ])('refuses a throttling of %j', (throttling, message) => {
    expect(makeStack({ throttling })).toThrow(message);
  });

  it('logs who was answered what, by variables that WebSocket APIs have', () => {
    const { Format } = stage().Properties.AccessLogSettings as { Format: string };
    expect(Object.values(JSON.parse(Format))).toEqual(
      expect.arrayContaining(
        ['requestId', 'connectionId', 'eventType', 'routeKey', 'status', 'error.message', 'integrationLatency'].map(
          (name) => `$context.${name}`,
        ),
      ),
    );
    expect(Buffer.byteLength(Format)).toBeLessThan(3 * 1024);
  });

  it('logs nothing of the query string, which holds the token, nor headers or frames', () => {
    const { Format } = stage().Properties.AccessLogSettings as { Format: string };
    expect(Format).not.toMatch(
      /query|path|requestOverride|header|\$input|\$request|context\.authorizer\.(?!error|latency)/i,
    );
  });

  it("comes after the account's log role, which API Gateway needs to write the log", () => {
    const [[account, setting]] = Object.entries(template.findResources('AWS::ApiGateway::Account')) as [
      [string, Resource],
    ];
    expect(stage().DependsOn).toContain(account);
    const role = (setting.Properties.CloudWatchRoleArn as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'][0];
    template.hasResource('AWS::IAM::Role', {
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [Match.objectLike({ Principal: { Service: 'apigateway.amazonaws.com' } })],
        },
      },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
    expect(JSON.stringify(propertiesOf(template, role).ManagedPolicyArns)).toContain(
      'service-role/AmazonAPIGatewayPushToCloudWatchLogs',
    );
  });

  it("leaves the account's log role alone where it is told so", () => {
    const without = templateOf({ accountLogRole: false });
    without.resourceCountIs('AWS::ApiGateway::Account', 0);
    without.resourceCountIs('AWS::IAM::Role', 9);
  });
});
