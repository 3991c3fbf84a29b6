import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, startCommand } from './command.ts';

const PROJECT = join(import.meta.dirname, '../..');
/** What `npm start` needs of a clone. */
const SOURCES = ['bin', 'lib', 'lambdas', 'local', 'cdk.json', 'package.json', 'tsconfig.json'];

/** A clone of this project, installed, with a home and a place for temporary files that are its own. */
export interface Checkout {
  /** Its directory. */
  readonly directory: string;
  /** Runs a line in it, as a person at a terminal would who has just signed in. */
  run(line: string): Command;
  /** Kills what still runs, and removes all. */
  remove(): void;
}

/** Copies the sources as they are; the installed packages are shared. */
export function cloneCheckout(): Checkout {
  const root = mkdtempSync(join(tmpdir(), 'parley-checkout-'));
  const [directory, home] = [join(root, 'parley'), join(root, 'home')];
  for (const made of [directory, home]) mkdirSync(made);
  for (const name of SOURCES) cpSync(join(PROJECT, name), join(directory, name), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules'), join(directory, 'node_modules'));
  const commands: Command[] = [];
  return {
    directory,
    run(line) {
      const temporary = mkdtempSync(join(root, 'tmp-'));
      const command = startCommand(line, { cwd: directory, env: { ...terminal(), HOME: home }, temporary });
      commands.push(command);
      return command;
    },
    remove() {
      for (const command of commands) command.signal('SIGKILL');
      rmSync(root, { recursive: true });
    },
  };
}

/** The environment without what npm and vitest have put into it. */
function terminal(): NodeJS.ProcessEnv {
  const foreign = /^(npm_|VITEST|NODE_|INIT_CWD$|TEST$|DEV$|PROD$|MODE$|SSR$|BASE_URL$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
