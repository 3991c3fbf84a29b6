import { terminalActivity } from './activity.ts';
import { parseOptions, USAGE } from './options.ts';
import { introductionText } from './page.ts';
import { startParley } from './serve.ts';
import { StartError } from './start-error.ts';
import { whenStarterIsGone } from './starter.ts';
import { systemClock } from './system-clock.ts';

/** What is still there after this is ended with the process. */
const END_WITHIN_MS = 1900;

/** `npm start`: serves until it is told to end. */
async function main(argv: readonly string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options === 'help') {
    console.log(USAGE);
    return;
  }
  const ending = new AbortController();
  const { promise: told, resolve: end } = Promise.withResolvers<void>();
  ending.signal.addEventListener('abort', () => {
    setTimeout(() => process.exit(), END_WITHIN_MS).unref();
    end();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // a second Ctrl-C does not wait
      if (ending.signal.aborted) process.exit(130);
      ending.abort();
    });
  }
  // nobody reads any more, as behind `| head`
  process.stdout.on('error', () => ending.abort());
  if (process.env.npm_lifecycle_event !== undefined) whenStarterIsGone(systemClock, () => ending.abort());
  const { idleTimeoutMs, maxDurationMs, verbose, ...rest } = options;
  const activity = terminalActivity({
    verbose,
    colors: process.stdout.isTTY,
    write: (text) => process.stdout.write(text),
    now: () => Date.now(),
  });
  try {
    const parley = await startParley({
      ...rest,
      activity,
      signal: ending.signal,
      gateway: {
        ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
        ...(maxDurationMs !== undefined && { maxDurationMs }),
      },
    });
    process.stdout.write(introductionText(parley.introduction));
    await told;
    await parley.close();
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
});
