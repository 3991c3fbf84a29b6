import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it, vi } from 'vitest';
import type { EventSourceDeclaration, QueueDeclaration } from '../../../local/declarations.ts';
import { startEventSource, THROTTLED } from '../../../local/event-sources/event-source.ts';
import type { Invocation } from '../../../local/invocation.ts';
import { fifoDeclaration, queueFixture, standardDeclaration } from '../queues/queue-fixture.ts';

interface Running {
  readonly bodies: readonly string[];
  readonly event: SQSEvent;
  readonly source: string;
  /** Ends the invocation, and resolves when the event source has acted on it. */
  end(invocation?: Invocation): Promise<void>;
}

/** Until everything that is only waiting for promises has run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A queue and its event source, with invocations that end when the test ends them. */
function fixture(overrides: Partial<EventSourceDeclaration> = {}, declaration: QueueDeclaration = fifoDeclaration()) {
  const queueParts = queueFixture(declaration);
  const { queue, clock } = queueParts;
  const activity = { note: vi.fn(), warn: vi.fn(), detail: vi.fn() };
  const running: Running[] = [];
  const start = () =>
    startEventSource(
      {
        logicalId: 'Mapping',
        queueArn: queue.declaration.arn,
        functionArn: 'arn:deliver',
        batchSize: 10,
        reportBatchItemFailures: true,
        ...overrides,
      },
      {
        queue,
        clock,
        activity,
        invoke: (_functionArn, payload, source) =>
          new Promise((resolve) => {
            const event = payload as SQSEvent;
            running.push({
              event,
              source,
              bodies: event.Records.map(({ body }) => body),
              async end(invocation = { ok: true, payload: null }) {
                resolve(invocation);
                await settled();
              },
            });
          }),
      },
    );
  /** The invocation at this place, in the order in which they began. */
  const run = (index: number): Running => {
    const one = running[index];
    if (one === undefined) throw new Error(`there were only ${running.length} invocations`);
    return one;
  };
  return { ...queueParts, activity, running, run, start, batches: () => running.map(({ bodies }) => bodies) };
}

const failures = (...records: (SQSEvent['Records'][number] | undefined)[]): Invocation => ({
  ok: true,
  payload: { batchItemFailures: records.map((record) => ({ itemIdentifier: record?.messageId })) },
});
const failed: Invocation = { ok: false, errorType: 'Error', errorMessage: 'thrown' };
const throttled: Invocation = { ok: false, errorType: THROTTLED, errorMessage: 'Rate exceeded' };

describe('batches', () => {
  it('hold what waits, of several groups, each in its order', () => {
    const { send, start, batches } = fixture();
    send('g', 'g1');
    send('h', 'h1');
    send('g', 'g2');
    start();
    expect(batches()).toEqual([['g1', 'g2', 'h1']]);
  });

  it('hold no more than the batch size, and then the next begins', () => {
    const { send, start, batches } = fixture({ batchSize: 2 });
    send('g', 'g1', 'g2');
    send('h', 'h1');
    start();
    expect(batches()).toEqual([['g1', 'g2'], ['h1']]);
  });

  it('are refused above ten', () => {
    const { start } = fixture({ batchSize: 11 });
    expect(start).toThrow('Mapping: a batch size above 10 needs a batching window');
  });

  it('begin within the send, without a tick', () => {
    const { send, start, batches, clock } = fixture();
    start();
    expect(clock.next).toBeUndefined();
    send('g', 'a');
    expect(batches()).toEqual([['a']]);
  });

  it('are one of a group at a time', async () => {
    const { send, start, batches, run } = fixture();
    start();
    send('g', 'a', 'b', 'c');
    expect(batches()).toEqual([['a']]);
    await run(0).end();
    expect(batches()).toEqual([['a'], ['b', 'c']]);
  });

  it('are in work side by side, as many as there are groups', () => {
    const { send, start, batches } = fixture();
    start();
    for (let group = 0; group < 50; group++) send(`g${group}`, `${group}`);
    expect(batches()).toHaveLength(50);
  });

  it('are in work at most as many as the mapping allows', async () => {
    const { send, start, batches, run } = fixture({ maximumConcurrency: 2 });
    start();
    for (const group of ['1', '2', '3', '4']) send(group, group);
    expect(batches()).toEqual([['1'], ['2']]);
    await run(1).end();
    expect(batches()).toEqual([['1'], ['2'], ['3', '4']]);
  });

  it('of a standard queue do not wait for each other', () => {
    const { send, start, batches } = fixture({}, standardDeclaration());
    start();
    send('', 'a', 'b');
    expect(batches()).toEqual([['a'], ['b']]);
  });

  it('name the queue and their length for the log', () => {
    const { send, start, run } = fixture();
    send('g', 'a', 'b');
    start();
    expect(run(0).source).toBe('sqs ChannelQueue ×2');
  });
});

