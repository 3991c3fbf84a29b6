import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';

/**
 * What an app's cloud assembly is made from, as two hashes. `tree`: all of the project and of the app's own folder, whatever
 * reads it; `read`: what the app's process has read elsewhere.
 */
export interface InputHashes {
  readonly tree: string;
  readonly read: string;
}

/** Folders that are not walked: nothing there is built into a stack, or the app's process is seen reading it. */
const NOT_WALKED = new Set(['node_modules', 'cdk.out', 'coverage', 'test', 'docs', 'bench']);

/** Names in the environment that differ between two terminals, and say nothing to an app. */
const OF_THE_TERMINAL =
  /^(_|SHLVL|PWD|OLDPWD|INIT_CWD|TMPDIR|TEMP|TMP|COLUMNS|LINES|TERM.*|COLOR|COLORTERM|FORCE_COLOR|NO_COLOR|WINDOWID|SSH_.*|XDG_.*|DBUS_.*|npm_.*|VITEST.*|NODE_V8_COVERAGE)$/;

/** What a synthesis depends on. */
export interface InputsOptions {
  readonly project: string;
  /** The app's entry file, absolute. */
  readonly file: string;
  /** Absolute paths that are written, not read: the output, the data. */
  readonly except: readonly string[];
}

/** Hashes what the next synthesis would be made from; `paths` is what the last one's process has read. */
export function hashInputs(options: InputsOptions, paths: readonly string[], environment = process.env): InputHashes {
  const tree = createHash('sha256');
  tree.update(JSON.stringify([process.version, options.file, relevantEnvironment(environment)]));
  // the installed packages: npm writes this list whenever it changes them
  addFile(tree, join(options.project, 'node_modules', '.package-lock.json'));
  for (const root of rootsOf(options)) addTree(tree, root, options.except);

  const read = createHash('sha256');
  for (const path of [...paths].sort()) {
    if (!isWalked(path, options)) addPath(read, path);
  }
  return { tree: tree.digest('hex'), read: read.digest('hex') };
}

/** Which of the paths that the app's process has read must be remembered: those that are not hashed anyway. */
export function notable(paths: readonly string[], options: InputsOptions): string[] {
  return paths.filter((path) => {
    // ~/.cdk is the CDK's own cache of what it has hashed
    const written = [...options.except, join(homedir(), '.cdk')].some((root) => isWithin(path, root));
    return !written && !path.split(sep).includes('node_modules') && !isWalked(path, options);
  });
}

function rootsOf({ project, file }: InputsOptions): string[] {
  const folder = dirname(file);
  return isWithin(folder, project) ? [project] : [project, folder];
}

function isWalked(path: string, options: InputsOptions): boolean {
  return rootsOf(options).some((root) => {
    return (
      isWithin(path, root) &&
      !relative(root, path)
        .split(sep)
        .some((name) => NOT_WALKED.has(name) || name.startsWith('.'))
    );
  });
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function relevantEnvironment(environment: NodeJS.ProcessEnv): [string, string | undefined][] {
  return Object.entries(environment)
    .filter(([name]) => !OF_THE_TERMINAL.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function addTree(hash: Hash, directory: string, except: readonly string[]): void {
  for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.name.startsWith('.') || NOT_WALKED.has(entry.name) || except.includes(path)) continue;
    if (entry.isDirectory()) addTree(hash, path, except);
    else if (entry.isFile()) addFile(hash, path);
  }
}

function addPath(hash: Hash, path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    hash.update(JSON.stringify([path, readdirSync(path).sort()]));
  } else addFile(hash, path);
}

function addFile(hash: Hash, path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  hash.update(JSON.stringify([path, found?.isFile() ? found.size : null]));
  if (found?.isFile()) hash.update(readFileSync(path));
}
