import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../local/options.ts';

describe('the options of npm start', () => {
  it('have defaults', () => {
    expect(parseOptions([])).toEqual({ port: 3000, verbose: false });
  });

  it('are read, times in milliseconds and paths absolute', () => {
    const argv = [
      '--port',
      '0',
      '--app=my/app.ts',
      '--api-key',
      'k',
      '--idle-timeout',
      '5',
      '--max-duration',
      '60',
      '--schedule-minute=2',
      '--data',
      'd',
      '--verbose',
    ];
    expect(parseOptions(argv)).toEqual({
      port: 0,
      app: join(process.cwd(), 'my/app.ts'),
      apiKey: 'k',
      idleTimeoutMs: 5000,
      maxDurationMs: 60_000,
      scheduleMinuteMs: 2000,
      dataDirectory: join(process.cwd(), 'd'),
      verbose: true,
    });
  });

  it('ask for help', () => {
    expect(parseOptions(['--help'])).toBe('help');
  });

  it.each<[string[], RegExp]>([
    [['--prot', '1'], /^Unknown option '--prot'\. \(npm start -- --help/],
    [['3000'], /^Unexpected argument '3000'/],
    [['--port'], /--port <value>' argument missing/],
    [['--port', 'http'], /^--port needs a whole number from 0 to 65535, not "http"\.$/],
    [['--port', '65536'], /^--port needs/],
    [['--idle-timeout', '0'], /^--idle-timeout needs a whole number from 1 to 7200/],
    [['--max-duration', '7201'], /^--max-duration needs/],
    [['--schedule-minute', '0.5'], /^--schedule-minute needs a whole number from 1 to 60/],
    [['--api-key', ''], /^--api-key needs a key/],
    [['--verbose=yes'], /--verbose' does not take an argument/],
  ])('are refused in one line: %j', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
    expect(() => parseOptions(argv)).toThrow(
      expect.objectContaining({ name: 'StartError', message: expect.not.stringContaining('\n') }),
    );
  });
});
