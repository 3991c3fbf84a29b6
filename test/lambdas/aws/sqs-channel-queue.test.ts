import { createHash } from 'node:crypto';
import {
  type BatchResultErrorEntry,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchCommandOutput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { sqsChannelQueue } from '../../../lambdas/aws/sqs-channel-queue.ts';
import type { PublishEvent } from '../../../lambdas/chat/channel-event.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { ChannelQueue, Outgoing } from '../../../lambdas/chat/ports.ts';

const QueueUrl = 'http://127.0.0.1/000000000000/channels.fifo';
const sqs = new SQSClient({ region: 'us-east-1' });
const mock = mockClient(sqs);

/** A queue that refuses what `refuses` says: for each call, by the body's `id`. */
interface Refusal {
  readonly call: number;
  readonly ids: readonly string[];
  readonly code?: string;
  readonly senderFault?: boolean;
}

let waits: number[];
let warnings: [string, Record<string, unknown> | undefined][];
let now: number;
let queue: ChannelQueue;
let calls: string[][];

beforeEach(() => {
  mock.reset();
  waits = [];
  warnings = [];
  calls = [];
  now = 1_000_000;
  let ids = 0;
  queue = sqsChannelQueue(sqs, QueueUrl, {
    world: {
      now: () => now,
      random: () => 0,
      id: () => `random-${++ids}`,
      async sleep(ms) {
        waits.push(ms);
      },
    },
    logger: { warn: (message, fields) => warnings.push([message, fields]) },
  });
});

function refusing(...refusals: readonly Refusal[]) {
  mock.on(SendMessageBatchCommand).callsFake((input): Partial<SendMessageBatchCommandOutput> => {
    const entries = (input.Entries as { Id: string; MessageBody: string }[]).map(({ Id, MessageBody }) => ({
      Id,
      id: JSON.parse(MessageBody).id as string,
    }));
    calls.push(entries.map(({ id }) => id));
    const now = refusals.filter(({ call }) => call === calls.length);
    const refusalOf = (id: string) => now.find(({ ids }) => ids.includes(id));
    const Failed = entries.flatMap(({ Id, id }): BatchResultErrorEntry[] => {
      const { code: Code = 'InternalError', senderFault: SenderFault = false } = refusalOf(id) ?? {};
      return refusalOf(id) ? [{ Id, Code, SenderFault }] : [];
    });
    const Successful = entries
      .filter(({ id }) => !refusalOf(id))
      .map(({ Id }) => ({ Id, MessageId: 'm', MD5OfMessageBody: '' }));
    return { ...(Failed.length > 0 && { Failed }), ...(Successful.length > 0 && { Successful }) };
  });
}

const publish = (channel: string, id: string, data: unknown = 'hello'): Outgoing => ({
  event: { v: 1, type: 'publish', channel, id, data, time: 1 } satisfies PublishEvent,
});

const sentEntries = (call: number) => mock.commandCalls(SendMessageBatchCommand)[call]?.args[0].input.Entries ?? [];

describe('sending events', () => {
  it('puts each into the group of its channel, a hash, under the deduplication id given or a random one', async () => {
    refusing();
    const named = { ...publish('b', '2'), deduplicationId: 'given' };
    expect(await queue.send([publish('a', '1'), named, publish('a', '3')])).toEqual([true, true, true]);
    const group = (channel: string) => createHash('sha256').update(channel).digest('base64url');
    expect(sentEntries(0)).toEqual([
      {
        Id: '0',
        MessageBody: JSON.stringify(publish('a', '1').event),
        MessageGroupId: group('a'),
        MessageDeduplicationId: 'random-1',
      },
      expect.objectContaining({ Id: '1', MessageGroupId: group('b'), MessageDeduplicationId: 'given' }),
      expect.objectContaining({ Id: '2', MessageGroupId: group('a'), MessageDeduplicationId: 'random-2' }),
    ]);
    expect(mock.commandCalls(SendMessageBatchCommand)[0]?.args[0].input.QueueUrl).toBe(QueueUrl);
  });

  it('has a group of at most 128 characters for the longest channel', async () => {
    refusing();
    await queue.send([publish('x'.repeat(255), '1')]);
    expect(sentEntries(0)[0]?.MessageGroupId).toMatch(/^[\w-]{1,128}$/);
  });

  it('sends nothing where there is nothing', async () => {
    expect(await queue.send([])).toEqual([]);
    expect(mock.calls()).toEqual([]);
  });

  it('sends ten at a time, in their order', async () => {
    refusing();
    const events = Array.from({ length: 23 }, (_, i) => publish('a', String(i)));
    expect(await queue.send(events)).toEqual(events.map(() => true));
    expect(calls.map((call) => call.length)).toEqual([10, 10, 3]);
    expect(calls.flat()).toEqual(events.map((_, i) => String(i)));
  });

  it('sends at most 256 KiB at a time, counted in bytes', async () => {
    refusing();
    const events = Array.from({ length: 4 }, (_, i) => publish('a', String(i), 'é'.repeat(50_000)));
    await queue.send(events);
    expect(calls).toEqual([
      ['0', '1'],
      ['2', '3'],
    ]);
  });

  it('escapes the characters that SQS does not take', async () => {
    refusing();
    const data = '\u0000\u0001\uFFFE\uFFFF\uD800 \u{1F600} \uFFFD';
    await queue.send([publish('a', '1', data)]);
    const body = sentEntries(0)[0]?.MessageBody ?? '';
    expect(body).toMatch(/^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u);
    expect(JSON.parse(body).data).toBe(data);
  });

  it('sends what was refused again, after a wait, under the same deduplication id', async () => {
    refusing({ call: 1, ids: ['2'] });
    expect(await queue.send([publish('a', '1'), publish('a', '2')])).toEqual([true, true]);
    expect(calls).toEqual([['1', '2'], ['2']]);
    expect(waits).toHaveLength(1);
    expect(sentEntries(1)[0]).toEqual(sentEntries(0)[1]);
  });

  it('never sends again what a later one of its channel has passed', async () => {
    refusing({ call: 1, ids: ['a1', 'b2'] });
    expect(await queue.send([publish('a', 'a1'), publish('b', 'b1'), publish('a', 'a2'), publish('b', 'b2')])).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(calls).toEqual([['a1', 'b1', 'a2', 'b2'], ['b2']]);
  });

  it('sends several of a channel again together, in their order', async () => {
    refusing({ call: 1, ids: ['2', '3'] }, { call: 2, ids: ['2'] });
    expect(await queue.send(['1', '2', '3'].map((id) => publish('a', id)))).toEqual([true, false, true]);
    expect(calls).toEqual([
      ['1', '2', '3'],
      ['2', '3'],
    ]);
  });

  it('gives up after a few attempts, and goes on with the later ones', async () => {
    refusing(...[1, 2, 3, 4].map((call) => ({ call, ids: ['9'] })));
    const events = Array.from({ length: 11 }, (_, i) => publish('a', String(i)));
    expect(await queue.send(events)).toEqual(events.map((_, i) => i !== 9));
    expect(calls.slice(1)).toEqual([['9'], ['9'], ['9'], ['10']]);
    expect(waits).toEqual([50, 100, 200]);
    expect(warnings).toHaveLength(4);
  });

  it('does not send again what is refused for its content, and says so where nothing else was taken', async () => {
    const refusal = { ids: ['1'], code: 'InvalidMessageContents', senderFault: true };
    refusing({ call: 1, ...refusal }, { call: 2, ...refusal });
    expect(await queue.send([publish('a', '1'), publish('b', '2')])).toEqual([false, true]);
    await expect(queue.send([publish('a', '1')])).rejects.toMatchObject({ name: 'InvalidMessageContents' });
    expect(calls).toEqual([['1', '2'], ['1']]);
  });

  it('sends again what is throttled, whosever fault the queue calls it', async () => {
    refusing({ call: 1, ids: ['1'], code: 'RequestThrottled', senderFault: true });
    expect(await queue.send([publish('a', '1')])).toEqual([true]);
  });

  it('is unavailable where nothing at all was taken', async () => {
    refusing(...[1, 2, 3, 4].map((call) => ({ call, ids: ['1'] })));
    await expect(queue.send([publish('a', '1')])).rejects.toThrow(Unavailable);
    mock.on(SendMessageBatchCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(queue.send([publish('a', '1')])).rejects.toThrow(Unavailable);
  });

  it('answers what is durable where the queue cannot be reached halfway', async () => {
    const batch = { Successful: Array.from({ length: 10 }, (_, i) => ({ Id: String(i) })) };
    const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    mock
      .on(SendMessageBatchCommand)
      .resolvesOnce(batch as SendMessageBatchCommandOutput)
      .rejectsOnce(reset);
    const events = Array.from({ length: 25 }, (_, i) => publish('a', String(i)));
    expect(await queue.send(events)).toEqual(events.map((_, i) => i < 10));
    expect(mock.calls()).toHaveLength(2);
    expect(warnings).toHaveLength(1);
  });

  it('does not call a mistake of ours unavailable', async () => {
    mock.on(SendMessageBatchCommand).rejects(Object.assign(new Error('no'), { name: 'QueueDoesNotExist' }));
    await expect(queue.send([publish('a', '1')])).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });

  it('logs no payload', async () => {
    refusing({ call: 1, ids: ['1'] });
    await queue.send([publish('secret-channel', '1', 'secret-data')]);
    expect(JSON.stringify(warnings)).not.toContain('secret');
  });
});

describe('the number of waiting events', () => {
  const counts = (...numbers: readonly number[]) => {
    let answers = mock.on(GetQueueAttributesCommand);
    for (const n of numbers) answers = answers.resolvesOnce({ Attributes: { ApproximateNumberOfMessages: String(n) } });
  };

  it('is asked once in 5 seconds', async () => {
    counts(12, 13);
    expect(await queue.waiting()).toBe(12);
    now += 4_999;
    expect(await queue.waiting()).toBe(12);
    now += 1;
    expect(await queue.waiting()).toBe(13);
    expect(mock.calls()).toHaveLength(2);
    expect(mock.commandCalls(GetQueueAttributesCommand)[0]?.args[0].input).toEqual({
      QueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages'],
    });
  });

  it('is asked once by all who wait for it', async () => {
    counts(12);
    expect(await Promise.all([queue.waiting(), queue.waiting(), queue.waiting()])).toEqual([12, 12, 12]);
    expect(mock.calls()).toHaveLength(1);
  });

  it('is the last one known where it cannot be had, with a warning, and asked again 5 seconds later', async () => {
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    mock
      .on(GetQueueAttributesCommand)
      .rejectsOnce(denied)
      .resolvesOnce({ Attributes: { ApproximateNumberOfMessages: '30000' } })
      .rejectsOnce(denied);
    expect(await queue.waiting()).toBe(0);
    now += 5_000;
    expect(await queue.waiting()).toBe(30_000);
    now += 5_000;
    expect(await queue.waiting()).toBe(30_000);
    expect(warnings.map(([, fields]) => fields)).toEqual([
      { error: 'AccessDeniedException', known: 0 },
      { error: 'AccessDeniedException', known: 30_000 },
    ]);
  });

  it('is 0 where the queue answers without it', async () => {
    mock.on(GetQueueAttributesCommand).resolves({});
    expect(await queue.waiting()).toBe(0);
  });

  it('does not hide a mistake of ours', async () => {
    mock.on(GetQueueAttributesCommand).rejects(Object.assign(new Error('no'), { name: 'QueueDoesNotExist' }));
    await expect(queue.waiting()).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
});
