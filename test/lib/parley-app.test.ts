import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const { app, context } = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8'));

describe('the app', () => {
  let directory: string;
  const outputs: { stdout: string; stderr: string }[] = [];
  const read = (output: string, file: string) => readFileSync(join(directory, output, file), 'utf8');

  /** Synthesizes as the CDK's command does, once with its check of the template, which takes longest. */
  function synthesize(output: string) {
    const [, ...args] = app.split(' ');
    const env = {
      ...process.env,
      CDK_OUTDIR: join(directory, output),
      CDK_CONTEXT_JSON: JSON.stringify(context),
      CDK_VALIDATION: String(output === 'one'),
    };
    return promisify(execFile)(process.execPath, args, { cwd: PROJECT, env });
  }

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'parley-app-'));
    outputs.push(...(await Promise.all(['one', 'other'].map(synthesize))));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it('is synthesized without a finding or a warning', () => {
    for (const { stdout, stderr } of outputs) expect(stdout + stderr).toBe('');
  });

  it('gives the same template at each synth, and the same code', () => {
    expect(read('one', 'Parley.template.json')).toBe(read('other', 'Parley.template.json'));
    expect(read('one', 'Parley.assets.json')).toBe(read('other', 'Parley.assets.json'));
  });

  it('has code of its own for each of the nine functions', () => {
    const { Resources } = JSON.parse(read('one', 'Parley.template.json'));
    const functions = Object.values<{ Type: string; Properties: { Code: { S3Key: string } } }>(Resources).filter(
      ({ Type }) => Type === 'AWS::Lambda::Function',
    );
    expect(new Set(functions.map(({ Properties }) => Properties.Code.S3Key)).size).toBe(9);
  });

  it('writes nothing of where it was built into the code', () => {
    const bundles = readdirSync(join(directory, 'one', 'bundles', 'Parley'), { recursive: true, withFileTypes: true });
    const files = bundles.filter((entry) => entry.isFile());
    expect(files).toHaveLength(18);
    for (const { parentPath, name } of files) {
      expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain(PROJECT);
    }
  });

  it('makes the unnamed namespace a chat: history, presence, joins and leaves, for every user', () => {
    const { Resources } = JSON.parse(read('one', 'Parley.template.json'));
    expect(JSON.parse(Resources.Commands.Properties.Environment.Variables.NAMESPACES)).toEqual({
      '': {
        historySize: 1000,
        historyTtl: 86_400,
        historyMetaTtl: 2_592_000,
        presence: true,
        joinLeave: true,
        forceRecovery: true,
        allowSubscribeForClient: true,
        allowPublishForSubscriber: true,
        allowHistoryForSubscriber: true,
        allowPresenceForSubscriber: true,
      },
    });
  });
});
