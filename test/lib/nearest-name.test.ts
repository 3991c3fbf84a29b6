import { describe, expect, it } from 'vitest';
import { nearestName } from '../../lib/nearest-name.ts';

describe('nearestName', () => {
  const known = ['historySize', 'historyTtl', 'presence', 'joinLeave'];

  it.each([
    ['history_size', 'historySize'],
    ['HistorySize', 'historySize'],
    ['historySise', 'historySize'],
    ['historyTttl', 'historyTtl'],
    ['presense', 'presence'],
    ['joinLeaves', 'joinLeave'],
  ])('takes %s for %s', (given, meant) => {
    expect(nearestName(given, known)).toBe(meant);
  });

  it('finds none near a name that is quite another', () => {
    expect(nearestName('color', known)).toBeUndefined();
    expect(nearestName('', known)).toBeUndefined();
  });

  it('prefers the nearest of several that are near', () => {
    expect(nearestName('abcdeg', ['abcdxx', 'abcdef'])).toBe('abcdef');
  });
});
