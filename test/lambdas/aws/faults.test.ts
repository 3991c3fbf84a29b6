import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { isFault, tellingFaults } from '../../../lambdas/aws/faults.ts';
import { Overtaken, ParleyError, Unavailable } from '../../../lambdas/chat/errors.ts';

const error = (name: string, more: object = {}) => Object.assign(new Error('as AWS says it'), { name, ...more });
const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });

describe("AWS's faults", () => {
  it.each<[string, unknown]>([
    ['throttling', error('ThrottlingException', status(400))],
    ['a hot partition', error('ProvisionedThroughputExceededException', status(400))],
    ['too many requests', error('SomethingException', status(429))],
    ['an internal error', error('InternalServerError', status(500))],
    ['an unavailable service', error('ServiceUnavailable', status(503))],
    ['an unusual server error', error('SomethingException', status(507))],
    ['a permission that is missing', error('AccessDeniedException', status(400))],
    ['a permission that is missing, as SQS says it', error('AccessDenied', status(403))],
    ['a forbidden call', error('SomethingException', status(403))],
    ['credentials that have expired', error('ExpiredTokenException', status(400))],
    ['credentials that nobody knows', error('UnrecognizedClientException', status(400))],
    ['no credentials', error('CredentialsProviderError')],
    ['a key of the queue that may not be used', error('KmsAccessDenied', status(400))],
    ['a clock that is wrong', error('InvalidSignatureException', status(400))],
    ['a connection that is refused', error('Error', { code: 'ECONNREFUSED' })],
    ['a connection that is reset', error('Error', { code: 'ECONNRESET' })],
    ['a name that is not found', error('Error', { code: 'ENOTFOUND' })],
    ['a timeout', error('TimeoutError')],
  ])('are %s', (_, fault) => {
    expect(isFault(fault)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a request that is not valid', error('ValidationException', status(400))],
    ['a table that is not there', error('ResourceNotFoundException', status(400))],
    ['a queue that is not there', error('QueueDoesNotExist', status(400))],
    ['a condition that does not hold', error('ConditionalCheckFailedException', status(400))],
    ['a bug', new TypeError('x is undefined')],
    ['a refusal of a client', new ParleyError('permission_denied', 'no')],
    ['an overtaken worker', new Overtaken('turn 1')],
    ['what is no error', { $metadata: { httpStatusCode: 500 } }],
    ['nothing', undefined],
  ])('are not %s', (_, other) => {
    expect(isFault(other)).toBe(false);
  });
});

describe('a port that tells faults', () => {
  const port = tellingFaults({
    fails: (cause: unknown): Promise<number> => Promise.reject(cause),
    adds: async (a: number, b: number) => a + b,
  });

  it('throws them as unavailable, with the cause', async () => {
    const cause = error('ThrottlingException');
    await expect(port.fails(cause)).rejects.toThrow(new Unavailable('fails: ThrottlingException'));
    await expect(port.fails(cause)).rejects.toMatchObject({ name: 'Unavailable', cause });
  });

  it('lets all else through', async () => {
    const bug = new TypeError('x is undefined');
    await expect(port.fails(bug)).rejects.toBe(bug);
    expect(await port.adds(1, 2)).toBe(3);
  });
});

it('knows the faults of a real client: a service that refuses connections, and answers 400 and 500', async () => {
  const answers = [
    { status: 400, type: 'com.amazon.coral.service#AccessDeniedException' },
    { status: 400, type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' },
    { status: 500, type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' },
    { status: 400, type: 'com.amazon.coral.validate#ValidationException' },
  ];
  const server = createServer((_, response) => {
    const { status = 200, type = '' } = answers.shift() ?? {};
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ __type: type }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
  const ask = () => client.send(new GetItemCommand({ TableName: 'table', Key: { pk: { S: 'a' } } }));
  const found: boolean[] = [];
  for (const _ of [...answers]) found.push(await ask().then(() => false, isFault));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  found.push(await ask().then(() => false, isFault));
  client.destroy();
  expect(found).toEqual([true, true, true, false, true]);
});
