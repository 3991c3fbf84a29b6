import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globOf } from '../../../lambdas/chat/glob.ts';

// (taken from the tests of gobwas/glob, without separators, where they are not our own)
const matching: [pattern: string, text: string][] = [
  ['', ''],
  ['abc', 'abc'],
  ['a*c', 'abc'],
  ['a*c', 'a12345c'],
  ['a?c', 'a1c'],
  ['*', 'abc'],
  ['**', 'a.b.c'],
  ['*', ''],
  ['\\*', '*'],
  ['chat:*', 'chat:general'],
  ['*test', 'this is a test'],
  ['*is*a*', 'this is a test'],
  ['**is**a***test*', 'this is a test'],
  ['* ?at * eyes', 'my cat has very bright eyes'],
  ['[!a]*', 'this is a test3'],
  ['???', 'abc'],
  ['?*?', 'ac'],
  ['[abc]at', 'bat'],
  ['[a-c]at', 'bat'],
  ['[!a-c]at', 'fat'],
  ['[a-cx]at', 'xat'],
  ['[a\\-c]', '-'],
  ['[a-]', '-'],
  ['[a-\\c]', 'b'],
  ['[\\]]', ']'],
  ['{abc,def}ghi', 'defghi'],
  ['{abc,abcd}a', 'abcda'],
  ['{a,ab}{bc,f}', 'abc'],
  ['{*,**}{a,b}', 'ab'],
  ['{a,{b,c}d}', 'cd'],
  ['/{rate,[a-z][a-z][a-z]}*', '/usd'],
  ['*//{,*.}example.com', 'http://example.com'],
  ['[a-z][!a-x]*cat*[h][!b]*eyes*', 'my cat has very bright eyes'],
  ['a,b}', 'a,b}'],
  ['a]', 'a]'],
];

const others: [pattern: string, text: string][] = [
  ['', 'b'],
  ['?at', 'at'],
  ['?', ''],
  ['*is', 'this is a test'],
  ['*no*', 'this is a test'],
  ['sta', 'stagnation'],
  ['sta?n', 'stagnation'],
  ['[abc]at', 'fat'],
  ['[!abc]at', 'cat'],
  ['[!a-c]at', 'bat'],
  ['[a\\-c]', 'b'],
  ['{*,**}{a,b}', 'ac'],
  ['*//{,*.}example.com', 'http://example.com.net'],
  ['[a-z][!a-x]*cat*[h][!b]*eyes*', 'my dog has very bright eyes'],
  ['\\*', 'a'],
  ['b*c', 'a'],
];

describe('a glob', () => {
  it.each(matching)('%j matches %j', (pattern, text) => {
    expect(globOf(pattern)(text)).toBe(true);
  });

  it.each(others)('%j does not match %j', (pattern, text) => {
    expect(globOf(pattern)(text)).toBe(false);
  });

  it.each(['[', '[]', '[!]', '[a', '[a-', '[c-a]', '{', '{a', '{a,', 'a\\', '[\\'])(
    'is none where it is %j',
    (pattern) => {
      const wrong = expect.objectContaining({
        code: 'bad_request',
        message: expect.stringMatching(/^pattern: is no glob/),
      });
      expect(() => globOf(pattern)).toThrow(wrong);
    },
  );

  it('with each character made ordinary matches that text alone', () => {
    const printable = fc.string({ unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(printable, printable, (text, other) => {
        const matches = globOf(text.replace(/./g, '\\$&'));
        expect(matches(text)).toBe(true);
        expect(matches(other)).toBe(other === text);
      }),
    );
  });

  it('is done with many stars as soon as with few', () => {
    expect(globOf(`${'*a'.repeat(400)}b`)('a'.repeat(255))).toBe(false);
  });
});
