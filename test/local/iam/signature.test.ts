import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ApiGatewayManagementApiClient,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canonicalRequest, type SignedRequest, sha256Hex } from '../../../local/iam/canonical-request.ts';
import { createCredentialRegistry } from '../../../local/iam/credentials.ts';
import { type VerificationOptions, verifySignature } from '../../../local/iam/signature.ts';

const registry = createCredentialRegistry();
const credentials = registry.issueCredentials('arn:deliver');
let endpoint = '';
let received: SignedRequest[] = [];
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method = '', url = '', headers } = request;
  received.push({ method, url, headers, body: Buffer.concat(chunks) });
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  received = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** The SDK's own requests, as they come over the wire. */
async function signed(send: (config: object) => Promise<unknown>): Promise<SignedRequest> {
  await send({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 });
  const [request] = received;
  if (!request) throw new Error('nothing came');
  return request;
}

const ID = 'L0S_9cO-vHcCIhw=';
const posted = () =>
  signed((config) =>
    new ApiGatewayManagementApiClient({ ...config, endpoint: `${endpoint}/live` }).send(
      new PostToConnectionCommand({ ConnectionId: ID, Data: 'hé' }),
    ),
  );

function verify(request: SignedRequest, options: Partial<VerificationOptions> = {}) {
  return verifySignature(request, { credentials: registry, now: Date.now(), region: 'us-east-1', ...options });
}

function failureOf(request: SignedRequest, options: Partial<VerificationOptions> = {}) {
  const result = verify(request, options);
  return result.ok ? undefined : result.failure;
}

function withHeaders(request: SignedRequest, headers: Record<string, string | undefined>): SignedRequest {
  return { ...request, headers: { ...request.headers, ...headers } };
}

describe('the canonical request', () => {
  it('is the one of AWS’s own example', () => {
    const request = {
      method: 'GET',
      url: '/?Action=ListUsers&Version=2010-05-08',
      headers: {
        host: 'iam.amazonaws.com',
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'x-amz-date': '20150830T123600Z',
      },
      body: Buffer.alloc(0),
    };
    const canonical = canonicalRequest(request, ['content-type', 'host', 'x-amz-date'], 'iam');
    expect(sha256Hex(canonical)).toBe('f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59');
  });

  it('escapes a path that came escaped once more, but for S3', () => {
    const request = { method: 'GET', url: '/live/@connections/a%3D', headers: {}, body: Buffer.alloc(0) };
    expect(canonicalRequest(request, [], 'execute-api').split('\n')[1]).toBe('/live/%40connections/a%253D');
    expect(canonicalRequest(request, [], 's3').split('\n')[1]).toBe('/live/@connections/a%3D');
  });

  it('sorts the query by name and value, and escapes it its own way', () => {
    const request = { method: 'GET', url: '/?b=1&a=2&a=1&c&d=x%20y*', headers: {}, body: Buffer.alloc(0) };
    expect(canonicalRequest(request, [], 'sqs').split('\n')[2]).toBe('a=1&a=2&b=1&c=&d=x%20y%2A');
  });

  it('trims headers and takes a run of spaces for one', () => {
    const request = { method: 'GET', url: '/', headers: { 'x-a': '  b   c ' }, body: Buffer.alloc(0) };
    expect(canonicalRequest(request, ['x-a'], 'sqs').split('\n')[3]).toBe('x-a:b c');
  });
});

