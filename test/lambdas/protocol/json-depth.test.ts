import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEEPEST, isDeeperThan } from '../../../lambdas/protocol/json-depth.ts';

/** A value inside so many arrays. */
const nested = (levels: number, value: unknown = 1): unknown => (levels === 0 ? value : [nested(levels - 1, value)]);

describe('the depth of a JSON value', () => {
  it.each([null, true, 0, 'text', '', [], {}])('is none where it holds nothing: %j', (value) => {
    expect(isDeeperThan(value, 0)).toBe(false);
  });

  it.each([[[1]], [{ a: 1 }], [[[]]]])('is one level for %j', (value) => {
    expect(isDeeperThan(value, 0)).toBe(true);
    expect(isDeeperThan(value, 1)).toBe(false);
  });

  it('is that of its deepest place, in arrays and objects, wherever it stands', () => {
    const value = { flat: [1, 2, 3], deep: [{ deeper: [{}] }] };
    expect(isDeeperThan(value, 3)).toBe(true);
    expect(isDeeperThan(value, 4)).toBe(false);
  });

  it('is told exactly at the bound', () => {
    expect(isDeeperThan(nested(DEEPEST), DEEPEST)).toBe(false);
    expect(isDeeperThan(nested(DEEPEST + 1), DEEPEST)).toBe(true);
  });

  it('is told also where a recursion would run out of stack', () => {
    const text = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
    expect(isDeeperThan(JSON.parse(text), DEEPEST)).toBe(true);
  });

  it('grows by one with each array around any value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(8), (value, levels) => {
        expect(isDeeperThan([value], levels + 1)).toBe(isDeeperThan(value, levels));
      }),
    );
  });
});
