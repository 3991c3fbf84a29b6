import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { lambdaRpc } from '../../../lambdas/aws/lambda-rpc.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { listening } from './loopback.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:owner';
const request = { method: 'quote', data: { n: 1e300, nothing: null }, user: 'alice', connection: 'c1' };

/** What a function, or Lambda for it, has answered. */
interface Answer {
  readonly body: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks a Lambda that answers so; answers what came of it, and the requests as they were made. */
async function asking({ body, status = 200, headers = {} }: Answer) {
  const bodies: Promise<string>[] = [];
  await using lambda = await listening((incoming, response) => {
    bodies.push(
      incoming
        .setEncoding('utf8')
        .toArray()
        .then((chunks) => chunks.join('')),
    );
    incoming.on('end', () => response.writeHead(status, headers).end(body));
  });
  const client = new LambdaClient({
    endpoint: lambda.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  const [outcome] = await Promise.allSettled([lambdaRpc(client, ARN).call(request)]);
  client.destroy();
  return { outcome, requests: lambda.requests, bodies: await Promise.all(bodies) };
}

const answerTo = async (answer: Answer) => {
  const { outcome } = await asking(answer);
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
};
const failed = (kind: string) => ({ 'x-amz-function-error': kind });

describe("the owner's function", () => {
  it('is told the method, the data, and who asks over which connection', async () => {
    const { requests, bodies } = await asking({ body: '{"data":1}' });
    expect(requests).toEqual([`POST /2015-03-31/functions/${encodeURIComponent(ARN)}/invocations`]);
    expect(bodies.map((body) => JSON.parse(body))).toEqual([
      { method: 'quote', data: { n: 1e300, nothing: null }, user: 'alice', client: 'c1' },
    ]);
  });

  it.each<[string, unknown]>([
    ['{"data":{"a":[1,null,"é"]}}', { a: [1, null, 'é'] }],
    ['{"data":null}', null],
    ['{"data":""}', ''],
    ['{"data":{"error":{"code":1,"message":"x"}}}', { error: { code: 1, message: 'x' } }],
    // undefined, in JSON
    ['{}', null],
  ])('answers %s', async (body, data) => {
    expect(await answerTo({ body })).toStrictEqual({ data });
  });

  it('answers with an error of its own', async () => {
    const body = '{"error":{"code":1001,"message":"no such quote","temporary":true},"data":1}';
    expect(await answerTo({ body })).toStrictEqual({ error: { code: 1001, message: 'no such quote' } });
  });

  it.each([
    '',
    'null',
    '[]',
    '[1]',
    '"a text"',
    '7',
    '<html>',
    '{"result":1}',
    '{"data":1,"more":2}',
    '{"error":"no such quote"}',
    '{"error":{"code":"1001","message":"x"}}',
    '{"error":{"code":1.5,"message":"x"}}',
    '{"error":{"code":1001}}',
    '{"error":{"code":"1001","message":"x"},"data":1}',
  ])('that answers %j has answered nothing that a client could be told', async (body) => {
    await expect(answerTo({ body })).rejects.toThrow(/neither \{ data \} nor \{ error/);
  });

  it.each<[string, string, RegExp]>([
    ['Unhandled', '{"errorType":"TypeError","errorMessage":"secret","trace":[]}', /has failed.*: TypeError$/],
    ['Unhandled', '{"errorMessage":"RequestId: 1 Error: secret"}', /has failed.*: Unhandled$/],
    ['Handled', 'secret', /has failed.*: Handled$/],
    ['Unhandled', '{"data":"secret"}', /has failed.*: Unhandled$/],
  ])('that fails (%s, %s) has answered nothing, and what it said is not repeated', async (kind, body, message) => {
    const error = (await answerTo({ body, headers: failed(kind) }).catch((e: Error) => e)) as Error;
    expect(error.message).toMatch(message);
    expect(error).not.toBeInstanceOf(Unavailable);
    for (let told: unknown = error; told instanceof Error; told = told.cause) {
      expect(`${told.message} ${told.stack}`).not.toContain('secret');
    }
  });
});

describe('Lambda', () => {
  it.each([
    ['TooManyRequestsException', 429],
    ['ServiceException', 500],
    ['AccessDeniedException', 403],
  ])(
    'that says %s is unavailable, and was asked once: nobody knows what a second call would do',
    async (name, status) => {
      const body = JSON.stringify({ Type: 'User', Message: 'no', message: 'no' });
      const { outcome, requests } = await asking({ body, status, headers: { 'x-amzn-errortype': name } });
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'Unavailable' } });
      expect(requests).toHaveLength(1);
    },
  );

  it('that knows no such function tells of a mistake of ours', async () => {
    const headers = { 'x-amzn-errortype': 'ResourceNotFoundException' };
    const { outcome } = await asking({ body: '{"Type":"User","Message":"no"}', status: 404, headers });
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'ResourceNotFoundException' } });
  });
});

describe('an answer without a body', () => {
  const client = new LambdaClient({ region: 'us-east-1' });
  const mock = mockClient(client);
  afterEach(() => mock.reset());

  it('is none', async () => {
    mock.on(InvokeCommand).resolves({ StatusCode: 200 });
    await expect(lambdaRpc(client, ARN).call(request)).rejects.toThrow(/neither/);
  });
});
