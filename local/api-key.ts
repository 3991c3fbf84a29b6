import { parseArgs } from 'node:util';
import { apiKeyOf } from './identity/api-key.ts';
import { deployedKeys } from './identity/deployed-keys.ts';
import { KEYS_DIRECTORY, openKeys } from './identity/keys.ts';
import { StartError } from './start-error.ts';

const USAGE = `npm run -s api-key                      the key of the local server API (without --api-key)
npm run -s api-key -- --stack Parley    that of a deployed stack, from its secret`;

/**
 * What `npm run -s api-key` prints for a command line: the key of the server API, or how to ask for one. Keys are made in
 * `directory` when they are missing; no server needs to run. Throws a StartError where it cannot be had.
 */
export async function apiKeyFor(argv: readonly string[], directory: string): Promise<string> {
  const { stack, help } = parsed(argv);
  if (help) return USAGE;
  return apiKeyOf(stack === undefined ? await openKeys(directory) : await deployedKeys(stack));
}

function parsed(argv: readonly string[]): { readonly stack?: string; readonly help?: boolean } {
  try {
    return parseArgs({ args: [...argv], options: { stack: { type: 'string' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`, { cause: error });
  }
}

if (import.meta.main) {
  try {
    console.log(await apiKeyFor(process.argv.slice(2), KEYS_DIRECTORY));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
