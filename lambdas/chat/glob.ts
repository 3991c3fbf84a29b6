import { ParleyError } from './errors.ts';

/** From these places of a text, where a part of a pattern may end. */
type Part = (text: string, starts: ReadonlySet<number>) => ReadonlySet<number>;

/** A pattern that is being read. */
interface Reading {
  readonly pattern: string;
  at: number;
}

/**
 * Whether a text matches a glob, all of it, as Centrifugo understands one (gobwas/glob without separators): `*` and
 * `**` any text, `?` one character, `[abc]`, `[a-c]` and `[!a-c]` one of or but these, `{a,b}` either, `\` makes the
 * next character an ordinary one. Its time grows with the lengths alone, however many `*` there are.
 *
 * Throws `bad_request` for what is no such pattern.
 */
export function globOf(pattern: string): (text: string) => boolean {
  const whole = sequence({ pattern, at: 0 }, '');
  return (text) => whole(text, new Set([0])).has(text.length);
}

/** Parts up to one of the characters in `ends`, or the pattern's end. */
function sequence(reading: Reading, ends: string): Part {
  const parts: Part[] = [];
  for (;;) {
    const next = reading.pattern[reading.at];
    if (next === undefined || ends.includes(next)) break;
    parts.push(part(reading));
  }
  return (text, starts) => parts.reduce((places, follow) => follow(text, places), starts);
}

function part(reading: Reading): Part {
  const next = taken(reading);
  switch (next) {
    case '*':
      return anyText;
    case '?':
      return character(() => true);
    case '[':
      return oneOf(reading);
    case '{':
      return alternatives(reading);
    case '\\': {
      const plain = taken(reading);
      return character((c) => c === plain);
    }
    default:
      return character((c) => c === next);
  }
}

const anyText: Part = (text, starts) => {
  const first = Math.min(...starts);
  return new Set(Array.from({ length: Math.max(text.length - first + 1, 0) }, (_, i) => first + i));
};

const character =
  (fits: (c: string) => boolean): Part =>
  (text, starts) => {
    const ends = [...starts].filter((at) => at < text.length && fits(text.charAt(at))).map((at) => at + 1);
    return new Set(ends);
  };

function alternatives(reading: Reading): Part {
  const parts: Part[] = [];
  do parts.push(sequence(reading, ',}'));
  while (taken(reading) === ',');
  return (text, starts) => new Set(parts.flatMap((one) => [...one(text, starts)]));
}

function oneOf(reading: Reading): Part {
  const isNot = reading.pattern[reading.at] === '!';
  if (isNot) reading.at++;
  const ranges: { readonly low: string; readonly high: string }[] = [];
  for (let next = taken(reading); next !== ']'; next = taken(reading)) {
    const low = next === '\\' ? taken(reading) : next;
    const high = isRange(reading) ? upperEnd(reading) : low;
    if (high < low) throw notAGlob(reading);
    ranges.push({ low, high });
  }
  if (ranges.length === 0) throw notAGlob(reading);
  return character((c) => ranges.some(({ low, high }) => low <= c && c <= high) !== isNot);
}

/** (a `-` that stands last is one of the characters) */
const isRange = ({ pattern, at }: Reading): boolean => pattern[at] === '-' && pattern[at + 1] !== ']';

function upperEnd(reading: Reading): string {
  reading.at++;
  const next = taken(reading);
  return next === '\\' ? taken(reading) : next;
}

/** The next character, which must be there. */
function taken(reading: Reading): string {
  const next = reading.pattern[reading.at];
  if (next === undefined) throw notAGlob(reading);
  reading.at++;
  return next;
}

const notAGlob = ({ at }: Reading) =>
  new ParleyError('bad_request', `pattern: is no glob, as is seen at its character ${at}`);
