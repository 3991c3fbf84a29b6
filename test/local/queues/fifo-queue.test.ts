import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fifoDeclaration, queueFixture } from './queue-fixture.ts';

const at = <T>(list: readonly T[], index: number): T => {
  const one = list[index];
  if (one === undefined) throw new Error(`nothing at ${index}`);
  return one;
};

describe('the order of a FIFO queue', () => {
  it('gives a group out in the order in which it was sent', () => {
    const { send, bodies } = queueFixture();
    send('g', 'a', 'b', 'c');
    expect(bodies()).toEqual(['a', 'b', 'c']);
  });

  it('gives nothing of a group while a message of it is in flight', () => {
    const { send, bodies } = queueFixture();
    send('g', 'a', 'b');
    expect(bodies(1)).toEqual(['a']);
    expect(bodies()).toEqual([]);
  });

  it('gives other groups meanwhile', () => {
    const { send, bodies } = queueFixture();
    send('g', 'a', 'b');
    send('h', 'c');
    expect(bodies(1)).toEqual(['a']);
    expect(bodies()).toEqual(['c']);
  });

  it('fills a batch from one group before it takes of the next', () => {
    const { send, bodies } = queueFixture();
    send('g', 'g1');
    send('h', 'h1', 'h2');
    send('g', 'g2');
    expect(bodies(3)).toEqual(['g1', 'g2', 'h1']);
  });

  it('goes on with a group when all that was in flight is deleted', () => {
    const { queue, send, bodies } = queueFixture();
    send('g', 'a', 'b', 'c');
    for (const { receiptHandle } of queue.receive({ max: 2 })) queue.delete(receiptHandle);
    expect(bodies()).toEqual(['c']);
  });

  it('goes on with none of a group when only a part of what was in flight is deleted', () => {
    const { queue, send, bodies } = queueFixture();
    send('g', 'a', 'b', 'c');
    queue.delete(at(queue.receive({ max: 2 }), 0).receiptHandle);
    expect(bodies()).toEqual([]);
  });

  it('gives back the first message of a group alone when only its visibility timeout is ended', () => {
    const { queue, send, bodies } = queueFixture();
    send('g', 'a', 'b', 'c');
    queue.changeVisibility(at(queue.receive({ max: 2 }), 0).receiptHandle, 0);
    expect(bodies()).toEqual(['a']);
  });

  it('holds a message that was given back behind an earlier one that is still in flight', () => {
    const { queue, send, bodies } = queueFixture();
    send('g', 'a', 'b');
    queue.changeVisibility(at(queue.receive({ max: 2 }), 1).receiptHandle, 0);
    expect(bodies()).toEqual([]);
  });

  it('begins a group anew, in order, when the visibility timeout of its messages is over', () => {
    const { clock, send, bodies } = queueFixture();
    send('g', 'a', 'b', 'c');
    bodies(2);
    clock.advance(29_999);
    expect(bodies()).toEqual([]);
    clock.advance(1);
    expect(bodies()).toEqual(['a', 'b', 'c']);
  });

  it('serves the groups in turn', () => {
    const { queue, send, bodies } = queueFixture();
    send('g', 'g1', 'g2');
    send('h', 'h1');
    queue.delete(at(queue.receive(), 0).receiptHandle);
    expect(bodies(1)).toEqual(['h1']);
  });

  it('delays every message by the delay of the queue', () => {
    const { clock, send, bodies } = queueFixture(fifoDeclaration({ delayMs: 5000 }));
    send('g', 'a');
    clock.advance(4999);
    expect(bodies()).toEqual([]);
    clock.advance(1);
    expect(bodies()).toEqual(['a']);
  });

  it('hands each group out once and in order, whatever is deleted, given back or left to its timeout', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), group: fc.constantFrom('g', 'h', 'i') }),
      fc.record({ do: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 10 }) }),
      fc.record({ do: fc.constantFrom('delete' as const, 'giveBack' as const), index: fc.nat(20) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { queue, clock, send } = queueFixture();
        const sent: Record<string, string[]> = { g: [], h: [], i: [] };
        const deleted: Record<string, string[]> = { g: [], h: [], i: [] };
        const held: { group: string; body: string; receiptHandle: string; until: number }[] = [];
        const release = (index: number) => held.splice(index % Math.max(held.length, 1), 1);
        for (const [number, one] of steps.entries()) {
          if (one.do === 'send') {
            send(one.group, String(number));
            sent[one.group]?.push(String(number));
          } else if (one.do === 'wait') {
            clock.advance(one.ms);
            for (const { until } of [...held]) {
              if (until <= clock.now())
                held.splice(
                  held.findIndex((other) => other.until === until),
                  1,
                );
            }
          } else if (one.do === 'receive') {
            for (const { groupId: group = '', body, receiptHandle } of queue.receive({ max: one.max })) {
              // the oldest of its group that is neither deleted nor in hand
              const inHand = held.filter((other) => other.group === group).map((other) => other.body);
              const waiting = sent[group]?.filter((other) => !deleted[group]?.includes(other)) ?? [];
              expect(waiting.indexOf(body)).toBe(inHand.filter((other) => Number(other) < Number(body)).length);
              held.push({ group, body, receiptHandle, until: clock.now() + 30_000 });
            }
          } else {
            for (const { group, body, receiptHandle } of release(one.index)) {
              if (one.do === 'giveBack') queue.changeVisibility(receiptHandle, 0);
              else {
                queue.delete(receiptHandle);
                deleted[group]?.push(body);
              }
            }
          }
        }
        const { visible, inFlight } = queue.counts();
        const left = Object.values(sent).flat().length - Object.values(deleted).flat().length;
        expect(visible + inFlight).toBe(left);
      }),
    );
  });
});

