import { createHash } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { sqsParking } from '../../../lambdas/aws/sqs-parking.ts';
import type { PublishEvent } from '../../../lambdas/chat/channel-event.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';

const QueueUrl = 'http://127.0.0.1/000000000000/parked.fifo';
const sqs = new SQSClient({ region: 'us-east-1' });
const mock = mockClient(sqs);
const parking = sqsParking(sqs, QueueUrl);
const event = (channel: string): PublishEvent => ({
  v: 1,
  type: 'publish',
  channel,
  id: 'm1',
  data: '\uFFFF',
  time: 1,
});
const delivered = (channel: string) => ({ event: event(channel), seq: seqOf('7'), receives: 3 });
const group = (channel: string) => createHash('sha256').update(channel).digest('base64url');
const sent = () => mock.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => input);

beforeEach(() => {
  mock.reset();
  mock.on(SendMessageCommand).resolves({});
});

describe('a parked event', () => {
  it("keeps its body and its channel's group, and says why, its number and its channel", async () => {
    await parking.park(delivered('general'), 'it kills the worker');
    const [message] = sent();
    expect(JSON.parse(message?.MessageBody ?? '')).toEqual(event('general'));
    expect(message).toMatchObject({
      QueueUrl,
      MessageGroupId: group('general'),
      MessageAttributes: {
        why: { DataType: 'String', StringValue: '"it kills the worker"' },
        seq: { DataType: 'String', StringValue: seqOf('7') },
        channel: { DataType: 'String', StringValue: group('general') },
      },
    });
  });

  it('is there once, however often it is parked, and takes no other one of the same number for itself', async () => {
    await parking.park(delivered('general'), 'first');
    await parking.park(delivered('general'), 'second');
    await parking.park(delivered('news'), 'third');
    const [first, second, third] = sent().map(({ MessageDeduplicationId }) => MessageDeduplicationId);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(first).toMatch(/^[\w.-]{1,128}$/);
  });

  it('is parked whatever the reason says, and however long', async () => {
    await parking.park(delivered('general'), '');
    await parking.park(delivered('general'), `\u0000\uFFFF${'x'.repeat(1_000_000)}`);
    for (const { MessageAttributes } of sent()) {
      const why = MessageAttributes?.why?.StringValue ?? '';
      expect(why.length).toBeLessThan(2_000);
      expect(why).toMatch(/^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]+$/u);
    }
  });

  it('is not parked where the queue is unavailable, and that is told', async () => {
    mock.on(SendMessageCommand).rejects(Object.assign(new Error('no'), { name: 'ThrottlingException' }));
    await expect(parking.park(delivered('general'), 'why')).rejects.toThrow(Unavailable);
  });
});
