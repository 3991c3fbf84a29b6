import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StartError } from './start-error.ts';

/** What `npm start --help` prints. */
export const USAGE = `Usage: npm start -- [options]

  --port N             where to listen, on this machine alone (3000)
  --app FILE           another CDK app than bin/parley.ts; in this folder, so that it finds the packages
  --api-key KEY        the key of the server API (default: as npm run -s api-key prints it)
  --idle-timeout S     ends connections that are silent that long (600 s)
  --max-duration S     ends connections that are that old (7200 s)
  --schedule-minute S  lets a minute of the schedules take that long (60 s)
  --data DIR           keeps tables and queues there (default: in memory)
  --verbose            shows everything
  --help               shows this`;

/** What the command line asks for. Paths are absolute, times in milliseconds. */
export interface Options {
  readonly port: number;
  readonly app?: string;
  readonly apiKey?: string;
  readonly idleTimeoutMs?: number;
  readonly maxDurationMs?: number;
  readonly scheduleMinuteMs?: number;
  readonly dataDirectory?: string;
  readonly verbose: boolean;
}

/** Reads the arguments of `npm start`. Throws a StartError for an option or a value that makes no sense. */
export function parseOptions(argv: readonly string[]): Options | 'help' {
  const values = parsed(argv);
  if (values.help) return 'help';
  const { port = '3000', app, data } = values;
  const apiKey = values['api-key'];
  const idle = values['idle-timeout'];
  const duration = values['max-duration'];
  const minute = values['schedule-minute'];
  if (apiKey === '') throw new StartError('--api-key needs a key.');
  return {
    port: wholeNumber('--port', port, 0, 65_535),
    ...(app !== undefined && { app: resolve(app) }),
    ...(apiKey !== undefined && { apiKey }),
    ...(idle !== undefined && { idleTimeoutMs: wholeNumber('--idle-timeout', idle, 1, 7200) * 1000 }),
    ...(duration !== undefined && { maxDurationMs: wholeNumber('--max-duration', duration, 1, 7200) * 1000 }),
    ...(minute !== undefined && { scheduleMinuteMs: wholeNumber('--schedule-minute', minute, 1, 60) * 1000 }),
    ...(data !== undefined && { dataDirectory: resolve(data) }),
    verbose: values.verbose ?? false,
  };
}

function parsed(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string' },
        app: { type: 'string' },
        'api-key': { type: 'string' },
        'idle-timeout': { type: 'string' },
        'max-duration': { type: 'string' },
        'schedule-minute': { type: 'string' },
        data: { type: 'string' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (cause) {
    // parseArgs says well what is wrong, and then explains how to escape it
    const [what] = (cause as Error).message.split(/\. (?=To |Did )/);
    throw new StartError(`${what?.replace(/\.$/, '')}. (npm start -- --help shows the options.)`, { cause });
  }
}

function wholeNumber(option: string, value: string, minimum: number, maximum: number): number {
  const number = /^\d{1,6}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= minimum && number <= maximum) return number;
  throw new StartError(`${option} needs a whole number from ${minimum} to ${maximum}, not ${JSON.stringify(value)}.`);
}
