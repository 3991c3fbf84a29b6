/**
 * Loaded into the CDK app's process before the app itself: notes every module that it loads and every file and directory
 * that it reads, and at the end writes their paths, a JSON list, to the file that PARLEY_INPUTS names.
 */
import fs from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const inputs = new Set<string>();
const target = process.env.PARLEY_INPUTS;
delete process.env.PARLEY_INPUTS;

registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:')) inputs.add(fileURLToPath(url));
    return next(url, context);
  },
});

/** A file system call whose first argument is the path that it reads. */
type Reading = (path: unknown, ...rest: unknown[]) => unknown;

function record(module: Record<string, Reading>, ...names: readonly string[]): void {
  for (const name of names) {
    const read = module[name];
    if (read === undefined) continue;
    module[name] = Object.assign(function recorded(this: unknown, path: unknown, ...rest: unknown[]) {
      if (typeof path === 'string') inputs.add(resolve(path));
      else if (path instanceof URL) inputs.add(fileURLToPath(path));
      return read.call(this, path, ...rest);
    }, read);
  }
}

const reading = ['readFile', 'open', 'readdir', 'opendir', 'copyFile', 'cp'];
record(
  fs as unknown as Record<string, Reading>,
  ...reading,
  ...reading.map((name) => `${name}Sync`),
  'createReadStream',
);
record(fs.promises as unknown as Record<string, Reading>, ...reading);
syncBuiltinESMExports();

const write = fs.writeFileSync;
process.on('exit', () => {
  if (target !== undefined) write(target, JSON.stringify([...inputs]));
});
