import { describe, expect, it } from 'vitest';
import { renderLog, writeInvocation } from '../../../local/functions/function-log.ts';

const json = (fields: Record<string, unknown>) => JSON.stringify(fields);

/** As Powertools writes it. */
const warning = json({
  level: 'WARN',
  message: 'backlog is long',
  timestamp: '2026-01-01T00:00:00.000Z',
  service: 'parley',
  cold_start: true,
  function_request_id: 'r',
  channel: 'general',
  waiting: 20000,
});

describe('a function’s log', () => {
  it('is readable where it is structured', () => {
    expect(renderLog([warning]).shown).toEqual(['    WARN backlog is long  channel=general waiting=20000']);
  });

  it('shows plain lines as they are', () => {
    expect(renderLog(['here', '{"not":"structured"}', '{broken']).shown).toEqual([
      '    here',
      '    {"not":"structured"}',
      '    {broken',
    ]);
  });

  it('shows what a function says, and keeps what it says for a closer look, and metrics, as details', () => {
    const { shown, details } = renderLog([
      json({ level: 'INFO', message: 'subscribed' }),
      json({ level: 'DEBUG', message: 'claimed' }),
      json({ _aws: {}, Pushed: 3, service: 'parley' }),
    ]);
    expect(shown).toEqual(['    INFO subscribed']);
    expect(details).toEqual(['    DEBUG claimed', '    METRICS Pushed=3 service=parley']);
  });

  it('tells errors with their stack and their cause', () => {
    const error = {
      name: 'Error',
      message: 'no',
      stack: 'Error: no\n    at a',
      cause: { name: 'TypeError', message: 'why' },
    };
    expect(renderLog([json({ level: 'ERROR', message: 'failed', error })]).shown).toEqual([
      '    ERROR failed',
      '      Error: no',
      '        at a',
      '      caused by TypeError: why',
    ]);
  });
});

describe('an invocation', () => {
  function written(outcome: Parameters<typeof writeInvocation>[1]['outcome']) {
    const lines: string[] = [];
    const activity = {
      note: (line: string) => lines.push(`note ${line}`),
      warn: (line: string) => lines.push(`warn ${line}`),
      detail: (line: string) => lines.push(`detail ${line}`),
    };
    const log = [warning, json({ level: 'DEBUG', message: 'm' })];
    writeInvocation(activity, { source: 'ws $connect', functionName: 'Connect', ms: 12, outcome, log });
    return lines;
  }

  it.each([
    [{ statusCode: 401 }, '401'],
    [{ batchItemFailures: [{}, {}] }, '2 given back'],
    [{ batchItemFailures: [] }, 'ok'],
    [null, 'ok'],
    ['text', 'ok'],
  ])('tells what came of it: %j', (payload, told) => {
    expect(written({ payload })[0]?.split('\n')[0]).toBe(`note ws $connect → Connect  12 ms  ${told}`);
  });

  it('has the log below its line, and details apart', () => {
    expect(written({ payload: null })).toEqual([
      'note ws $connect → Connect  12 ms  ok\n    WARN backlog is long  channel=general waiting=20000',
      'detail     DEBUG m',
    ]);
  });

  it('is a warning where it failed', () => {
    const error = { errorType: 'Error', errorMessage: 'no', trace: ['Error: no', '    at a'] };
    expect(written({ error })[0]).toBe(
      'warn ws $connect → Connect  12 ms  Error: no\n    at a\n    WARN backlog is long  channel=general waiting=20000',
    );
  });
});
