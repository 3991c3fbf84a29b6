import { describe, expect, it } from 'vitest';
import { resolveLimits } from '../../lib/limits.ts';

describe('limits', () => {
  it("are a frame of API Gateway's, 128 channels and 20,000 waiting events where nothing is said", () => {
    expect(resolveLimits({})).toEqual({ maxMessageBytes: 32_768, maxChannels: 128, maxBacklog: 20_000 });
  });

  it.each([
    ['maxMessageBytes', 1024, 32_768],
    ['maxChannels', 1, 1000],
    ['maxBacklog', 100, 100_000],
  ] as const)('let %s be from %i to %i, and no more', (limit, min, max) => {
    expect(resolveLimits({ [limit]: min })[limit]).toBe(min);
    expect(resolveLimits({ [limit]: max })[limit]).toBe(max);
    for (const value of [min - 1, max + 1, min + 0.5]) {
      expect(() => resolveLimits({ [limit]: value })).toThrow(
        `${limit}: is ${value}: a whole number from ${min} to ${max} is allowed`,
      );
    }
  });
});
