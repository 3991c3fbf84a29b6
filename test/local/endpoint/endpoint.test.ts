import { once } from 'node:events';
import { connect } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FunctionDeclaration, PolicyStatement } from '../../../local/declarations.ts';
import type { CallerAccess } from '../../../local/endpoint/caller-access.ts';
import { type Endpoint, openEndpoint } from '../../../local/endpoint/endpoint.ts';
import { queueService } from '../../../local/endpoint/queue-service.ts';
import { createCredentialRegistry } from '../../../local/iam/credentials.ts';
import { sqsProtocol } from '../../../local/queues/protocol.ts';
import { createQueues } from '../../../local/queues/queues.ts';
import { openSecrets } from '../../../local/secrets/secrets.ts';
import { systemClock } from '../../../local/system-clock.ts';
import { openTables, type Tables } from '../../../local/tables/tables.ts';
import { standardDeclaration } from '../queues/queue-fixture.ts';
import { heard, tableDeclaration } from '../tables/table-fixture.ts';

const TableName = 'Parley-Channels';
const TABLE = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`;
const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:Parley-Secret-a1b2c3';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:later';

let activity: ReturnType<typeof heard>;
let endpoint: Endpoint;
let tables: Tables;
let closing: (() => void | Promise<void>)[];
let access: CallerAccess;
let credentials: ReturnType<typeof createCredentialRegistry>;

beforeEach(async () => {
  activity = heard();
  closing = [];
  credentials = createCredentialRegistry();
  endpoint = await openEndpoint({ activity });
  tables = await openTables([tableDeclaration()], { clock: systemClock, activity });
});

afterEach(async () => {
  for (const close of closing) await close();
  await endpoint.close();
  await tables.close();
});

const allow = (actions: string[], resources: string[], over: Partial<PolicyStatement> = {}): PolicyStatement => ({
  effect: 'Allow',
  actions,
  resources,
  conditions: {},
  ...over,
});

/** Serves everything to one function whose role says this, and answers its clients. */
async function servedTo(...statements: PolicyStatement[]) {
  const declared: FunctionDeclaration = {
    logicalId: 'Deliver',
    name: 'Parley-Deliver',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:Parley-Deliver',
    codeDirectory: '/',
    handler: 'index.handler',
    timeoutMs: 1000,
    memoryMb: 128,
    environment: {},
    statements,
  };
  const url = `${endpoint.url}/000000000000/later`;
  const queues = createQueues([standardDeclaration({ url })], { clock: systemClock });
  const protocol = sqsProtocol(queues, { clock: systemClock, activity });
  const secret = { logicalId: 'Secret', name: 'Parley-Secret', arn: SECRET, generate: {} };
  const secrets = await openSecrets([secret], { kept: async () => 'the value', now: 0 });
  access = { credentials, functions: [declared], clock: systemClock };
  endpoint.serve([tables, queueService(protocol), secrets], access);
  const configuration = {
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: credentials.issueCredentials(declared.arn),
    maxAttempts: 1,
  };
  return { ...clients(configuration), url, queues };
}

function clients(configuration: ConstructorParameters<typeof SQSClient>[0] & object) {
  const dynamo = new DynamoDBClient(configuration);
  const sqs = new SQSClient(configuration);
  const secretsManager = new SecretsManagerClient(configuration);
  closing.push(() => {
    for (const client of [dynamo, sqs, secretsManager]) client.destroy();
  });
  return { dynamo, documents: DynamoDBDocumentClient.from(dynamo), sqs, secretsManager };
}

describe('a call that the role allows', () => {
  it('reaches the tables', async () => {
    const { documents } = await servedTo(allow(['dynamodb:PutItem', 'dynamodb:GetItem'], [TABLE]));
    await documents.send(new PutCommand({ TableName, Item: { pk: 'Ä', sk: '1', n: 1 } }));
    const { Item } = await documents.send(new GetCommand({ TableName, Key: { pk: 'Ä', sk: '1' } }));
    expect(Item).toEqual({ pk: 'Ä', sk: '1', n: 1 });
  });

  it('reaches the queues', async () => {
    const { sqs, url } = await servedTo(allow(['sqs:SendMessage', 'sqs:ReceiveMessage'], [QUEUE]));
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'hello' }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
    expect(Messages).toMatchObject([{ Body: 'hello' }]);
  });

  it('reaches the secrets', async () => {
    const { secretsManager } = await servedTo(allow(['secretsmanager:GetSecretValue'], [SECRET]));
    const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId: SECRET }));
    expect(SecretString).toBe('the value');
  });

  it('is one whose partition keys the condition allows', async () => {
    const conditions = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['CONN#*'] } };
    const { documents } = await servedTo(allow(['dynamodb:PutItem'], [TABLE], { conditions }));
    const put = (pk: string) => documents.send(new PutCommand({ TableName, Item: { pk, sk: '1' } }));
    await put('CONN#1');
    await expect(put('CHAN#1')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('a call that the role does not allow', () => {
  const user = 'arn:aws:sts::000000000000:assumed-role/Parley-Deliver/Parley-Deliver';
  const denial = (action: string, resource: string) =>
    `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ` +
    `because no identity-based policy allows the ${action} action`;

  it("is DynamoDB's AccessDeniedException, and is told", async () => {
    const { documents } = await servedTo(allow(['dynamodb:GetItem'], [TABLE]));
    const message = denial('dynamodb:PutItem', TABLE);
    await expect(documents.send(new PutCommand({ TableName, Item: { pk: 'A', sk: '1' } }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message,
      $metadata: { httpStatusCode: 400 },
    });
    expect(activity.warnings).toEqual([`AccessDeniedException: ${message}`]);
  });

  it("is SQS's AccessDenied, with 403", async () => {
    const { sqs, url, queues } = await servedTo(allow(['sqs:ReceiveMessage'], [QUEUE]));
    await expect(sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'hello' }))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: denial('sqs:SendMessage', QUEUE),
      $metadata: { httpStatusCode: 403 },
    });
    expect(queues.byName('later')?.receive({ max: 1 })).toEqual([]);
  });

  it("is Secrets Manager's AccessDeniedException", async () => {
    const { secretsManager } = await servedTo(allow(['secretsmanager:GetSecretValue'], [`${SECRET}x`]));
    const asking = secretsManager.send(new GetSecretValueCommand({ SecretId: SECRET }));
    await expect(asking).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: denial('secretsmanager:GetSecretValue', SECRET),
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('is also one that names no resource', async () => {
    const { dynamo } = await servedTo(allow(['dynamodb:*'], [TABLE]));
    await expect(dynamo.send(new ListTablesCommand({}))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('a call that nobody may make', () => {
  it.each(['dynamo', 'sqs', 'secretsManager'] as const)('is one with credentials of nobody: %s', async (which) => {
    const { url } = await servedTo(allow(['*'], ['*']));
    const { dynamo, sqs, secretsManager } = clients({
      endpoint: endpoint.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'ASIAUNKNOWN', secretAccessKey: 'x', sessionToken: 'x' },
      maxAttempts: 1,
    });
    const calls = {
      dynamo: () => dynamo.send(new ListTablesCommand({})),
      sqs: () => sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' })),
      secretsManager: () => secretsManager.send(new GetSecretValueCommand({ SecretId: SECRET })),
    };
    const name = which === 'sqs' ? 'InvalidClientTokenId' : 'UnrecognizedClientException';
    await expect(calls[which]()).rejects.toMatchObject({ name });
  });

  it('is one whose signature is for another service', async () => {
    await servedTo(allow(['*'], ['*']));
    const { accessKeyId, secretAccessKey, sessionToken } = credentials.issueCredentials(
      'arn:aws:lambda:us-east-1:000000000000:function:Parley-Deliver',
    );
    const sqs = new SQSClient({
      endpoint: endpoint.url,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      maxAttempts: 1,
    });
    sqs.middlewareStack.add(
      (next) => (args) => {
        const { headers } = args.request as { headers: Record<string, string> };
        headers['x-amz-target'] = 'DynamoDB_20120810.ListTables';
        return next(args);
      },
      { step: 'build' },
    );
    closing.push(() => sqs.destroy());
    const call = sqs.send(new SendMessageCommand({ QueueUrl: `${endpoint.url}/000000000000/later`, MessageBody: 'x' }));
    await expect(call).rejects.toThrow("Credential should be scoped to correct service: 'dynamodb'.");
  });
});

describe('what is not served', () => {
  it('is named, with what is', async () => {
    await servedTo(allow(['*'], ['*']));
    const authorization = 'AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/monitoring/aws4_request, Signature=x';
    const response = await fetch(endpoint.url, {
      method: 'POST',
      headers: { authorization },
      body: 'Action=PutMetricData',
    });
    const message = 'the local server has no monitoring: it serves dynamodb, sqs, secretsmanager';
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ __type: 'UnknownServiceException', message });
    expect(activity.warnings).toEqual([message]);
  });

  it('is everything before the services are there', async () => {
    const headers = { 'x-amz-target': 'DynamoDB_20120810.ListTables' };
    expect((await fetch(endpoint.url, { method: 'POST', headers, body: '{}' })).status).toBe(400);
  });
});

describe('a fault of ours', () => {
  it('is 500, and told', async () => {
    const conditions = { StringEquals: { 'dynamodb:Select': ['COUNT'] } };
    const { documents } = await servedTo(allow(['dynamodb:GetItem'], [TABLE], { conditions }));
    const get = documents.send(new GetCommand({ TableName, Key: { pk: 'A', sk: '1' } }));
    await expect(get).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(activity.warnings).toEqual([expect.stringContaining('the condition key dynamodb:Select is not served')]);
  });
});

describe('a request', () => {
  it('has at most 16 MB', async () => {
    const response = await fetch(endpoint.url, { method: 'POST', body: 'x'.repeat(16 * 1024 * 1024 + 1) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ __type: 'RequestEntityTooLarge' });
  });

  it('may be cut off by a function that ends, which is no fault', async () => {
    const { port } = new URL(endpoint.url);
    const half = connect(Number(port), '127.0.0.1');
    half.write('POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 100\r\n\r\nhalf');
    await once(half, 'connect');
    half.destroy();
    // answered after the half request was given up: connections are served in order
    await fetch(endpoint.url, { method: 'POST', body: '{}' });
    expect(activity.warnings).toEqual([expect.stringContaining('the local server has no')]);
  });
});

describe('a caller that goes away', () => {
  it('is told to the service, which need not answer any more', async () => {
    const { sqs, url } = await servedTo();
    const arrived = Promise.withResolvers<AbortSignal | undefined>();
    const waiting = queueService({
      handle(_target, _body, caller) {
        arrived.resolve(caller?.signal);
        return new Promise(() => {});
      },
      iamOf: () => undefined,
    });
    endpoint.serve([waiting], access);
    const leaving = new AbortController();
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl: url }), { abortSignal: leaving.signal });
    const gone = await arrived.promise;
    expect(gone?.aborted).toBe(false);
    leaving.abort();
    await expect(poll).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => gone?.aborted).toBe(true);
    expect(activity.warnings).toEqual([]);
  });
});
