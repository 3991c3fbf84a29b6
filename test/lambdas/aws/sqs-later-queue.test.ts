import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { sqsLaterQueue } from '../../../lambdas/aws/sqs-later-queue.ts';
import { EVENT_VERSION, type SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
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
      v: EVENT_VERSION,
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
    expect(sent()).toEqual([{ url: QueueUrl, delay: 1, body: { v: EVENT_VERSION, type: 'again', event } }]);
  });

  it('is told at once of a connection to end, with where it was met and what it is told before', async () => {
    const disconnect = { code: 3503, reason: 'force disconnect' };
    await later.end('c1');
    await later.end('c2', { channel: 'general' });
    await later.end('c3', { disconnect });
    expect(sent().map(({ delay, body }) => [delay, body])).toEqual([
      [0, { v: EVENT_VERSION, type: 'end', connection: 'c1' }],
      [0, { v: EVENT_VERSION, type: 'end', connection: 'c2', channel: 'general' }],
      [0, { v: EVENT_VERSION, type: 'end', connection: 'c3', disconnect }],
    ]);
  });

  it('is told at once where the sweep goes on', async () => {
    await later.sweep({ minutes: [29_400_000, 29_399_993] });
    await later.sweep({ minutes: [29_400_000], after: 'c1', upTo: 'c9' });
    expect(sent().map(({ delay, body }) => [delay, body])).toEqual([
      [0, { v: EVENT_VERSION, type: 'sweep', minutes: [29_400_000, 29_399_993] }],
      [0, { v: EVENT_VERSION, type: 'sweep', minutes: [29_400_000], after: 'c1', upTo: 'c9' }],
    ]);
  });

  it('that does not let us in is unavailable', async () => {
    mock.on(SendMessageCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(later.end('c1')).rejects.toThrow(Unavailable);
  });
});