describe('a signature', () => {
  it('of the SDK is taken, and tells whose it is and for which service', async () => {
    expect(verify(await posted())).toEqual({ ok: true, credentials, service: 'execute-api' });
  });

  it.each<[string, (config: object) => Promise<unknown>]>([
    [
      'sqs',
      (config) =>
        new SQSClient(config).send(new SendMessageCommand({ QueueUrl: `${endpoint}/0/q`, MessageBody: 'hé' })),
    ],
    [
      'dynamodb',
      (config) => new DynamoDBClient(config).send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'é' } } })),
    ],
    ['secretsmanager', (config) => new SecretsManagerClient(config).send(new GetSecretValueCommand({ SecretId: 's' }))],
    [
      'execute-api',
      (config) => new ApiGatewayManagementApiClient(config).send(new GetConnectionCommand({ ConnectionId: 'a/b c=' })),
    ],
  ])('of the SDK’s client for %s is taken', async (service, send) => {
    // the answer is not this service's own, and is of no interest
    const request = await signed((config) => send(config).catch(() => undefined));
    expect(verify(request, { service })).toMatchObject({ ok: true, service });
  });

  it('is missing: MissingAuthenticationTokenException', async () => {
    const request = withHeaders(await posted(), { authorization: undefined });
    expect(failureOf(request)).toEqual({
      code: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
    });
  });

  it.each(['Bearer abc', 'AWS4-HMAC-SHA256 Credential=a', ''])('is no signature: %s', async (authorization) => {
    const failure = failureOf(withHeaders(await posted(), { authorization }));
    expect(failure).toMatchObject({
      code: 'IncompleteSignatureException',
      message: expect.stringContaining("'Signature'"),
    });
  });

  it.each(['x-amz-date', 'date'])('has no usable date without X-Amz-Date (%s alone)', async (name) => {
    const value = name === 'date' ? new Date().toUTCString() : 'today';
    const request = withHeaders(await posted(), { 'x-amz-date': undefined, [name]: value });
    expect(failureOf(request)).toMatchObject({
      code: 'IncompleteSignatureException',
      message: expect.stringContaining("'X-Amz-Date'"),
    });
  });

  it('of a key id that nobody has: UnrecognizedClientException', async () => {
    const failure = failureOf(await posted(), { credentials: createCredentialRegistry() });
    expect(failure).toEqual({
      code: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    });
  });

  it.each([undefined, 'other'])('with the session token %s: UnrecognizedClientException', async (token) => {
    const request = withHeaders(await posted(), { 'x-amz-security-token': token });
    expect(failureOf(request)).toMatchObject({ code: 'UnrecognizedClientException' });
  });

  it('with another secret: InvalidSignatureException, and it shows what should have been signed', async () => {
    const find = () => ({ ...credentials, secretAccessKey: 'x'.repeat(40) });
    expect(failureOf(await posted(), { credentials: { find } })).toMatchObject({
      code: 'InvalidSignatureException',
      message: expect.stringMatching(
        /^The request signature we calculated does not match the signature you provided\.[\s\S]*The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n/,
      ),
    });
  });

  it.each<[string, (request: SignedRequest) => SignedRequest]>([
    ['the method', (request) => ({ ...request, method: 'DELETE' })],
    ['the path', (request) => ({ ...request, url: request.url.replace('live', 'test') })],
    ['the query', (request) => ({ ...request, url: `${request.url}?a=1` })],
    ['the body', (request) => ({ ...request, body: Buffer.from('other') })],
    ['the host', (request) => withHeaders(request, { host: 'other' })],
    ['the hash of the body', (request) => withHeaders(request, { 'x-amz-content-sha256': sha256Hex('other') })],
    [
      'body and hash',
      (request) => ({
        ...withHeaders(request, { 'x-amz-content-sha256': sha256Hex('other') }),
        body: Buffer.from('other'),
      }),
    ],
    ['the hash to none', (request) => withHeaders(request, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' })],
  ])('does not fit a request that was changed in %s', async (_, change) => {
    expect(failureOf(change(await posted()))).toMatchObject({ code: 'InvalidSignatureException' });
  });

  it('has to cover the host', async () => {
    const request = await posted();
    const authorization = request.headers.authorization?.replace(';host;', ';');
    expect(authorization).not.toBe(request.headers.authorization);
    const failure = failureOf(withHeaders(request, { authorization }));
    expect(failure?.message).toContain("'Host' or ':authority' must be a 'SignedHeader'");
  });

  it('is good for 15 minutes before and after its date', async () => {
    const request = await posted();
    const at = Date.parse(
      String(request.headers['x-amz-date']).replace(/(....)(..)(..T..)(..)(..)Z/, '$1-$2-$3:$4:$5Z'),
    );
    const minutes = 15 * 60_000;
    expect(verify(request, { now: at + minutes }).ok).toBe(true);
    expect(verify(request, { now: at - minutes }).ok).toBe(true);
    expect(failureOf(request, { now: at + minutes + 1_000 })).toMatchObject({
      code: 'InvalidSignatureException',
      message: expect.stringMatching(
        /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(.* - 15 min\.\)$/,
      ),
    });
    expect(failureOf(request, { now: at - minutes - 1_000 })?.message).toMatch(/^Signature not yet current: /);
  });

  it('for another service or region is refused', async () => {
    const request = await posted();
    expect(failureOf(request, { service: 'sqs' })?.message).toContain("correct service: 'sqs'");
    expect(failureOf(request, { region: 'eu-west-1' })?.message).toContain('valid region');
  });

  it('whose scope names another day than its date is refused', async () => {
    const request = await posted();
    const authorization = request.headers.authorization?.replace(/\/\d{8}\//, '/20200101/');
    expect(failureOf(withHeaders(request, { authorization }))?.message).toContain(
      'Date in Credential scope does not match',
    );
  });
});
