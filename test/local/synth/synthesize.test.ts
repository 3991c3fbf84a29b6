import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SynthesisOptions, synthesize } from '../../../local/synth/synthesize.ts';

let project: string;
let elsewhere: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'parley-project-'));
  elsewhere = mkdtempSync(join(tmpdir(), 'parley-elsewhere-'));
  mkdirSync(join(project, 'bin'));
  write('package.json', '{ "type": "module" }');
  write('cdk.json', '{ "context": { "greeting": "hello" } }');
  write('cdk.context.json', '{ "looked-up": 1 }');
  write('lambdas.txt', 'code');
  app(`console.log('an app talks');`);
});

afterEach(() => {
  rmSync(project, { recursive: true });
  rmSync(elsewhere, { recursive: true });
});

function write(file: string, content: string): void {
  writeFileSync(join(project, file), content);
}

/** Stands for a CDK app: writes what it was told into the output, as `manifest.json`. */
function app(code: string): void {
  write(
    'bin/app.ts',
    `import { readFileSync, writeFileSync } from 'node:fs';
     const { CDK_OUTDIR, CDK_CONTEXT_JSON, CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION, PARLEY_INPUTS } = process.env;
     writeFileSync(CDK_OUTDIR + '/manifest.json', JSON.stringify({ context: JSON.parse(CDK_CONTEXT_JSON!), CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION, PARLEY_INPUTS, cwd: process.cwd() }));
     ${code}`,
  );
}

function run(options: Partial<SynthesisOptions> = {}) {
  return synthesize({
    project,
    file: join(project, 'bin/app.ts'),
    outDirectory: join(project, 'cdk.out'),
    except: [],
    ...options,
  });
}

describe('a synthesis', () => {
  it('gives the app what the CDK CLI gives it', async () => {
    expect(await run()).toEqual({ skipped: false, printed: 'an app talks\n' });
    expect(JSON.parse(readFileSync(join(project, 'cdk.out/manifest.json'), 'utf8'))).toEqual({
      context: {
        greeting: 'hello',
        'looked-up': 1,
        'aws:cdk:enable-path-metadata': true,
        'aws:cdk:enable-asset-metadata': true,
        'aws:cdk:version-reporting': true,
        'aws:cdk:bundling-stacks': ['**'],
      },
      CDK_DEFAULT_ACCOUNT: '000000000000',
      CDK_DEFAULT_REGION: 'us-east-1',
      cwd: project,
    });
  });

  it('fails with the app’s own error, without the frames of Node', async () => {
    app(`throw new Error('historySize must be from 0 to 10000');`);
    const failure = await run().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'StartError',
      message: expect.stringContaining('historySize must be from 0 to 10000'),
    });
    expect((failure as Error).message).toContain('bin/app.ts');
    expect((failure as Error).message).not.toMatch(/node:internal|Node\.js v/);
  });

  it('fails where there is no such app', async () => {
    await expect(run({ file: join(project, 'bin/none.ts') })).rejects.toThrow(/There is no CDK app .*none\.ts/);
  });

  it('ends with its signal', async () => {
    app(`writeFileSync(CDK_OUTDIR + '/started', ''); for (;;);`);
    const controller = new AbortController();
    const running = run({ signal: controller.signal });
    const ended = expect(running).rejects.toThrow(/abort/i);
    await expect.poll(() => existsSync(join(project, 'cdk.out/started')), { timeout: 4000, interval: 10 }).toBe(true);
    controller.abort();
    await ended;
  });
});

describe('a second synthesis', () => {
  it('is skipped where nothing has changed', async () => {
    await run();
    expect(await run()).toMatchObject({ skipped: true });
  });

  it.each<[string, () => void | Promise<void>]>([
    ['the app', () => app('console.log(1);')],
    ['a file of the project', () => write('lambdas.txt', 'other code')],
    ['a new file of the project', () => write('new.txt', '')],
    ['cdk.json', () => write('cdk.json', '{}')],
    ['the output, by another tool', () => write('cdk.out/manifest.json', '{}')],
    ['the output, which is gone', () => rmSync(join(project, 'cdk.out'), { recursive: true })],
    [
      'the installed packages',
      () => {
        mkdirSync(join(project, 'node_modules'));
        write('node_modules/.package-lock.json', '{}');
      },
    ],
  ])('is not skipped after a change of %s', async (_, change) => {
    await run();
    await change();
    expect(await run()).toMatchObject({ skipped: false });
    expect(await run()).toMatchObject({ skipped: true });
  });

  it('is not skipped after a change of a file elsewhere that the app has read', async () => {
    const file = join(elsewhere, 'config.json');
    writeFileSync(file, '1');
    app(`readFileSync(${JSON.stringify(file)});`);
    await run();
    expect(await run()).toMatchObject({ skipped: true });
    writeFileSync(file, '2');
    expect(await run()).toMatchObject({ skipped: false });
  });

  it('is not skipped after a change of a module elsewhere that the app has loaded', async () => {
    const file = join(elsewhere, 'names.ts');
    writeFileSync(file, 'export const name: string = "a";');
    app(`await import(${JSON.stringify(file)});`);
    await run();
    expect(await run()).toMatchObject({ skipped: true });
    writeFileSync(file, 'export const name: string = "b";');
    expect(await run()).toMatchObject({ skipped: false });
  });

  it('is not skipped for another app, or after a change beside an app elsewhere', async () => {
    await run();
    const other = join(elsewhere, 'app.ts');
    writeFileSync(other, readFileSync(join(project, 'bin/app.ts')));
    writeFileSync(join(elsewhere, 'package.json'), '{ "type": "module" }');
    expect(await run({ file: other })).toMatchObject({ skipped: false });
    expect(await run({ file: other })).toMatchObject({ skipped: true });
    writeFileSync(join(elsewhere, 'handler.txt'), '');
    expect(await run({ file: other })).toMatchObject({ skipped: false });
  });

  it('is not skipped after a change of the environment', async () => {
    await run();
    process.env.PARLEY_TEST_STAGE = 'two';
    expect(await run()).toMatchObject({ skipped: false });
    delete process.env.PARLEY_TEST_STAGE;
  });

  it('is not skipped after one that failed', async () => {
    await run();
    app('process.exit(1);');
    await expect(run()).rejects.toThrow();
    await expect(run()).rejects.toThrow();
  });

  it('is skipped whatever was written to the data directory', async () => {
    const data = join(project, 'data');
    mkdirSync(data);
    await run({ except: [data] });
    write('data/journal', 'x');
    expect(await run({ except: [data] })).toMatchObject({ skipped: true });
  });
});
