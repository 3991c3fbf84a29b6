import { randomInt } from 'node:crypto';

const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** `GenerateSecretString` of a template, as far as it says what a value is made of. */
export interface PasswordRules {
  /** @default 32 */
  readonly PasswordLength?: number;
  readonly ExcludeCharacters?: string;
  readonly ExcludeLowercase?: boolean;
  readonly ExcludeUppercase?: boolean;
  readonly ExcludeNumbers?: boolean;
  readonly ExcludePunctuation?: boolean;
  readonly IncludeSpace?: boolean;
  /** @default true */
  readonly RequireEachIncludedType?: boolean;
}

/**
 * A random value as Secrets Manager generates it.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
 *
 * `random(n)` answers a whole number from 0 up to, not including, n, which must not be guessable.
 * Throws where the rules leave no character, or more kinds of characters than the length has room for.
 */
export function generatePassword(rules: PasswordRules, random: (n: number) => number = randomInt): string {
  const { PasswordLength: length = 32, ExcludeCharacters: excluded = '', RequireEachIncludedType = true } = rules;
  const kinds = [
    rules.ExcludeLowercase ? '' : LOWERCASE,
    rules.ExcludeUppercase ? '' : LOWERCASE.toUpperCase(),
    rules.ExcludeNumbers ? '' : '0123456789',
    rules.ExcludePunctuation ? '' : PUNCTUATION,
    rules.IncludeSpace ? ' ' : '',
  ]
    .map((kind) => [...kind].filter((character) => !excluded.includes(character)))
    .filter((kind) => kind.length > 0);
  const all = kinds.flat();
  const required = RequireEachIncludedType ? kinds : [];
  if (all.length === 0 || required.length > length) {
    throw new Error('GenerateSecretString leaves no value that could be generated');
  }
  const pick = (from: readonly string[]) => from[random(from.length)] ?? '';
  const characters = [...required.map(pick), ...Array.from({ length: length - required.length }, () => pick(all))];
  // those that are required must not be known by their place
  for (let last = characters.length - 1; last > 0; last--) {
    const other = random(last + 1);
    [characters[last], characters[other]] = [characters[other] ?? '', characters[last] ?? ''];
  }
  return characters.join('');
}
