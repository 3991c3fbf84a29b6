import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BREAKS } from '../../breaks/breaks.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const edits = BREAKS.flatMap(({ name, edits: all }) => all.map(([file, from]) => ({ name, file, from })));

it.each(edits)('leaves out what the code says: $name', ({ file, from }) => {
  expect(readFileSync(join(PROJECT, file), 'utf8').split(from)).toHaveLength(2);
});
