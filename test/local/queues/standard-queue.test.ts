import { describe, expect, it } from 'vitest';
import { queueFixture, standardDeclaration } from './queue-fixture.ts';

describe('a standard queue', () => {
  it('gives later messages out while earlier ones are in flight, of one group too', () => {
    const { queue, bodies } = queueFixture(standardDeclaration());
    queue.send({ body: 'a', groupId: 'g' });
    queue.send({ body: 'b', groupId: 'g' });
    expect(bodies(1)).toEqual(['a']);
    expect(bodies()).toEqual(['b']);
  });

  it('has no sequence numbers', () => {
    const { queue } = queueFixture(standardDeclaration());
    expect(queue.send({ body: 'a' })).toEqual({ messageId: 'id1' });
  });

  it('delivers equal messages each', () => {
    const { queue, bodies } = queueFixture(standardDeclaration({ contentBasedDeduplication: true }));
    queue.send({ body: 'a' });
    queue.send({ body: 'a' });
    expect(bodies()).toEqual(['a', 'a']);
  });

  it('delays a message as its sender asks', () => {
    const { queue, clock, bodies } = queueFixture(standardDeclaration());
    queue.send({ body: 'a', delayMs: 1000 });
    queue.send({ body: 'b' });
    expect(queue.counts()).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
    expect(bodies()).toEqual(['b']);
    clock.advance(1000);
    expect(bodies()).toEqual(['a']);
  });

  it('delays by its own delay a message that asks for none, and not one that asks for 0', () => {
    const { queue, clock, bodies } = queueFixture(standardDeclaration({ delayMs: 1000 }));
    queue.send({ body: 'a' });
    queue.send({ body: 'b', delayMs: 0 });
    expect(bodies()).toEqual(['b']);
    clock.advance(1000);
    expect(bodies()).toEqual(['a']);
  });

  it('deletes by the latest receipt, even when its visibility timeout is over', () => {
    const { queue, clock, bodies } = queueFixture(standardDeclaration());
    queue.send({ body: 'a' });
    const [message] = queue.receive();
    clock.advance(30_000);
    queue.delete(message?.receiptHandle ?? '');
    expect(bodies()).toEqual([]);
  });

  it('answers success and deletes nothing for the receipt of an earlier receive', () => {
    const { queue, clock } = queueFixture(standardDeclaration());
    queue.send({ body: 'a' });
    const [message] = queue.receive();
    clock.advance(30_000);
    queue.receive();
    queue.delete(message?.receiptHandle ?? '');
    expect(queue.counts().inFlight).toBe(1);
  });
});

describe('what any queue forgets', () => {
  it('drops a message when its retention is over', () => {
    const { queue, clock } = queueFixture(standardDeclaration({ retentionMs: 60_000 }));
    queue.send({ body: 'a' });
    clock.advance(59_999);
    expect(queue.counts().visible).toBe(1);
    clock.advance(1);
    expect(queue.receive()).toEqual([]);
  });

  it('deletes everything when it is purged, what is in flight too', () => {
    const { queue, clock } = queueFixture(standardDeclaration());
    queue.send({ body: 'a' });
    queue.send({ body: 'b' });
    queue.receive();
    queue.purge();
    clock.advance(30_000);
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('refuses a second purge within 60 seconds', () => {
    const { queue, clock } = queueFixture(standardDeclaration());
    queue.purge();
    clock.advance(59_999);
    expect(() => queue.purge()).toThrow('Only one PurgeQueue operation on later is allowed every 60 seconds.');
    clock.advance(1);
    expect(() => queue.purge()).not.toThrow();
  });
});
