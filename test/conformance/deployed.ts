import { resolve } from 'node:path';
// biome-ignore lint/suspicious/noDeprecatedImports: only an older form of it is
import { startVitest } from 'vitest/node';
import { StartError } from '../../local/start-error.ts';
import { DEPLOYED_USAGE, parseDeployedArguments } from './deployed-arguments.ts';
import { deployedStack } from './deployed-stack.ts';

/** `npm run test:deployed`: tries the scenarios on a deployed stack. */
async function main(argv: readonly string[]): Promise<void> {
  const asked = parseDeployedArguments(argv);
  if (asked === 'help') {
    console.log(DEPLOYED_USAGE);
    return;
  }
  const host = await deployedStack(asked.stack);
  const vitest = await startVitest([], {
    config: false,
    root: resolve(import.meta.dirname, '../..'),
    include: ['test/conformance/deployed.test.ts'],
    watch: false,
    provide: { deployed: { host, idle: asked.idle } },
  });
  await vitest.close();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
});
