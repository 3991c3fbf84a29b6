import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../start-error.ts';
import { ACCOUNT, REGION } from '../template/names.ts';

/** How to run a CDK app. Paths are absolute. */
export interface CdkApp {
  /** Where cdk.json is; the app runs there. */
  readonly project: string;
  /** The app's entry file. */
  readonly file: string;
  readonly outDirectory: string;
  /** Where the app's process writes down what it has read (see input-recorder.ts). */
  readonly inputsFile: string;
}

/**
 * Runs a CDK app as the CDK CLI does, with what that tells it by its environment (aws-cdk, cxapp/exec.ts). Resolves to
 * what the app printed. Throws a StartError with the app's own error.
 */
export function runCdkApp({ project, file, outDirectory, inputsFile }: CdkApp, signal?: AbortSignal): Promise<string> {
  const recorder = new URL('input-recorder.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', recorder, file], {
    cwd: project,
    env: {
      ...process.env,
      CDK_OUTDIR: outDirectory,
      CDK_CONTEXT_JSON: JSON.stringify(readContext(project)),
      CDK_DEFAULT_ACCOUNT: ACCOUNT,
      CDK_DEFAULT_REGION: REGION,
      // what a team's rules say of the template is said at 'cdk synth'; here it would take half of the time of a start
      CDK_VALIDATION: 'false',
      PARLEY_INPUTS: inputsFile,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    signal,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      if (code === 0) return resolve(printed);
      const how = killedBy === null ? `exit code ${code}` : killedBy;
      reject(new StartError(`The CDK app ${file} failed (${how}):\n\n${withoutForeignFrames(printed)}`));
    });
  });
}

/** The context that the CDK CLI would give: of cdk.json, of what it has looked up, and of its own settings' defaults. */
function readContext(project: string): Record<string, unknown> {
  const { context, versionReporting = true } = readJson(join(project, 'cdk.json'));
  return {
    ...readJson(join(project, 'cdk.context.json')),
    ...(context as Record<string, unknown> | undefined),
    'aws:cdk:enable-path-metadata': true,
    'aws:cdk:enable-asset-metadata': true,
    [versionReporting === true ? 'aws:cdk:version-reporting' : 'aws:cdk:disable-version-reporting']: true,
    'aws:cdk:bundling-stacks': ['**'],
  };
}

function readJson(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new StartError(`${file} is not JSON.`, { cause });
  }
}

/** The app's own part of what Node prints of an error: without the frames of Node and of libraries. */
function withoutForeignFrames(printed: string): string {
  const foreign = /^ +at .*(node:|node_modules)/;
  const lines = printed.split('\n').filter((line) => !foreign.test(line));
  return lines
    .join('\n')
    .replace(/\n+Node\.js v[\d.]+\n*$/, '')
    .trim();
}
