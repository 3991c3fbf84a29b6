import { describe, expect, it } from 'vitest';
import { fifoDeclaration, queueFixture, standardDeclaration } from './queue-fixture.ts';

/** A queue with one message in flight. */
function received(declaration = fifoDeclaration(), visibilityTimeoutMs?: number) {
  const fixture = queueFixture(declaration);
  fixture.send('g', 'a');
  const [message] = fixture.queue.receive(visibilityTimeoutMs === undefined ? {} : { visibilityTimeoutMs });
  return { ...fixture, receiptHandle: message?.receiptHandle ?? '' };
}

describe('visibility', () => {
  it('hides a message for as long as the receive asks', () => {
    const { clock, bodies } = received(fifoDeclaration(), 5000);
    clock.advance(4999);
    expect(bodies()).toEqual([]);
    clock.advance(1);
    expect(bodies()).toEqual(['a']);
  });

  it('counts a changed timeout from the change on', () => {
    const { queue, clock, bodies, receiptHandle } = received();
    clock.advance(20_000);
    queue.changeVisibility(receiptHandle, 20_000);
    clock.advance(19_999);
    expect(bodies()).toEqual([]);
    clock.advance(1);
    expect(bodies()).toEqual(['a']);
  });

  it('forgets a changed timeout at the next receive', () => {
    const { queue, clock, bodies, receiptHandle } = received();
    queue.changeVisibility(receiptHandle, 1000);
    clock.advance(1000);
    bodies();
    clock.advance(1000);
    expect(bodies()).toEqual([]);
    clock.advance(29_000);
    expect(bodies()).toEqual(['a']);
  });

  it('gives a message back at once for a timeout of 0', () => {
    const { queue, bodies, receiptHandle } = received();
    queue.changeVisibility(receiptHandle, 0);
    expect(bodies()).toEqual(['a']);
  });

  it('takes a timeout of 12 hours and no longer one', () => {
    const { queue, receiptHandle } = received();
    queue.changeVisibility(receiptHandle, 43_200_000);
    expect(() => queue.changeVisibility(receiptHandle, 43_201_000)).toThrow(
      'Value 43201 for parameter VisibilityTimeout is invalid.',
    );
  });

  it('counts the 12 hours from the receive', () => {
    const { queue, clock, receiptHandle } = received();
    clock.advance(10_000);
    expect(() => queue.changeVisibility(receiptHandle, 43_191_000)).toThrow(
      'Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
    );
    queue.changeVisibility(receiptHandle, 43_190_000);
    expect(queue.counts().inFlight).toBe(1);
  });

  it('refuses a receive that asks for more than 12 hours', () => {
    const { queue } = queueFixture();
    expect(() => queue.receive({ visibilityTimeoutMs: 43_201_000 })).toThrow('parameter VisibilityTimeout');
  });

  it('refuses to hide a message that is gone', () => {
    const { queue, receiptHandle } = received();
    queue.delete(receiptHandle);
    expect(() => queue.changeVisibility(receiptHandle, 1000)).toThrow(
      'Message does not exist or is not available for visibility timeout change.',
    );
  });

  it('refuses to hide a message of a standard queue that is not in flight', () => {
    const { queue, clock, receiptHandle } = received(standardDeclaration());
    clock.advance(30_000);
    expect(() => queue.changeVisibility(receiptHandle, 1000)).toThrow(
      expect.objectContaining({ kind: 'MessageNotInflight' }),
    );
  });

  it('refuses what is no receipt of this queue', () => {
    const { queue } = queueFixture();
    const { receiptHandle } = received(fifoDeclaration({ name: 'other.fifo' }));
    for (const handle of ['nonsense', '', receiptHandle]) {
      expect(() => queue.delete(handle)).toThrow(expect.objectContaining({ kind: 'ReceiptHandleIsInvalid' }));
    }
  });
});
