import { expect, it } from 'vitest';
import { terminalActivity } from '../../local/activity.ts';

function written(
  options: { verbose?: boolean; colors?: boolean },
  use: (activity: ReturnType<typeof terminalActivity>) => void,
): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  use(
    terminalActivity({
      verbose: false,
      colors: false,
      ...options,
      write,
      now: () => new Date(2026, 0, 2, 3, 4, 5, 6).getTime(),
    }),
  );
  return text;
}

it('writes the time before each entry, and what belongs to it below', () => {
  const text = written({}, (activity) => {
    activity.note('one\n    two');
    activity.warn('three');
  });
  expect(text).toBe('03:04:05.006  one\n                two\n03:04:05.006  three\n');
});

it('writes details only where asked to', () => {
  expect(written({}, (activity) => activity.detail('more'))).toBe('');
  expect(written({ verbose: true }, (activity) => activity.detail('more'))).toBe('03:04:05.006  more\n');
});

it('colors warnings where there are colors', () => {
  expect(written({ colors: true }, (activity) => activity.warn('bad'))).toBe('\u001b[33m03:04:05.006  bad\u001b[39m\n');
});