describe('what a FIFO message carries', () => {
  it('has a sequence number of 20 digits that rises', () => {
    const { queue, clock } = queueFixture();
    const numbers: string[] = [];
    for (const deduplicationId of ['1', '2', '3']) {
      numbers.push(queue.send({ body: 'x', groupId: 'g', deduplicationId }).sequenceNumber ?? '');
      clock.advance(Number(deduplicationId));
    }
    for (const number of numbers) expect(number).toMatch(/^\d{20}$/);
    expect([...new Set(numbers)].sort()).toEqual(numbers);
  });

  it('tells its group, its deduplication id, its sender, and when it was sent and first received', () => {
    const { queue, clock } = queueFixture();
    const sentAt = clock.now();
    const { messageId, sequenceNumber } = queue.send({
      body: 'x',
      groupId: 'g',
      deduplicationId: 'd',
      senderId: 'AROA:connect',
    });
    clock.advance(1000);
    queue.receive();
    clock.advance(30_000);
    expect(queue.receive()).toEqual([
      {
        id: messageId,
        body: 'x',
        groupId: 'g',
        deduplicationId: 'd',
        senderId: 'AROA:connect',
        sequenceNumber,
        sentAt,
        dueAt: sentAt,
        receiveCount: 2,
        firstReceivedAt: sentAt + 1000,
        receiptHandle: expect.any(String),
      },
    ]);
  });
});

describe('deduplication', () => {
  const message = { body: 'x', groupId: 'g', deduplicationId: 'd' };

  it('answers a duplicate like the first, and does not deliver it', () => {
    const { queue, bodies } = queueFixture();
    const first = queue.send(message);
    expect(queue.send({ ...message, body: 'y' })).toEqual(first);
    expect(bodies()).toEqual(['x']);
  });

  it('remembers a message for 5 minutes after the first was sent', () => {
    const { queue, clock } = queueFixture();
    queue.send(message);
    clock.advance(299_999);
    queue.send(message);
    expect(queue.counts().visible).toBe(1);
    clock.advance(1);
    queue.send(message);
    expect(queue.counts().visible).toBe(2);
  });

  it('remembers a message that was received and deleted', () => {
    const { queue, bodies } = queueFixture();
    queue.send(message);
    queue.delete(at(queue.receive(), 0).receiptHandle);
    queue.send(message);
    expect(bodies()).toEqual([]);
  });

  it('tells groups apart where its scope is the message group', () => {
    const { queue } = queueFixture();
    queue.send(message);
    queue.send({ ...message, groupId: 'h' });
    expect(queue.counts().visible).toBe(2);
  });

  it('does not tell groups apart where its scope is the queue', () => {
    const { queue } = queueFixture(fifoDeclaration({ deduplicationScope: 'queue' }));
    queue.send(message);
    queue.send({ ...message, groupId: 'h' });
    expect(queue.counts().visible).toBe(1);
  });

  it('goes by the SHA-256 of the body where the queue has content-based deduplication', () => {
    const { queue } = queueFixture(fifoDeclaration({ contentBasedDeduplication: true }));
    queue.send({ body: 'x', groupId: 'g' });
    queue.send({ body: 'x', groupId: 'g' });
    const [received, ...others] = queue.receive({ max: 10 });
    expect(received?.deduplicationId).toBe('2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881');
    expect(others).toEqual([]);
  });

  it('takes the id of the sender before the hash of the body', () => {
    const { queue } = queueFixture(fifoDeclaration({ contentBasedDeduplication: true }));
    queue.send({ body: 'x', groupId: 'g', deduplicationId: '1' });
    queue.send({ body: 'x', groupId: 'g', deduplicationId: '2' });
    expect(queue.counts().visible).toBe(2);
  });
});

describe('receipts of a FIFO queue', () => {
  it('refuses to delete by a receipt whose visibility timeout is over', () => {
    const { queue, clock, send } = queueFixture();
    send('g', 'a');
    const { receiptHandle } = at(queue.receive(), 0);
    clock.advance(30_000);
    expect(() => queue.delete(receiptHandle)).toThrow('The receipt handle has expired.');
    expect(queue.counts().visible).toBe(1);
  });

  it('refuses to change the visibility by a receipt that has expired', () => {
    const { queue, clock, send } = queueFixture();
    send('g', 'a');
    const { receiptHandle } = at(queue.receive(), 0);
    clock.advance(30_000);
    expect(() => queue.changeVisibility(receiptHandle, 5000)).toThrow('The receipt handle has expired.');
  });

  it('refuses the receipt of an earlier receive', () => {
    const { queue, clock, send } = queueFixture();
    send('g', 'a');
    const { receiptHandle } = at(queue.receive(), 0);
    clock.advance(30_000);
    queue.receive();
    expect(() => queue.delete(receiptHandle)).toThrow('The receipt handle has expired.');
  });

  it('takes a second delete by the same receipt for done', () => {
    const { queue, send } = queueFixture();
    send('g', 'a');
    const { receiptHandle } = at(queue.receive(), 0);
    queue.delete(receiptHandle);
    expect(() => queue.delete(receiptHandle)).not.toThrow();
  });
});
