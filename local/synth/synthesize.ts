import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../start-error.ts';
import { runCdkApp } from './cdk-app.ts';
import { hashInputs, type InputHashes, type InputsOptions, notable } from './inputs.ts';

/** What is synthesized, and where to. */
export interface SynthesisOptions {
  /** Where cdk.json is. Absolute, as all paths here. */
  readonly project: string;
  /** The app's entry file. */
  readonly file: string;
  /** What the CDK calls cdk.out. */
  readonly outDirectory: string;
  /** Directories within the project that a running server writes to. */
  readonly except: readonly string[];
  readonly signal?: AbortSignal;
  /** Called before the app is run, which takes seconds; not called where that is skipped. */
  readonly onRun?: () => void;
}

/** What came of it. */
export interface Synthesis {
  /** Nothing had changed since the assembly was made, and the app was not run. */
  readonly skipped: boolean;
  /** What the app printed. */
  readonly printed: string;
}

/** What the last synthesis was made from and has made. It lies in the output: who deletes that gets a new one. */
interface SynthesisRecord extends InputHashes {
  readonly paths: readonly string[];
  readonly output: string;
}

/**
 * Makes the cloud assembly of a CDK app, unless the one that is there was made from the same: the same files in project
 * and app folder, packages, environment, Node, and whatever else the app's process has read. Throws a StartError with the
 * app's own error.
 */
export async function synthesize(options: SynthesisOptions): Promise<Synthesis> {
  const { file, outDirectory } = options;
  if (!existsSync(file)) throw new StartError(`There is no CDK app ${file}.`);
  const inputs: InputsOptions = { ...options, except: [...options.except, outDirectory] };
  const recordFile = join(outDirectory, 'parley-synthesis.json');
  const record = readRecord(recordFile);
  // taken before the app runs: a file that changes meanwhile is a change
  const before = hashInputs(inputs, record?.paths ?? []);
  if (record !== undefined && isCurrent(record, before, outDirectory)) return { skipped: true, printed: '' };

  options.onRun?.();
  mkdirSync(outDirectory, { recursive: true });
  rmSync(recordFile, { force: true });
  const inputsFile = join(outDirectory, `inputs-${process.pid}.json`);
  try {
    const printed = await runCdkApp({ ...options, inputsFile }, options.signal);
    const paths = notable(JSON.parse(readFileSync(inputsFile, 'utf8')) as string[], inputs);
    rmSync(inputsFile);
    const { read } = hashInputs(inputs, paths);
    const made: SynthesisRecord = { tree: before.tree, read, paths, output: hashOutput(outDirectory) };
    writeFileSync(recordFile, JSON.stringify(made));
    return { skipped: false, printed };
  } finally {
    rmSync(inputsFile, { force: true });
  }
}

function isCurrent(record: SynthesisRecord, { tree, read }: InputHashes, outDirectory: string): boolean {
  return record.tree === tree && record.read === read && record.output === hashOutput(outDirectory);
}

/** Notices that another tool (`cdk synth`, `cdk deploy`) has written there since, or that something is gone. */
function hashOutput(outDirectory: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(outDirectory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name === 'parley-synthesis.json') continue;
    hash.update(`${entry.name}\n`);
    if (entry.isFile()) hash.update(readFileSync(join(outDirectory, entry.name)));
  }
  return hash.digest('hex');
}

function readRecord(file: string): SynthesisRecord | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SynthesisRecord;
  } catch {
    // half written: as good as none
    return undefined;
  }
}
