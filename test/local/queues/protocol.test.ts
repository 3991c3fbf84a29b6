import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SqsProtocol, sqsProtocol } from '../../../local/queues/protocol.ts';
import { createQueues, type Queues } from '../../../local/queues/queues.ts';
import { type FakeClock, fakeClock } from '../../support/clock.ts';
import { fifoDeclaration, standardDeclaration } from './queue-fixture.ts';

let server: Server;
let client: SQSClient;
let clock: FakeClock;
let queues: Queues;
let protocol: SqsProtocol;
const activity = { note: vi.fn(), warn: vi.fn(), detail: vi.fn() };
const channel = fifoDeclaration({
  redrive: { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:parked.fifo', maxReceiveCount: 1000 },
});
const later = standardDeclaration();
const QueueUrl = channel.url;
const message = { MessageBody: 'hällo', MessageGroupId: 'g', MessageDeduplicationId: 'd' };

beforeEach(async () => {
  vi.clearAllMocks();
  clock = fakeClock();
  queues = createQueues([channel, later, fifoDeclaration({ name: 'parked.fifo' })], { clock });
  protocol = sqsProtocol(queues, { clock, activity });
  server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const target = String(request.headers['x-amz-target']);
    const answer = await protocol.handle(target, await text(request), { senderId: 'AROA:test', signal: gone.signal });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new SQSClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});

afterEach(async () => {
  protocol.close();
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('SQS as its SDK speaks it', () => {
  it('takes a message and gives it out with all that is asked for', async () => {
    const sent = await client.send(
      new SendMessageCommand({
        QueueUrl,
        ...message,
        MessageAttributes: {
          kind: { DataType: 'String', StringValue: 'publish' },
          bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2, 3) },
        },
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1' } },
      }),
    );
    expect(sent).toMatchObject({
      MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      SequenceNumber: expect.stringMatching(/^\d{20}$/),
      MD5OfMessageBody: '38bbce5fb3d0aec801f9eab39182fa7a',
      MD5OfMessageSystemAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const { Messages } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] }),
    );
    expect(Messages).toEqual([
      {
        MessageId: sent.MessageId,
        ReceiptHandle: expect.any(String),
        Body: 'hällo',
        MD5OfBody: sent.MD5OfMessageBody,
        MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
        MessageAttributes: {
          kind: { DataType: 'String', StringValue: 'publish' },
          bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2, 3) },
        },
        Attributes: {
          ApproximateFirstReceiveTimestamp: String(clock.now()),
          ApproximateReceiveCount: '1',
          AWSTraceHeader: 'Root=1',
          MessageDeduplicationId: 'd',
          MessageGroupId: 'g',
          SenderId: 'AROA:test',
          SentTimestamp: String(clock.now()),
          SequenceNumber: sent.SequenceNumber,
        },
      },
    ]);
  });

  it('gives no attributes that are not asked for', async () => {
    const attribute = { DataType: 'String', StringValue: 'v' };
    const MessageAttributes = { 'a.one': attribute, 'a.two': attribute, b: attribute };
    await client.send(new SendMessageCommand({ QueueUrl: later.url, MessageBody: 'x', MessageAttributes }));
    const receive = async (input: { MessageAttributeNames?: string[]; MessageSystemAttributeNames?: 'SenderId'[] }) => {
      const command = new ReceiveMessageCommand({ QueueUrl: later.url, VisibilityTimeout: 0, ...input });
      const { Messages: [first] = [] } = await client.send(command);
      return [Object.keys(first?.Attributes ?? {}), Object.keys(first?.MessageAttributes ?? {})];
    };
    expect(await receive({})).toEqual([[], []]);
    expect(await receive({ MessageSystemAttributeNames: ['SenderId'] })).toEqual([['SenderId'], []]);
    expect(await receive({ MessageAttributeNames: ['b', 'none'] })).toEqual([[], ['b']]);
    expect(await receive({ MessageAttributeNames: ['a.*'] })).toEqual([[], ['a.one', 'a.two']]);
  });

  it('takes a batch, and tells of each entry what became of it', async () => {
    const answer = await client.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: 'a', ...message },
          { Id: 'b', ...message, MessageBody: '\u0000', MessageDeduplicationId: 'e' },
          { Id: 'c', ...message },
        ],
      }),
    );
    expect(answer.Successful?.map(({ Id, MessageId }) => [Id, MessageId])).toEqual([
      ['a', answer.Successful?.[0]?.MessageId],
      ['c', answer.Successful?.[0]?.MessageId],
    ]);
    expect(answer.Failed).toEqual([
      { Id: 'b', SenderFault: true, Code: 'InvalidMessageContents', Message: expect.stringContaining('Invalid char') },
    ]);
    expect(queues.byArn(channel.arn).counts().visible).toBe(1);
  });

  it.each([
    ['an empty batch', [], 'AWS.SimpleQueueService.EmptyBatchRequest'],
    [
      'eleven entries',
      Array.from({ length: 11 }, (_, n) => ({ Id: `${n}`, ...message })),
      'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
    ],
    [
      'an id twice',
      [
        { Id: 'a', ...message },
        { Id: 'a', ...message },
      ],
      'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
    ],
    ['an id with a dot', [{ Id: 'a.b', ...message }], 'AWS.SimpleQueueService.InvalidBatchEntryId'],
    ['an id of 81 characters', [{ Id: 'a'.repeat(81), ...message }], 'AWS.SimpleQueueService.InvalidBatchEntryId'],
    [
      'more than 1 MiB',
      ['a', 'b'].map((Id) => ({ Id, ...message, MessageBody: 'x'.repeat(524_289) })),
      'AWS.SimpleQueueService.BatchRequestTooLong',
    ],
    ['an entry without a group', [{ Id: 'a', MessageBody: 'x', MessageDeduplicationId: 'd' }], 'MissingParameter'],
  ])('refuses a batch as a whole for %s', async (_what, Entries, Code) => {
    await expect(client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).rejects.toMatchObject({
      Error: { Code },
    });
    expect(queues.byArn(channel.arn).counts().visible).toBe(0);
  });

  it('deletes, one and several', async () => {
    for (const id of ['1', '2', '3']) {
      await client.send(new SendMessageCommand({ QueueUrl, ...message, MessageDeduplicationId: id }));
    }
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    const [first, ...others] = Messages.map(({ ReceiptHandle }) => ReceiptHandle ?? '');
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first }));
    const answer = await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [...others, 'nonsense'].map((ReceiptHandle, n) => ({ Id: `${n}`, ReceiptHandle })),
      }),
    );
    expect(answer.Successful).toEqual([{ Id: '0' }, { Id: '1' }]);
    expect(answer.Failed).toMatchObject([{ Id: '2', Code: 'ReceiptHandleIsInvalid' }]);
    expect(queues.byArn(channel.arn).counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('changes visibility, of one and of several', async () => {
    await client.send(new SendMessageCommand({ QueueUrl, ...message }));
    const receive = async () =>
      (await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.ReceiptHandle;
    await client.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: await receive(), VisibilityTimeout: 0 }),
    );
    const ReceiptHandle = await receive();
    expect(ReceiptHandle).toBeDefined();
    const answer = await client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: [{ Id: 'a', ReceiptHandle, VisibilityTimeout: 0 }],
      }),
    );
    expect(answer.Successful).toEqual([{ Id: 'a' }]);
    expect(await receive()).toBeDefined();
  });

  it('tells of an expired receipt as AWS does', async () => {
    await client.send(new SendMessageCommand({ QueueUrl, ...message }));
    const { Messages: [received] = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
    clock.advance(30_000);
    await expect(
      client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: received?.ReceiptHandle })),
    ).rejects.toMatchObject({
      Error: { Code: 'InvalidParameterValue', Type: 'Sender' },
      message: `Value ${received?.ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('tells how many messages there are, and how the queue is made', async () => {
    await client.send(new SendMessageCommand({ QueueUrl, ...message }));
    await client.send(
      new SendMessageCommand({ QueueUrl, ...message, MessageDeduplicationId: 'e', MessageGroupId: 'h' }),
    );
    await client.send(new ReceiveMessageCommand({ QueueUrl }));
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(Attributes).toEqual({
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesDelayed: '0',
      ApproximateNumberOfMessagesNotVisible: '1',
      ContentBasedDeduplication: 'false',
      CreatedTimestamp: String(clock.now() / 1000),
      DeduplicationScope: 'messageGroup',
      DelaySeconds: '0',
      FifoQueue: 'true',
      LastModifiedTimestamp: String(clock.now() / 1000),
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '1209600',
      QueueArn: channel.arn,
      ReceiveMessageWaitTimeSeconds: '0',
      RedrivePolicy: JSON.stringify(channel.redrive),
      VisibilityTimeout: '30',
    });
  });

  it('tells only the attributes that are asked for, none where none is, and refuses unknown ones', async () => {
    const ask = async (...AttributeNames: 'FifoQueue'[]) =>
      (await client.send(new GetQueueAttributesCommand({ QueueUrl: later.url, AttributeNames }))).Attributes;
    expect(await ask()).toBeUndefined();
    expect(await ask('FifoQueue')).toEqual({});
    expect(await ask('DelaySeconds' as 'FifoQueue')).toEqual({ DelaySeconds: '0' });
    await expect(ask('Nonsense' as 'FifoQueue')).rejects.toMatchObject({ name: 'InvalidAttributeName' });
  });

  it('finds a queue by its name', async () => {
    expect(await client.send(new GetQueueUrlCommand({ QueueName: 'later' }))).toMatchObject({ QueueUrl: later.url });
    await expect(client.send(new GetQueueUrlCommand({ QueueName: 'none' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      Error: { Code: 'AWS.SimpleQueueService.NonExistentQueue' },
    });
  });

  it('purges', async () => {
    await client.send(new SendMessageCommand({ QueueUrl, ...message }));
    await client.send(new PurgeQueueCommand({ QueueUrl }));
    expect(queues.byArn(channel.arn).counts().visible).toBe(0);
    await expect(client.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toMatchObject({
      name: 'PurgeQueueInProgress',
      $metadata: { httpStatusCode: 403 },
    });
  });

  it('refuses an operation that it does not know', async () => {
    await expect(client.send(new ListQueuesCommand({}))).rejects.toMatchObject({
      Error: { Code: 'UnknownOperationException' },
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('refuses an address that is none of a queue', async () => {
    const command = new SendMessageCommand({ QueueUrl: 'http://127.0.0.1/later', MessageBody: 'x' });
    await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidAddress' });
  });
});

describe('a long poll', () => {
  const poll = () => client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  const polling = () => vi.waitFor(() => expect(clock.next).toBeDefined());

  it('answers as soon as there is a message', async () => {
    const answer = poll();
    await polling();
    queues.byArn(channel.arn).send({ body: 'x', groupId: 'g', deduplicationId: 'd' });
    expect((await answer).Messages).toMatchObject([{ Body: 'x' }]);
    expect(clock.next).toBeUndefined();
  });

  it('answers nothing when its time is over', async () => {
    const answer = poll();
    await polling();
    clock.advance(20_000);
    expect((await answer).Messages).toBeUndefined();
  });

  it('takes no message when its connection has gone', async () => {
    const giveUp = new AbortController();
    const answer = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
      abortSignal: giveUp.signal,
    });
    await polling();
    giveUp.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    await vi.waitFor(() => expect(clock.next).toBeUndefined());
    queues.byArn(channel.arn).send({ body: 'x', groupId: 'g', deduplicationId: 'd' });
    expect(queues.byArn(channel.arn).counts().visible).toBe(1);
  });

  it('ends when the server closes', async () => {
    const answer = poll();
    await polling();
    protocol.close();
    expect((await answer).Messages).toBeUndefined();
  });

  it('answers a fault that it meets while it waits', async () => {
    const answer = poll();
    await polling();
    vi.spyOn(queues.byArn(channel.arn), 'receive').mockImplementationOnce(() => {
      throw new Error('no space left on device');
    });
    queues.byArn(channel.arn).send({ body: 'x', groupId: 'g', deduplicationId: 'd' });
    await expect(answer).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(clock.next).toBeUndefined();
  });

  it('refuses to wait longer than 20 seconds', async () => {
    await expect(client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 21 }))).rejects.toMatchObject({
      message: 'Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
    });
  });
});

describe('what comes without an SDK', () => {
  const ask = async (target: string, body: string) => {
    const { status, headers, body: document } = await protocol.handle(target, body);
    return { status, queryError: headers['x-amzn-query-error'], ...JSON.parse(document) };
  };

  it('names the parameter that is missing', async () => {
    expect(await ask('AmazonSQS.SendMessage', JSON.stringify({ QueueUrl }))).toEqual({
      status: 400,
      queryError: 'MissingParameter;Sender',
      __type: 'com.amazon.coral.service#MissingRequiredParameterException',
      message: 'The request must contain the parameter MessageBody.',
    });
  });

  it.each(['nonsense', '{"QueueUrl":1}', '[]'])('refuses the body %s', async (body) => {
    expect((await ask('AmazonSQS.PurgeQueue', body)).status).toBe(400);
  });

  it.each(['', 'AmazonSQS.', 'AmazonSQS.toString', 'DynamoDB_20120810.SendMessage'])(
    'refuses the target %j',
    async (target) => {
      expect((await ask(target, '{}')).__type).toBe('com.amazon.coral.service#UnknownOperationException');
    },
  );

  it('answers a fault of ours without its cause, and tells of it', async () => {
    vi.spyOn(queues.byArn(channel.arn), 'purge').mockImplementation(() => {
      throw new Error('no space left on device');
    });
    expect(await ask('AmazonSQS.PurgeQueue', JSON.stringify({ QueueUrl }))).toEqual({
      status: 500,
      queryError: 'InternalFailure;Receiver',
      __type: 'com.amazon.coral.service#InternalFailure',
    });
    expect(activity.warn).toHaveBeenCalledWith(expect.stringContaining('no space left on device'));
  });
});

describe('what a request needs by IAM', () => {
  const iamOf = (operation: string, request: object) =>
    protocol.iamOf(`AmazonSQS.${operation}`, JSON.stringify(request));
  const entry = { Id: 'a', ReceiptHandle: 'r', VisibilityTimeout: 0, MessageBody: 'x' };

  it.each([
    ['SendMessage', 'sqs:SendMessage'],
    ['SendMessageBatch', 'sqs:SendMessage'],
    ['ReceiveMessage', 'sqs:ReceiveMessage'],
    ['DeleteMessage', 'sqs:DeleteMessage'],
    ['DeleteMessageBatch', 'sqs:DeleteMessage'],
    ['ChangeMessageVisibility', 'sqs:ChangeMessageVisibility'],
    ['ChangeMessageVisibilityBatch', 'sqs:ChangeMessageVisibility'],
    ['GetQueueAttributes', 'sqs:GetQueueAttributes'],
    ['PurgeQueue', 'sqs:PurgeQueue'],
  ])('%s needs %s on the queue', (operation, action) => {
    expect(iamOf(operation, { QueueUrl, ...entry, Entries: [entry] })).toEqual({ action, resource: channel.arn });
  });

  it('goes by the name in GetQueueUrl, and makes the ARN of a queue that does not exist', () => {
    expect(iamOf('GetQueueUrl', { QueueName: 'later' })).toEqual({ action: 'sqs:GetQueueUrl', resource: later.arn });
    expect(iamOf('GetQueueUrl', { QueueName: 'none' })?.resource).toBe('arn:aws:sqs:us-east-1:000000000000:none');
  });

  it('is nothing for a request that reaches no queue', () => {
    expect(iamOf('ListQueues', {})).toBeUndefined();
    expect(iamOf('SendMessage', { QueueUrl })).toBeUndefined();
    expect(protocol.iamOf('AmazonSQS.PurgeQueue', 'nonsense')).toBeUndefined();
  });
});