describe('what becomes of a batch', () => {
  it('is deleted when the function succeeds', async () => {
    const { queue, send, start, run } = fixture();
    start();
    send('g', 'a');
    await run(0).end();
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('comes back whole, when its visibility timeout is over, after a function that threw', async () => {
    const { clock, send, start, batches, run } = fixture();
    send('g', 'a', 'b');
    start();
    clock.advance(10_000);
    await run(0).end(failed);
    clock.advance(19_999);
    expect(batches()).toHaveLength(1);
    clock.advance(1);
    expect(batches()).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(run(1).event.Records[0]?.attributes.ApproximateReceiveCount).toBe('2');
  });

  it('comes back in part where the function reports a part as failed', async () => {
    const { clock, send, start, batches, run } = fixture();
    send('g', 'a', 'b', 'c');
    start();
    const [, b, c] = run(0).event.Records;
    await run(0).end(failures(b, c));
    clock.advance(30_000);
    expect(batches()).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ]);
  });

  it('holds back the followers of its group until what failed is back', async () => {
    const { clock, send, start, batches, run } = fixture();
    send('g', 'a', 'b');
    start();
    send('g', 'c');
    await run(0).end(failures(run(0).event.Records[1]));
    expect(batches()).toHaveLength(1);
    clock.advance(30_000);
    expect(batches()[1]).toEqual(['b', 'c']);
  });

  it('does not hold back other groups', async () => {
    const { send, start, batches, run } = fixture();
    send('g', 'a');
    send('h', 'b');
    start();
    await run(0).end(failures(run(0).event.Records[0]));
    send('h', 'c');
    expect(batches()[1]).toEqual(['c']);
  });

  it('comes back when the function has asked for it, on its own receipts', async () => {
    const { queue, clock, send, start, batches, run } = fixture();
    send('g', 'a');
    start();
    const [record] = run(0).event.Records;
    queue.changeVisibility(record?.receiptHandle ?? '', 3000);
    await run(0).end(failures(record));
    clock.advance(2999);
    expect(batches()).toHaveLength(1);
    clock.advance(1);
    expect(batches()).toHaveLength(2);
  });

  it('begins elsewhere before its function has returned, where that gives it back at once', () => {
    const { queue, send, start, batches, run } = fixture();
    send('g', 'a');
    start();
    queue.changeVisibility(run(0).event.Records[0]?.receiptHandle ?? '', 0);
    expect(batches()).toEqual([['a'], ['a']]);
  });

  it('comes back whole after a response that names a message that is none of it, and a person is told', async () => {
    const { queue, activity, send, start, run } = fixture();
    send('g', 'a', 'b');
    start();
    await run(0).end({ ok: true, payload: { batchItemFailures: [{ itemIdentifier: 'unknown' }] } });
    expect(queue.counts().inFlight).toBe(2);
    expect(activity.warn).toHaveBeenCalledWith(
      "ChannelQueue: the whole batch of 2 failed: itemIdentifier 'unknown' is of no message of the batch",
    );
  });

  it('is deleted whole, whatever it reports, where the mapping does not ask for failures', async () => {
    const { queue, send, start, run } = fixture({ reportBatchItemFailures: false });
    send('g', 'a');
    start();
    await run(0).end(failures(run(0).event.Records[0]));
    expect(queue.counts().inFlight).toBe(0);
  });

  it('comes back where the function succeeded after its visibility timeout', async () => {
    const { clock, activity, send, start, batches, run } = fixture();
    send('g', 'a');
    start();
    clock.advance(30_000);
    await run(0).end();
    expect(batches()).toEqual([['a'], ['a']]);
    expect(activity.detail).toHaveBeenCalledWith(expect.stringContaining('The receipt handle has expired.'));
  });

  it('goes to the dead-letter queue after maxReceiveCount receives', async () => {
    const dead = queueFixture(fifoDeclaration({ name: 'parked.fifo' }));
    const declaration = fifoDeclaration({
      redrive: { deadLetterTargetArn: dead.queue.declaration.arn, maxReceiveCount: 1 },
    });
    const { queue, clock, send } = queueFixture(declaration, { deadLetterQueue: () => dead.queue });
    const invoke = vi.fn(async () => failed);
    startEventSource(
      { logicalId: 'M', queueArn: '', functionArn: '', batchSize: 10, reportBatchItemFailures: true },
      { queue, invoke, clock, activity: { note: vi.fn(), warn: vi.fn(), detail: vi.fn() } },
    );
    send('g', 'a');
    await settled();
    clock.advance(30_000);
    expect(invoke).toHaveBeenCalledTimes(1);
    expect(dead.bodies()).toEqual(['a']);
  });
});

