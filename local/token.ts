import { randomUUID } from 'node:crypto';
import { deployedKeys } from './identity/deployed-keys.ts';
import { KEYS_DIRECTORY, openKeys } from './identity/keys.ts';
import { parseTokenArguments, TOKEN_USAGE } from './identity/token-arguments.ts';
import { accessToken, stackToken } from './identity/tokens.ts';
import { StartError } from './start-error.ts';

/**
 * What `npm run -s token` prints for a command line: a token, or how to ask for one. Keys are made in `directory` when
 * they are missing; no server needs to run. Throws a StartError where the command line asks for what cannot be.
 */
export async function tokenFor(
  argv: readonly string[],
  { directory, now }: { readonly directory: string; readonly now: number },
): Promise<string> {
  const asked = parseTokenArguments(argv);
  if (asked === 'help') return TOKEN_USAGE;
  const { user, ttl, claims, stack } = asked;
  const request = { user, ttl, now, id: randomUUID() };
  if (stack !== undefined) return stackToken((await deployedKeys(stack)).signingKey, request, claims);
  const keys = await openKeys(directory);
  return claims === undefined ? accessToken(keys, request) : stackToken(keys.signingKey, request, claims);
}

if (import.meta.main) {
  try {
    console.log((await tokenFor(process.argv.slice(2), { directory: KEYS_DIRECTORY, now: Date.now() })).trimEnd());
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
