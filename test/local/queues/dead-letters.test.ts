import { describe, expect, it } from 'vitest';
import { Queue } from '../../../local/queues/queue.ts';
import { fakeClock } from '../../support/clock.ts';
import { counter, fifoDeclaration, standardDeclaration } from './queue-fixture.ts';

function withDeadLetters(fifo: boolean, maxReceiveCount = 2, retentionMs = 1_209_600_000) {
  const clock = fakeClock();
  const id = counter();
  const declare = fifo ? fifoDeclaration : standardDeclaration;
  const dead = new Queue(declare({ name: fifo ? 'parked.fifo' : 'parked', retentionMs }), { clock, id });
  const redrive = { deadLetterTargetArn: dead.declaration.arn, maxReceiveCount };
  const queue = new Queue(declare({ redrive }), { clock, id, deadLetterQueue: () => dead });
  const send = (groupId: string, ...bodies: string[]) => {
    for (const body of bodies) queue.send({ body, ...(fifo && { groupId, deduplicationId: body }) });
  };
  /** Receives everything, and lets its visibility timeout pass. */
  const fail = () => {
    const bodies = queue.receive({ max: 10 }).map(({ body }) => body);
    clock.advance(30_000);
    return bodies;
  };
  return { clock, dead, queue, send, fail };
}

describe('a redrive policy', () => {
  it.each([true, false])('moves a message when it was received maxReceiveCount times (FIFO: %s)', (fifo) => {
    const { dead, queue, send, fail } = withDeadLetters(fifo);
    send('g', 'a');
    expect(fail()).toEqual(['a']);
    expect(fail()).toEqual(['a']);
    expect(dead.counts().visible).toBe(0);
    expect(fail()).toEqual([]);
    expect(dead.receive()).toMatchObject([{ body: 'a', deadLetterSourceArn: queue.declaration.arn }]);
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('hands out the followers of the group in the receive that moves the first', () => {
    const { queue, clock, dead, send } = withDeadLetters(true, 1);
    send('g', 'a');
    queue.receive();
    send('g', 'b', 'c');
    clock.advance(30_000);
    expect(queue.receive({ max: 10 }).map(({ body }) => body)).toEqual(['b', 'c']);
    expect(dead.counts().visible).toBe(1);
  });

  it('keeps the order of a group in the dead-letter queue', () => {
    const { dead, send, fail } = withDeadLetters(true, 1);
    send('g', 'a', 'b', 'c');
    fail();
    fail();
    const moved = dead.receive({ max: 10 });
    expect(moved.map(({ body }) => body)).toEqual(['a', 'b', 'c']);
    const numbers = moved.map(({ sequenceNumber = '' }) => sequenceNumber);
    expect([...numbers].sort()).toEqual(numbers);
  });

  it('takes a moved message also where the dead-letter queue remembers its deduplication id', () => {
    const { dead, send, fail } = withDeadLetters(true, 1);
    dead.send({ body: 'other', groupId: 'g', deduplicationId: 'a' });
    send('g', 'a');
    fail();
    fail();
    expect(dead.counts().visible).toBe(2);
  });

  it('takes a message under the deduplication id of one that was moved', () => {
    const { dead, send, fail } = withDeadLetters(true, 1);
    send('g', 'a');
    fail();
    fail();
    dead.send({ body: 'parked by hand', groupId: 'g', deduplicationId: 'a' });
    expect(dead.counts().visible).toBe(2);
  });

  it('numbers a moved message anew, behind what the dead-letter queue has', () => {
    const { dead, send, fail } = withDeadLetters(true, 1);
    send('g', 'a');
    fail();
    dead.send({ body: 'earlier', groupId: 'g', deduplicationId: 'earlier' });
    fail();
    const [earlier, moved] = dead.receive({ max: 10 });
    expect(moved?.body).toBe('a');
    expect(BigInt(moved?.sequenceNumber ?? 0) > BigInt(earlier?.sequenceNumber ?? 0)).toBe(true);
  });

  it('counts the receives of all queues together', () => {
    const { dead, send, fail } = withDeadLetters(true);
    send('g', 'a');
    fail();
    fail();
    fail();
    expect(dead.receive()).toMatchObject([{ receiveCount: 3 }]);
  });

  it('begins the retention anew on a FIFO queue, and not on a standard one', () => {
    for (const [fifo, left] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const { dead, send, fail, clock } = withDeadLetters(fifo, 1, 60_000);
      send('g', 'a');
      fail();
      fail();
      clock.advance(15_000);
      expect(dead.counts().visible).toBe(left);
    }
  });
});