describe('a throttled batch', () => {
  it('is held, and handed over late', async () => {
    const { clock, send, start, batches, run, queue } = fixture();
    send('g', 'a');
    start();
    await run(0).end(throttled);
    clock.advance(1000);
    await settled();
    expect(batches()).toEqual([['a'], ['a']]);
    expect(run(1).event).toBe(run(0).event);
    await run(1).end();
    expect(queue.counts().inFlight).toBe(0);
  });

  it('is dropped when the visibility timeout passes, and its receive has counted', async () => {
    const { clock, activity, send, start, running, run } = fixture();
    send('g', 'a');
    start();
    const due = clock.now() + 30_000;
    for (let index = 0; clock.now() < due; index++) {
      await run(index).end(throttled);
      clock.advance((clock.next ?? due) - clock.now());
      await settled();
    }
    expect(activity.warn).toHaveBeenCalledWith(
      'ChannelQueue: a batch of 1 found no free function in time; it comes back',
    );
    expect(running.at(-1)?.event.Records[0]?.attributes.ApproximateReceiveCount).toBe('2');
  });

  it('is dropped when the event source stops', async () => {
    const { clock, send, start, running, run } = fixture();
    send('g', 'a');
    const source = start();
    await run(0).end(throttled);
    await source.stop(1000);
    clock.advance(60_000);
    await settled();
    expect(running).toHaveLength(1);
    expect(clock.next).toBeUndefined();
  });
});

describe('stopping', () => {
  it('does not hold a batch that is throttled only then', async () => {
    const { clock, send, start, running, run } = fixture();
    const source = start();
    send('g', 'a');
    const stopping = source.stop(1000);
    await run(0).end(throttled);
    await stopping;
    expect(running).toHaveLength(1);
    expect(clock.next).toBeUndefined();
  });

  it('waits for what is in work, deletes it, and receives no more', async () => {
    const { queue, clock, send, start, run } = fixture();
    const source = start();
    send('g', 'a', 'b');
    const stopped = vi.fn();
    const stopping = source.stop(1000).then(stopped);
    await settled();
    expect(stopped).not.toHaveBeenCalled();
    await run(0).end();
    await stopping;
    expect(queue.counts()).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
    expect(clock.next).toBeUndefined();
  });

  it('waits no longer than asked', async () => {
    const { clock, send, start } = fixture();
    const source = start();
    send('g', 'a');
    const stopping = source.stop(1000);
    clock.advance(1000);
    await stopping;
    expect(clock.next).toBeUndefined();
  });

  it('is done at once where nothing is in work', async () => {
    const { clock, send, start, batches } = fixture();
    await start().stop(1000);
    send('g', 'a');
    expect(batches()).toEqual([]);
    expect(clock.next).toBeUndefined();
  });
});

describe('a queue that fails', () => {
  it('does not fail its sender, and is tried again after a second', () => {
    const { queue, clock, activity, send, start, batches } = fixture();
    start();
    vi.spyOn(queue, 'receive').mockImplementationOnce(() => {
      throw new Error('no space left on device');
    });
    expect(() => send('g', 'a')).not.toThrow();
    expect(activity.warn).toHaveBeenCalledWith('ChannelQueue: cannot receive: no space left on device');
    clock.advance(1000);
    expect(batches()).toEqual([['a']]);
  });

  it('is told of when it cannot delete', async () => {
    const { queue, activity, send, start, run } = fixture();
    start();
    send('g', 'a');
    vi.spyOn(queue, 'delete').mockImplementationOnce(() => {
      throw new Error('no space left on device');
    });
    await run(0).end();
    expect(activity.warn).toHaveBeenCalledWith('ChannelQueue: cannot delete id1: no space left on device');
  });
});
