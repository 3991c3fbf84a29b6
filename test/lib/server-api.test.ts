import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { ParleyStack } from '../../lib/parley-stack.ts';
import { inApp, propertiesOf, templateOf } from './synthesis.ts';

type Resource = { Properties: Record<string, unknown> };

const OF_API = { Properties: { ApiId: { Ref: 'ServerHttpApi' } } };

describe('the server API', () => {
  const template = templateOf();
  const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route', OF_API)) as Resource[];
  const stage = () => Object.values(template.findResources('AWS::ApiGatewayV2::Stage', OF_API))[0] as Resource;

  it('is an HTTP API, without CORS: no browser has its key', () => {
    expect(propertiesOf(template, 'ServerHttpApi')).toMatchObject({ ProtocolType: 'HTTP' });
    expect(propertiesOf(template, 'ServerHttpApi')).not.toHaveProperty('CorsConfiguration');
  });

  it('leaves the key to its function, asks for a signature where there is none, and has no other route', () => {
    const authorization = routes.map(({ Properties }) => [Properties.RouteKey, Properties.AuthorizationType]);
    expect(Object.fromEntries(authorization)).toEqual({
      'POST /api': 'NONE',
      'POST /api/{method}': 'NONE',
      'POST /iam/{method}': 'AWS_IAM',
    });
  });

  it('sends each route to the function ServerApi, in payload format 2.0, and may call it from there', () => {
    for (const { Properties } of routes) {
      const target = Properties.Target as { 'Fn::Join': [string, [string, { Ref: string }]] };
      expect(propertiesOf(template, target['Fn::Join'][1][1].Ref)).toMatchObject({
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { 'Fn::GetAtt': ['ServerApi', 'Arn'] },
        PayloadFormatVersion: '2.0',
      });
      template.hasResourceProperties('AWS::Lambda::Permission', {
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        FunctionName: { 'Fn::GetAtt': ['ServerApi', 'Arn'] },
        SourceArn: {
          'Fn::Join': [
            '',
            Match.arrayWith([{ Ref: 'ServerHttpApi' }, String(Properties.RouteKey).replace('POST ', '/*/*')]),
          ],
        },
      });
    }
  });

  it('has what was deployed last at the root of its address, throttled as the WebSocket API is', () => {
    expect(stage().Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 1000, ThrottlingBurstLimit: 1000 },
    });
    templateOf({ throttling: { rateLimit: 50, burstLimit: 20 } }).hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 20 },
    });
  });

  it('logs who was answered what, and nothing of the headers, which hold the key, nor of bodies', () => {
    const { Format } = stage().Properties.AccessLogSettings as { Format: string };
    expect(Object.values(JSON.parse(Format))).toEqual(
      expect.arrayContaining(
        ['requestId', 'routeKey', 'status', 'identity.sourceIp', 'error.message', 'integrationErrorMessage'].map(
          (name) => `$context.${name}`,
        ),
      ),
    );
    expect(Format).not.toMatch(/header|authorizer\.(?!error)|\$request|query|body/i);
    expect(Buffer.byteLength(Format)).toBeLessThan(3 * 1024);
  });

  it('tells where it is', () => {
    const { Outputs } = template.toJSON();
    const endpoint = { 'Fn::GetAtt': ['ServerHttpApi', 'ApiEndpoint'] };
    expect(Outputs.ApiUrl.Value).toEqual({ 'Fn::Join': ['', [endpoint, '/api']] });
    expect(Outputs.ApiIamUrl.Value).toEqual({ 'Fn::Join': ['', [endpoint, '/iam']] });
  });

  it('lets a role that is granted it call each method by IAM, and nothing else', () => {
    const granted = inApp((app) => {
      const stack = new ParleyStack(app, 'Parley');
      const role = new Role(stack, 'Publisher', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
      stack.grantServerApi(role).assertSuccess();
      expect(stack.resolve(stack.apiIamUrl)).toEqual(Template.fromStack(stack).toJSON().Outputs.ApiIamUrl.Value);
      return Template.fromStack(stack);
    });
    granted.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'execute-api:Invoke',
            Resource: { 'Fn::Join': ['', Match.arrayWith([{ Ref: 'ServerHttpApi' }, '/*/POST/iam/*'])] },
          },
        ],
      },
      Roles: [{ Ref: Match.stringLikeRegexp('^Publisher') }],
    });
  });
});
