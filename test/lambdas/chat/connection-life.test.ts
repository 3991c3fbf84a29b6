import { describe, expect, it } from 'vitest';
import { expiryOf, isInHandshake } from '../../../lambdas/chat/connection-life.ts';

const connectedAt = 1_764_000_000_999;

describe('the life of a connection', () => {
  it('leaves nothing behind that outlives its two hours by more than ten minutes', () => {
    expect(expiryOf({ connectedAt })).toBe(1_764_000_000 + 2 * 3600 + 600);
  });

  it('may be in its handshake for half a minute', () => {
    expect(isInHandshake({ connectedAt }, connectedAt)).toBe(true);
    expect(isInHandshake({ connectedAt }, connectedAt + 29_999)).toBe(true);
    expect(isInHandshake({ connectedAt }, connectedAt + 30_000)).toBe(false);
  });
});
