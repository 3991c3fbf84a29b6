import { expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';
import { APP, LOCAL, localHost } from './local-host.ts';
import { tryScenarios } from './suite.ts';
import { TOPICS } from './topics.ts';

const parley = useParley({ app: APP });

tryScenarios(TOPICS, LOCAL, () => localHost(parley));

it('goes through all of it without an error in a log', () => {
  expect(parley.lines.filter((line) => /^ {4}ERROR /m.test(line))).toEqual([]);
});
