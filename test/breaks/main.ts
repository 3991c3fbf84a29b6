import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pMap from 'p-map';
import { BREAKS, type Break } from './breaks.ts';

const root = resolve(import.meta.dirname, '../..');
const reports = mkdtempSync(join(tmpdir(), 'parley-breaks-'));
const wanted = process.argv[2] ?? '';

/** Runs the tests of the core, the simulation among them, with one rule left out. Answers the first invariant that was found broken, or why there is none. */
async function tried({ name }: Break): Promise<{ found: boolean; text: string }> {
  const reportFile = join(reports, `${name.split(':')[0]}.json`);
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config=test/breaks/vitest.config.ts', `--outputFile=${reportFile}`],
    {
      cwd: root,
      env: { ...process.env, PARLEY_BREAK: name, PARLEY_RUNS: '300', PARLEY_SEED: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  await new Promise((done) => child.on('close', done));
  if (!existsSync(reportFile)) return { found: false, text: `did not run: ${output}` };
  const report = JSON.parse(readFileSync(reportFile, 'utf8'));
  const tests = report.testResults.flatMap((file: { assertionResults: unknown[] }) => file.assertionResults);
  const failed = tests.find(({ status }: { status: string }) => status === 'failed');
  if (!failed) return { found: false, text: report.testResults[0]?.message || 'NOT FOUND' };
  // of a property, fast-check tells the counterexample first
  const said = String(failed.failureMessages[0]).match(/(?:Got |^)Error: (.*)/m);
  return {
    found: true,
    text: `${failed.ancestorTitles.at(-1)}: ${said?.[1] ?? String(failed.failureMessages[0]).split('\n')[0]}`,
  };
}

const chosen = BREAKS.filter(({ name }) => name.startsWith(wanted));
const results = await pMap(
  chosen,
  async (one) => {
    const { found, text } = await tried(one);
    console.log(`${found ? 'found    ' : 'NOT FOUND'} ${one.name}\n            ${text}`);
    return found;
  },
  { concurrency: availableParallelism() },
);
rmSync(reports, { recursive: true });
const missed = results.filter((found) => !found).length;
console.log(`${results.length - missed} of ${results.length} breaks found`);
process.exitCode = missed > 0 || results.length === 0 ? 1 : 0;
