import { describe, expect, it } from 'vitest';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { sideBySide } from '../../../lambdas/chat/side-by-side.ts';
import { MemoryWorld } from '../../support/memory-world.ts';

describe('doing the same with many', () => {
  it('does it with each of them, at most so many at once', async () => {
    const world = new MemoryWorld();
    const done: number[] = [];
    let [open, most] = [0, 0];
    await sideBySide([1, 2, 3, 4, 5], 2, async (n) => {
      most = Math.max(most, ++open);
      await world.sleep(10);
      open--;
      done.push(n);
    });
    expect(done).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  it('waits for all of them, also where one fails at once', async () => {
    const world = new MemoryWorld();
    const done: number[] = [];
    const all = sideBySide([0, 10, 20], 3, async (ms) => {
      if (ms === 0) throw new Error('at once');
      await world.sleep(ms);
      done.push(ms);
    });
    await expect(all).rejects.toThrow('at once');
    expect(done).toEqual([10, 20]);
  });

  it('goes on with those that have not begun, where one fails', async () => {
    const done: number[] = [];
    const all = sideBySide([1, 2, 3], 1, async (n) => {
      if (n === 1) throw new Unavailable('first');
      done.push(n);
    });
    await expect(all).rejects.toThrow('first');
    expect(done).toEqual([2, 3]);
  });

  it("throws a bug before a service's refusal, whichever came first", async () => {
    const all = sideBySide(['refused', 'bug', 'refused again'], 3, async (what) => {
      throw what === 'bug' ? new TypeError(what) : new Unavailable(what);
    });
    await expect(all).rejects.toThrow(new TypeError('bug'));
  });

  it('is done at once with nothing to do', async () => {
    await expect(sideBySide([], 5, () => Promise.reject(new Error('never')))).resolves.toBeUndefined();
  });
});
