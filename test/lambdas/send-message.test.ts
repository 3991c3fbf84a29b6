import { GetQueueAttributesCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CHANNEL_QUEUE_URL,
  contextOf,
  LATER_QUEUE_URL,
  messageEvent,
  setFunctionEnvironment,
} from '../support/function-environment.ts';

setFunctionEnvironment();
const { handler } = await import('../../lambdas/send-message.ts');

const tables = mockClient(DynamoDBDocumentClient);
const queues = mockClient(SQSClient);
const errors = vi.spyOn(console, 'error').mockReturnValue();

const record = { id: 'c1', user: 'alice', connectedAt: 1, channels: {}, expiresAt: 9e12 };
const send = async (document: unknown) => {
  const body = typeof document === 'string' ? document : JSON.stringify(document);
  const answer = await handler(messageEvent(body, 'sendMessage'), contextOf());
  expect(answer.statusCode).toBe(200);
  return answer.body === undefined ? undefined : JSON.parse(answer.body);
};
const events = () =>
  queues
    .commandCalls(SendMessageBatchCommand)
    .flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody }) => JSON.parse(String(MessageBody))),
    );

beforeEach(() => {
  tables.reset();
  queues.reset();
  errors.mockClear();
  tables.on(GetCommand).resolves({ Item: record });
  queues.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '0' } });
  queues.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: { Id: string }[] }) => ({
    Successful: Entries.map(({ Id }) => ({ Id })),
  }));
  queues.on(SendMessageCommand).resolves({});
});

describe('sendMessage', () => {
  it('acknowledges a message when the queue has taken it', async () => {
    const ack = await send({ action: 'sendMessage', channel: 'live:x', data: 'hello', id: 'm1' });
    const [event] = events();
    expect(ack).toEqual({ type: 'ack', id: 'm1', channel: 'live:x', messageId: event.id });
    expect(event).toMatchObject({ type: 'publish', user: 'alice', connection: 'c1', data: 'hello' });
    expect(queues.commandCalls(SendMessageBatchCommand)[0]?.args[0].input.QueueUrl).toBe(CHANNEL_QUEUE_URL);
  });

  it('answers nothing where nothing is due', async () => {
    expect(await send({ action: 'sendMessage', channel: 'live:x', data: 'hello' })).toBeUndefined();
    expect(events()).toHaveLength(1);
  });

  it('reads the record consistently: it says what holds now', async () => {
    await send({ action: 'sendMessage', channel: 'live:x', data: 'hello' });
    expect(tables.commandCalls(GetCommand)[0]?.args[0].input).toMatchObject({ ConsistentRead: true });
  });

  it('answers what is wrong with a message', async () => {
    expect(await send({ action: 'sendMessage', channel: 'live:x', id: 'm1' })).toEqual({
      type: 'error',
      id: 'm1',
      channel: 'live:x',
      code: 'bad_request',
      message: 'data: is missing',
    });
    expect(events()).toEqual([]);
  });

  it('answers a frame without a body as an empty one', async () => {
    const answer = await handler(messageEvent(undefined, 'sendMessage'), contextOf());
    expect(JSON.parse(String(answer.body))).toMatchObject({ code: 'bad_request', message: 'the frame is empty' });
  });

  it('ends a connection without a record', async () => {
    tables.on(GetCommand).resolves({});
    expect(await send({ action: 'sendMessage', channel: 'live:x', data: 'hello', id: 'm1' })).toBeUndefined();
    const [end] = queues.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => input);
    expect(end?.QueueUrl).toBe(LATER_QUEUE_URL);
    expect(JSON.parse(String(end?.MessageBody))).toEqual({ v: 2, type: 'end', connection: 'c1' });
  });

  it('tells of a fault nothing but that there was one, and the request to ask about', async () => {
    tables
      .on(GetCommand)
      .rejects(Object.assign(new Error('table connections is away'), { name: 'InternalServerError' }));
    const answer = await send({ action: 'sendMessage', channel: 'live:x', data: 'a secret', id: 'm1' });
    expect(answer).toEqual({
      type: 'error',
      id: 'm1',
      channel: 'live:x',
      code: 'internal',
      message: 'internal error, request api-request',
    });
    const text = errors.mock.calls.join('\n');
    expect(text).toContain('table connections is away');
    expect(text).toContain('api-request');
    expect(text).not.toContain('a secret');
  });

  it.each([
    ['{"action":"sendMessage","action":"history","channel":"general","id":"h1"}', 'permission_denied'],
    ['{"action":"sendMessage","action":"presence","channel":"general","id":"h1"}', 'not_available'],
    ['{"action":"sendMessage","action":"subscribe","channel":"$x","token":"t","id":"h1"}', 'internal'],
  ])('reaches for nothing that it was not given, also where a frame smuggles in a command: %s', async (frame, code) => {
    expect(await send(frame)).toMatchObject({ type: 'error', id: 'h1', code });
  });

  it('verifies no token, also where a frame smuggles one in', async () => {
    // API Gateway may read the first of two fields of one name, JSON.parse reads the last
    expect(await send('{"action":"sendMessage","action":"refresh","token":"t","id":"r1"}')).toMatchObject({
      type: 'error',
      id: 'r1',
      code: 'internal',
    });
  });
});
