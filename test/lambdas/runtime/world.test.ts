import { describe, expect, it } from 'vitest';
import { world } from '../../../lambdas/runtime/world.ts';

describe('the world as it is', () => {
  it('gives ids that are URL-safe, of 128 bits, and never the same, also by their first letters', () => {
    const ids = Array.from({ length: 1_000 }, () => world.id());
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
    expect(new Set(ids.map((id) => id.slice(0, 11))).size).toBe(1_000);
  });

  it('has numbers from 0 up to, not including, 1', () => {
    for (let i = 0; i < 100; i++) {
      const number = world.random();
      expect(number).toBeGreaterThanOrEqual(0);
      expect(number).toBeLessThan(1);
    }
  });

  it('tells the time in ms since 1970, and wakes who sleeps', async () => {
    const before = world.now();
    await expect(world.sleep(0)).resolves.toBeUndefined();
    expect(before).toBeGreaterThan(Date.UTC(2024, 0, 1));
    expect(before).toBeLessThan(Date.UTC(2124, 0, 1));
  });
});
