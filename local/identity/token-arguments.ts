import { parseArgs } from 'node:util';
import { StartError } from '../start-error.ts';

/** What `npm run -s token -- --help` prints. */
export const TOKEN_USAGE = `Usage: npm run -s token -- USER [options]

Prints a token for that user and nothing else.

  --ttl S          good for S seconds (12 hours; with --stack, 1 hour); negative: one that has expired
  --claims JSON    more claims: caps, info
  --channel C      a subscription token for the channel C
  --stack NAME     for the deployed stack, with your AWS credentials and region
  --help           this text

Without --claims, --channel and --stack it is an access token of the local issuer; else the stack's own key signs it.
`;

/** What is asked for. */
export interface TokenArguments {
  readonly user: string;
  /** Seconds. */
  readonly ttl: number;
  /** Absent: the issuer can say it all. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** A deployed stack's name; absent: the local one. */
  readonly stack?: string;
}

const HOUR = 60 * 60;
/** What the other arguments say, or the stack's own tokens never have. */
const RESERVED = ['iss', 'sub', 'iat', 'exp', 'jti'];

/** Reads the command line; `help` where that is all it asks for. Throws a StartError that says what is wrong. */
export function parseTokenArguments(argv: readonly string[]): TokenArguments | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  const [user, ...others] = positionals;
  if (user === undefined || user === '') throw new StartError('Whose token? Name the user: npm run -s token -- alice');
  if (others.length > 0) throw new StartError(`One user at a time: what is ${others.join(' ')}?`);
  const claims = {
    ...(values.claims !== undefined && claimsOf(values.claims)),
    ...(values.channel !== undefined && { channel: values.channel }),
  };
  return {
    user,
    ttl: values.ttl === undefined ? (values.stack === undefined ? 12 : 1) * HOUR : ttlOf(values.ttl),
    ...((values.claims !== undefined || values.channel !== undefined) && { claims }),
    ...(values.stack !== undefined && { stack: values.stack }),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: joined(argv),
      allowPositionals: true,
      options: {
        ttl: { type: 'string' },
        claims: { type: 'string' },
        channel: { type: 'string' },
        stack: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    // Node goes on to say how to pass such a word on
    const [what] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new StartError(`${what} (npm run -s token -- --help shows the options.)`, { cause: error });
  }
}

/** `--ttl -60` as `--ttl=-60`: parseArgs takes what begins with a hyphen for an option. */
function joined(argv: readonly string[]): string[] {
  const parts: string[] = [];
  for (const part of argv) {
    if (parts.at(-1) === '--ttl' && /^-\d/.test(part)) parts[parts.length - 1] = `--ttl=${part}`;
    else parts.push(part);
  }
  return parts;
}

function ttlOf(text: string): number {
  const ttl = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(ttl)) return ttl;
  throw new StartError(`--ttl is a whole number of seconds, not ${JSON.stringify(text)}.`);
}

function claimsOf(text: string): Readonly<Record<string, unknown>> {
  const claims = parsed(text);
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new StartError(`--claims is a JSON object such as {"caps":[…]}, not ${JSON.stringify(text)}.`);
  }
  const reserved = RESERVED.find((name) => Object.hasOwn(claims, name));
  if (reserved !== undefined) throw new StartError(`--claims cannot set ${reserved}.`);
  return claims as Record<string, unknown>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
