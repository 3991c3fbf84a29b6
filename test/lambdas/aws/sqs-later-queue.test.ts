import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { sqsLaterQueue } from '../../../lambdas/aws/sqs-later-queue.ts';
import type { SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';

const QueueUrl = 'http://127.0.0.1/000000000000/later';
const sqs = new SQSClient({ region: 'us-east-1' });
const mock = mockClient(sqs);
const later = sqsLaterQueue(sqs, QueueUrl);

const sent = () =>
  mock.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => ({
    url: input.QueueUrl,
    delay: input.DelaySeconds,
    body: JSON.parse(input.MessageBody ?? ''),
  }));

beforeEach(() => {
  mock.reset();
  mock.on(SendMessageCommand).resolves({});
});

describe('the delayed queue', () => {
  it("is sent a handshake's subscribe, to come back after a second", async () => {
    const event: SubscribeEvent = {
      v: 1,
      type: 'subscribe',
      channel: 'general',
      connection: 'c1',
      user: 'alice',
      format: 'json',
      token: 's1',
      connectedAt: 1,
      handshake: true,
    };
    await later.again(event);
    expect(sent()).toEqual([{ url: QueueUrl, delay: 1, body: { v: 1, type: 'again', event } }]);
  });

  it('is told at once of a connection to end, with the channel where it was met', async () => {
    await later.end('c1');
    await later.end('c2', 'general');
    expect(sent().map(({ delay, body }) => [delay, body])).toEqual([
      [0, { v: 1, type: 'end', connection: 'c1' }],
      [0, { v: 1, type: 'end', connection: 'c2', channel: 'general' }],
    ]);
  });

  it('that does not let us in is unavailable', async () => {
    mock.on(SendMessageCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(later.end('c1')).rejects.toThrow(Unavailable);
  });
});
