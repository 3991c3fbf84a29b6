import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Functions, runFunctions } from '../../../local/functions/functions.ts';
import { createHttpApi } from '../../../local/http-api/http-api.ts';
import { createAccessCheck } from '../../../local/iam/access-check.ts';
import { createCredentialRegistry, type IssuedCredentials } from '../../../local/iam/credentials.ts';
import type { Activity } from '../../../local/invocation.ts';
import { systemClock } from '../../../local/system-clock.ts';
import { readStack } from '../../../local/template/stack.ts';
import type { TemplateResource } from '../../../local/template/template.ts';
import { callHttp, signedHeaders } from './http-api-server.ts';

const SERVER = `
export const handler = async (event) => {
  const { method } = event.pathParameters;
  if (method === 'fail') throw new Error('as asked');
  if (method === 'hang') return new Promise(() => setInterval(() => {}, 1000));
  if (event.routeKey.startsWith('POST /api') && event.headers['x-api-key'] !== process.env.KEY) {
    return { statusCode: 401, body: '' };
  }
  return { method, body: JSON.parse(event.body), caller: event.requestContext.authorizer?.iam.userArn };
};
`;

const name = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

function lambda(role: string, properties: Record<string, unknown> = {}): TemplateResource {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { S3Bucket: 'assets', S3Key: 'server.zip' },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Timeout: 20,
      Role: name(role),
      ...properties,
    },
  };
}

function role(...Statement: object[]): TemplateResource {
  const Policies = [{ PolicyName: 'p', PolicyDocument: { Statement, Version: '2012-10-17' } }];
  return { Type: 'AWS::IAM::Role', Properties: Statement.length > 0 ? { Policies } : {} };
}

const executeApi = (source: string) => ({
  'Fn::Sub': [`arn:aws:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${Api}${source}`, { Api: { Ref: 'Api' } }],
});

function route(key: string, type: string, integration = 'Integration'): TemplateResource {
  return {
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: {
      ApiId: { Ref: 'Api' },
      AuthorizationType: type,
      RouteKey: key,
      Target: { 'Fn::Join': ['', ['integrations/', { Ref: integration }]] },
    },
  };
}

function integration(properties: Record<string, unknown> = {}): TemplateResource {
  return {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      ApiId: { Ref: 'Api' },
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: name('Server'),
      PayloadFormatVersion: '2.0',
      ...properties,
    },
  };
}

const RESOURCES: Record<string, TemplateResource> = {
  ServerRole: role(),
  Server: lambda('ServerRole', { Environment: { Variables: { KEY: 'k' } } }),
  PublisherRole: role({
    Effect: 'Allow',
    Action: 'execute-api:Invoke',
    Resource: executeApi('/*/POST/iam/*'),
  }),
  Publisher: lambda('PublisherRole'),
  StrangerRole: role(),
  Stranger: lambda('StrangerRole'),
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'Api', ProtocolType: 'HTTP' } },
  Stage: {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: { ApiId: { Ref: 'Api' }, AutoDeploy: true, StageName: '$default' },
  },
  Integration: integration(),
  Impatient: integration({ TimeoutInMillis: 50 }),
  Keyed: route('POST /api/{method}', 'NONE'),
  Signed: route('POST /iam/{method}', 'AWS_IAM'),
  Hasty: route('POST /hasty/{method}', 'NONE', 'Impatient'),
  Permission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: name('Server'),
      Principal: 'apigateway.amazonaws.com',
      SourceArn: executeApi('/*/*'),
    },
  },
};

describe('an HTTP API of a template, with the functions that the app has bundled', { timeout: 30_000 }, () => {
  let directory: string;
  let server: Server;
  let functions: Functions;
  let port: number;
  let publisher: IssuedCredentials;
  let stranger: IssuedCredentials;
  const body = '{"channel":"general"}';

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'parley-http-api-'));
    mkdirSync(join(directory, 'asset'));
    writeFileSync(join(directory, 'asset', 'index.mjs'), SERVER);
    const silent: Activity = { note: () => undefined, warn: () => undefined, detail: () => undefined };
    const stack = readStack(
      { stackName: 'Chat', template: { Resources: RESOURCES }, assetDirectory: () => join(directory, 'asset') },
      {
        addresses: { gatewayPort: 3210, endpointUrl: 'http://127.0.0.1:4321' },
        userPool: { id: 'us-east-1_pool', clientId: 'client' },
      },
    );
    const common = { activity: silent, clock: systemClock };
    functions = runFunctions(stack.functions, { ...common, environmentOf: () => ({}) });
    const credentials = createCredentialRegistry();
    const credentialsOf = (logicalId: string) =>
      credentials.issueCredentials(stack.functions.find((one) => one.logicalId === logicalId)?.arn ?? '');
    publisher = credentialsOf('Publisher');
    stranger = credentialsOf('Stranger');
    const checkAccess = createAccessCheck({ ...common, credentials, functions: stack.functions });
    const [declared] = stack.httpApis;
    if (!declared) throw new Error('the stack has no HTTP API');
    const api = createHttpApi(declared, { ...common, invoke: functions.invoke, checkAccess });
    server = createServer((request, response) => {
      if (!api.handle(request, response)) response.writeHead(404).end();
    });
    server.on('close', () => api.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });

  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await functions.close();
    rmSync(directory, { recursive: true });
  });

  const post = (path: string, headers: readonly string[]) => callHttp(port, path, { method: 'POST', headers, body });
  const keyed = ['Content-Type', 'application/json', 'X-API-Key', 'k'];

  it('answers what the function says', async () => {
    const { status, body: answered } = await post('/api/publish', keyed);
    expect([status, JSON.parse(answered)]).toEqual([200, { method: 'publish', body: { channel: 'general' } }]);
  });

  it('leaves it to the function to refuse', async () => {
    expect((await post('/api/publish', ['X-API-Key', 'wrong'])).status).toBe(401);
  });

  it('lets another function in by its signature, where its role is granted that', async () => {
    const path = '/iam/publish';
    const allowed = await post(path, await signedHeaders(port, { path, body, credentials: publisher }));
    expect(JSON.parse(allowed.body)).toMatchObject({
      caller: 'arn:aws:sts::000000000000:assumed-role/Chat-Publisher/Chat-Publisher',
    });
    const denied = await post(path, await signedHeaders(port, { path, body, credentials: stranger }));
    expect(denied).toMatchObject({ status: 403, body: '{"message":"Forbidden"}' });
  });

  it('answers 500 for a function that throws, and 503 for one that takes too long', async () => {
    expect(await post('/api/fail', keyed)).toMatchObject({ status: 500, body: '{"message":"Internal Server Error"}' });
    expect(await post('/hasty/hang', keyed)).toMatchObject({ status: 503, body: '{"message":"Service Unavailable"}' });
  });
});
