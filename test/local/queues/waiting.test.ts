import { describe, expect, it, vi } from 'vitest';
import { fifoDeclaration, queueFixture, standardDeclaration } from './queue-fixture.ts';

describe('waiting for something to receive', () => {
  it('is ended by a message within the send', () => {
    const { queue, send } = queueFixture();
    const woken = vi.fn();
    queue.whenReceivable(woken);
    send('g', 'a');
    expect(woken).toHaveBeenCalledTimes(1);
  });

  it('sees all messages of one send together', () => {
    const { queue, bodies } = queueFixture(standardDeclaration());
    const seen: string[][] = [];
    queue.whenReceivable(() => seen.push(bodies()));
    queue.sendAll([{ body: 'a' }, { body: 'b' }]);
    expect(seen).toEqual([['a', 'b']]);
  });

  it('goes on while what comes waits behind a message in flight', () => {
    const { queue, send, bodies } = queueFixture();
    send('g', 'a');
    bodies();
    const woken = vi.fn();
    queue.whenReceivable(woken);
    send('g', 'b');
    expect(woken).not.toHaveBeenCalled();
  });

  it('is ended by the delete that frees a group', () => {
    const { queue, send } = queueFixture();
    send('g', 'a', 'b');
    const [message] = queue.receive();
    const woken = vi.fn();
    queue.whenReceivable(woken);
    queue.delete(message?.receiptHandle ?? '');
    expect(woken).toHaveBeenCalledTimes(1);
  });

  it('is ended by giving a message back', () => {
    const { queue, send } = queueFixture();
    send('g', 'a');
    const [message] = queue.receive();
    const woken = vi.fn();
    queue.whenReceivable(woken);
    queue.changeVisibility(message?.receiptHandle ?? '', 0);
    expect(woken).toHaveBeenCalledTimes(1);
  });

  it('is ended at the moment at which a visibility timeout is over', () => {
    const { queue, clock, send, bodies } = queueFixture();
    send('g', 'a');
    bodies();
    let at = 0;
    queue.whenReceivable(() => {
      at = clock.now();
    });
    const due = clock.now() + 30_000;
    clock.advance(100_000);
    expect(at).toBe(due);
  });

  it('follows a visibility timeout that is changed meanwhile', () => {
    const { queue, clock, send } = queueFixture();
    send('g', 'a');
    const [message] = queue.receive();
    queue.whenReceivable(() => {});
    queue.changeVisibility(message?.receiptHandle ?? '', 60_000);
    expect(clock.next).toBe(clock.now() + 60_000);
  });

  it('is ended at the moment at which a delay is over', () => {
    const { queue, clock } = queueFixture(standardDeclaration());
    const woken = vi.fn();
    queue.whenReceivable(woken);
    queue.send({ body: 'a', delayMs: 5000 });
    clock.advance(4999);
    expect(woken).not.toHaveBeenCalled();
    clock.advance(1);
    expect(woken).toHaveBeenCalledTimes(1);
  });

  it('is ended by the clock where there is something already', () => {
    const { queue, clock, send } = queueFixture();
    send('g', 'a');
    const woken = vi.fn();
    queue.whenReceivable(woken);
    clock.advance(0);
    expect(woken).toHaveBeenCalledTimes(1);
  });

  it('wakes only as many as find something, in their order', () => {
    const { queue, send, bodies } = queueFixture();
    const seen: string[] = [];
    queue.whenReceivable(() => seen.push(`first ${bodies()}`));
    queue.whenReceivable(() => seen.push(`second ${bodies()}`));
    send('g', 'a');
    expect(seen).toEqual(['first a']);
    send('h', 'b');
    expect(seen).toEqual(['first a', 'second b']);
  });

  it('can be given up, and leaves no timer behind', () => {
    const { queue, clock, send, bodies } = queueFixture(fifoDeclaration());
    send('g', 'a');
    bodies();
    const woken = vi.fn();
    queue.whenReceivable(woken)();
    expect(clock.next).toBeUndefined();
    send('h', 'b');
    expect(woken).not.toHaveBeenCalled();
  });

  it('needs no timer where nothing is hidden', () => {
    const { queue, clock } = queueFixture();
    queue.whenReceivable(() => {});
    expect(clock.next).toBeUndefined();
  });
});
