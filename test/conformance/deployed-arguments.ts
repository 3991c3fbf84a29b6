import { parseArgs } from 'node:util';
import { StartError } from '../../local/start-error.ts';

/** What `npm run test:deployed -- --help` prints. */
export const DEPLOYED_USAGE = `Usage: npm run test:deployed -- --stack NAME [options]

Tries a deployed stack, with your AWS credentials and region: they read its outputs and its secret, by which tokens are signed.
It connects some hundred clients, publishes some thousand messages to channels of its own, and leaves no connection behind.

  --stack NAME   the stack, such as Parley
  --idle         also waits until API Gateway's 10 minutes of silence are over (20 minutes)
  --help         this text

A stack that is made of test/conformance/app.ts is tried with all namespaces; another one with what bin/parley.ts has.`;

/** What is asked for. */
export interface DeployedArguments {
  readonly stack: string;
  readonly idle: boolean;
}

/** Reads the command line; `help` where that is all it asks for. Throws a StartError that says what is wrong. */
export function parseDeployedArguments(argv: readonly string[]): DeployedArguments | 'help' {
  const { stack, idle = false, help = false } = parsed(argv);
  if (help) return 'help';
  if (stack === undefined || stack === '') {
    throw new StartError(`Which stack? Name it: npm run test:deployed -- --stack Parley\n\n${DEPLOYED_USAGE}`);
  }
  return { stack, idle };
}

function parsed(argv: readonly string[]) {
  try {
    const options = { stack: { type: 'string' }, idle: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    // Node goes on to say how to pass such a word on
    const [what] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new StartError(`${what}\n\n${DEPLOYED_USAGE}`, { cause: error });
  }
}
