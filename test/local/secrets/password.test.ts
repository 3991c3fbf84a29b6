import { expect, it } from 'vitest';
import { generatePassword } from '../../../local/secrets/password.ts';

/** Always the first of what there is. */
const first = () => 0;

it('has 32 characters where no length is given, and as many as are asked for where one is', () => {
  expect(generatePassword({})).toHaveLength(32);
  expect(generatePassword({ PasswordLength: 64 })).toHaveLength(64);
});

it('has no character of an excluded kind', () => {
  const rules = { PasswordLength: 500, ExcludePunctuation: true, ExcludeUppercase: true, ExcludeCharacters: 'abc' };
  expect(generatePassword(rules)).toMatch(/^[d-z0-9]{500}$/);
  expect(generatePassword({ ...rules, ExcludeLowercase: true })).toMatch(/^\d+$/);
  expect(generatePassword({ PasswordLength: 500, ExcludeNumbers: true })).not.toMatch(/\d/);
});

it('has one of each included kind at the least', () => {
  expect([...generatePassword({ PasswordLength: 5, IncludeSpace: true }, first)].sort()).toEqual([
    ' ',
    '!',
    '0',
    'A',
    'a',
  ]);
  expect(generatePassword({ PasswordLength: 4, RequireEachIncludedType: false }, first)).toBe('aaaa');
});

it('takes each character with the same chance', () => {
  const drawn = generatePassword({ PasswordLength: 20_000, ExcludePunctuation: true });
  expect(new Set(drawn).size).toBe(62);
});

it('refuses rules that leave nothing, or not enough room', () => {
  const nothing = { ExcludeLowercase: true, ExcludeUppercase: true, ExcludeNumbers: true, ExcludePunctuation: true };
  expect(() => generatePassword(nothing)).toThrow('leaves no value');
  expect(() => generatePassword({ PasswordLength: 3 })).toThrow('leaves no value');
});
