import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  SQSClient,
  type SQSServiceException,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { sqsLease } from '../../../lambdas/aws/sqs-lease.ts';
import type { Delivered } from '../../../lambdas/chat/channel-event.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { sqsRecord } from '../../support/function-environment.ts';
import { inHand, publishEvent } from '../../support/memory-chat.ts';

const QueueUrl = 'http://127.0.0.1:1/000000000000/channels.fifo';
const sqs = new SQSClient({ region: 'us-east-1' });
const mock = mockClient(sqs);
const RECEIVED = Date.UTC(2026, 0, 1);

let now: number;
/** A batch: an event for each receive count. */
function batchOf(...receives: readonly number[]) {
  const items = receives.map((count, i) => inHand(i + 1, publishEvent(`m${i + 1}`), count));
  const records = new Map(
    items.map((item, i) => [
      item as Delivered,
      sqsRecord(`m${i + 1}`, item.event, { ApproximateFirstReceiveTimestamp: String(RECEIVED) }),
    ]),
  );
  const options = { records, visibilityMs: 45_000, timeoutMs: 15_000, killedAt: now + 15_000, now: () => now };
  return { items, lease: sqsLease(sqs, QueueUrl, options) };
}

const refusing = (...Failed: Partial<BatchResultErrorEntry>[]) =>
  mock.on(ChangeMessageVisibilityBatchCommand).resolves({ Failed: Failed as BatchResultErrorEntry[] });
const sent = () => mock.commandCalls(ChangeMessageVisibilityBatchCommand).map(({ args: [{ input }] }) => input);

beforeEach(() => {
  mock.reset();
  mock.on(ChangeMessageVisibilityBatchCommand).resolves({});
  now = RECEIVED;
});

describe('the hold on a batch', () => {
  it('ends 3 s before Lambda ends the worker', () => {
    expect(batchOf(1).lease.endsAt).toBe(now + 12_000);
  });

  it('takes for a death what comes back when the visibility timeout is over, less 5 s', () => {
    expect(batchOf(1).lease.deathAfterMs).toBe(40_000);
  });

  it("is good on a first receive as long as the function's timeout and 5 s are left of the visibility", async () => {
    now = RECEIVED + 25_000;
    const { items, lease } = batchOf(1, 1);
    expect(await lease.hold(items)).toEqual([true, true]);
    expect(sent()).toEqual([]);
  });

  it('is lost on a first receive that is handed over later than that', async () => {
    now = RECEIVED + 25_001;
    const { items, lease } = batchOf(1, 1);
    expect(await lease.hold(items)).toEqual([false, false]);
    expect(sent()).toEqual([]);
  });

  it('is renewed on a later receive, whose age nobody tells', async () => {
    now = RECEIVED + 600_000;
    const { items, lease } = batchOf(2, 7);
    expect(await lease.hold(items)).toEqual([true, true]);
    expect(sent()).toEqual([
      {
        QueueUrl,
        Entries: [
          { Id: '0', ReceiptHandle: 'receipt-m1', VisibilityTimeout: 45 },
          { Id: '1', ReceiptHandle: 'receipt-m2', VisibilityTimeout: 45 },
        ],
      },
    ]);
  });

  it('is told for each event by its own kind of receive', async () => {
    now = RECEIVED + 30_000;
    refusing({ Id: '1', Code: 'InvalidParameterValue' });
    const { items, lease } = batchOf(1, 2, 1, 3);
    expect(await lease.hold(items)).toEqual([false, true, false, false]);
    expect(sent()[0]?.Entries?.map(({ ReceiptHandle }) => ReceiptHandle)).toEqual(['receipt-m2', 'receipt-m4']);
  });

  it.each([
    'InvalidParameterValue',
    'ReceiptHandleIsInvalid',
    'MessageNotInflight',
    'AWS.SimpleQueueService.MessageNotInflight',
  ])('is lost where the receipt has run out, as SQS says by %s', async (Code) => {
    refusing({ Id: '0', Code, Message: 'The receipt handle has expired', SenderFault: true });
    const { items, lease } = batchOf(2, 2);
    expect(await lease.hold(items)).toEqual([false, true]);
  });

  it('is lost on an event whose record is not known', async () => {
    const { lease } = batchOf();
    expect(await lease.hold([inHand(1, publishEvent('m1'))])).toEqual([false]);
  });

  it('cannot be told where SQS is away', async () => {
    mock
      .on(ChangeMessageVisibilityBatchCommand)
      .rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }) as SQSServiceException);
    const { items, lease } = batchOf(2);
    await expect(lease.hold(items)).rejects.toThrow(Unavailable);
  });

  it('cannot be told where SQS refuses an event for a reason of its own', async () => {
    refusing({ Id: '0', Code: 'ThrottlingException', Message: 'slow down', SenderFault: false });
    const { items, lease } = batchOf(2);
    await expect(lease.hold(items)).rejects.toThrow(Unavailable);
  });

  it('cannot be told where SQS fails with an event by its own fault, whatever it calls that', async () => {
    refusing({ Id: '0', Code: 'InternalError', Message: 'try again', SenderFault: false });
    const { items, lease } = batchOf(2);
    await expect(lease.hold(items)).rejects.toThrow(Unavailable);
  });

  it('is a bug where SQS finds our request wrong', async () => {
    refusing({ Id: '0', Code: 'InvalidBatchEntryId', Message: 'no such id', SenderFault: true });
    const { items, lease } = batchOf(2);
    await expect(lease.hold(items)).rejects.toMatchObject({ name: 'InvalidBatchEntryId', message: 'no such id' });
  });
});

describe('what is given back', () => {
  it('is visible again after so many seconds', async () => {
    const { items, lease } = batchOf(1, 3);
    await lease.giveBack(items, 0);
    await lease.giveBack(items.slice(1), 30);
    expect(sent().map(({ Entries }) => Entries?.map((e) => [e.ReceiptHandle, e.VisibilityTimeout]))).toEqual([
      [
        ['receipt-m1', 0],
        ['receipt-m2', 0],
      ],
      [['receipt-m2', 30]],
    ]);
  });

  it('on a receipt that has run out is in the hands of another already, and that is no failure', async () => {
    refusing({ Id: '0', Code: 'InvalidParameterValue' });
    const { items, lease } = batchOf(2);
    await expect(lease.giveBack(items, 1)).resolves.toBeUndefined();
  });

  it('cannot be where SQS is away', async () => {
    mock.on(ChangeMessageVisibilityBatchCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    const { items, lease } = batchOf(2);
    await expect(lease.giveBack(items, 1)).rejects.toThrow(Unavailable);
  });
});
