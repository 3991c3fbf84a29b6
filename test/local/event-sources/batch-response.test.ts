import { describe, expect, it } from 'vitest';
import { batchOutcome } from '../../../local/event-sources/batch-response.ts';

const failedBy = (payload: unknown, report = true) => [
  ...batchOutcome({ ok: true, payload }, ['a', 'b'], report).failed,
];

describe('the answer to a batch', () => {
  it.each([[null], [undefined], [''], [{}], [[]], [{ batchItemFailures: [] }], [{ batchItemFailures: null }]])(
    'is complete success where it is %j',
    (payload) => {
      expect(failedBy(payload)).toEqual([]);
    },
  );

  it('fails the messages that it names, and no other', () => {
    expect(failedBy({ batchItemFailures: [{ itemIdentifier: 'b' }] })).toEqual(['b']);
  });

  it.each([
    [{ batchItemFailures: [{ itemIdentifier: '' }] }],
    [{ batchItemFailures: [{ itemIdentifier: null }] }],
    [{ batchItemFailures: [{ itemIdentifier: 1 }] }],
    [{ batchItemFailures: [{ foo: 'a' }] }],
    [{ batchItemFailures: [null] }],
    [{ batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'unknown' }] }],
    [{ batchItemFailures: 'a' }],
    ['no JSON object'],
    [42],
  ])('is complete failure where it is %j', (payload) => {
    expect(failedBy(payload)).toEqual(['a', 'b']);
  });

  it('says nothing where the mapping does not ask for failures', () => {
    expect(failedBy({ batchItemFailures: [{ itemIdentifier: 'b' }] }, false)).toEqual([]);
  });

  it.each([true, false])('is complete failure where the function threw (asked for failures: %s)', (report) => {
    const outcome = batchOutcome({ ok: false, errorType: 'Error', errorMessage: 'no' }, ['a', 'b'], report);
    expect(outcome).toEqual({ failed: new Set(['a', 'b']), why: 'Error: no' });
  });
});
