import { describe, expect, it } from 'vitest';
import { contextOf, identityFrom } from '../../../lambdas/aws/authorizer-context.ts';
import type { Identity } from '../../../lambdas/chat/ports.ts';

describe("the authorizer's context", () => {
  it.each<Identity>([
    { user: 'alice' },
    { user: '' },
    { user: 'alice', expires: 0 },
    {
      user: 'алиса "1"',
      expires: 1_764_000_000,
      info: { name: 'Alice', deep: [null, 1.5] },
      caps: [{ channels: ['news:*'], match: 'wildcard', allow: ['sub'] }],
    },
    { user: 'alice', info: null },
    { user: 'alice', info: 'text', caps: [], serverChannels: [] },
    { user: 'alice', serverChannels: ['news:"a"', '#alice'] },
  ])('says who %j is, as strings alone, and is read back as it was', (identity) => {
    const context = contextOf(identity);
    for (const value of Object.values(context)) expect(typeof value).toBe('string');
    expect(identityFrom(context)).toEqual(identity);
  });

  it('is read among what API Gateway adds to it', () => {
    expect(identityFrom({ principalId: 'alice', integrationLatency: 12, user: 'alice' })).toEqual({ user: 'alice' });
  });

  it('is that of nobody by name, should API Gateway leave out an empty string', () => {
    expect(identityFrom({ principalId: 'anonymous', expires: '0' })).toEqual({ user: '', expires: 0 });
  });

  it.each([undefined, {}, { principalId: 'alice' }, { user: 5 }])(
    'is not believed where it is none of ours: %j',
    (context) => {
      expect(() => identityFrom(context)).toThrow('no context of the authorizer');
    },
  );
});
