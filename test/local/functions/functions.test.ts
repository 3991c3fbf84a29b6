import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FunctionDeclaration } from '../../../local/declarations.ts';
import { type Functions, type FunctionsOptions, runFunctions } from '../../../local/functions/functions.ts';
import type { Activity } from '../../../local/invocation.ts';
import { systemClock } from '../../../local/system-clock.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:Parley-Echo';

let directory: string;
let notes: string[];
let warnings: string[];
let details: string[];
let running: Functions[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-functions-'));
  notes = [];
  warnings = [];
  details = [];
  running = [];
});

afterEach(async () => {
  for (const functions of running) await functions.close();
  rmSync(directory, { recursive: true });
});

const activity: Activity = {
  note: (line) => notes.push(line),
  warn: (line) => warnings.push(line),
  detail: (line) => details.push(line),
};

function declaration(code: string, over: Partial<FunctionDeclaration> = {}, file = 'index.mjs'): FunctionDeclaration {
  const codeDirectory = join(directory, `code-${file}`);
  mkdirSync(codeDirectory, { recursive: true });
  writeFileSync(join(codeDirectory, file), code);
  return {
    logicalId: 'EchoA1B2C3D4',
    name: 'Parley-Echo',
    arn: ARN,
    codeDirectory,
    handler: 'index.handler',
    timeoutMs: 15_000,
    memoryMb: 256,
    environment: {},
    statements: [],
    ...over,
  };
}

function serve(
  declared: FunctionDeclaration,
  options: Partial<FunctionsOptions> = {},
): (event: unknown) => ReturnType<Functions['invoke']> {
  const functions = runFunctions([declared], { activity, clock: systemClock, environmentOf: () => ({}), ...options });
  running.push(functions);
  return (event) => functions.invoke(ARN, event, 'test');
}

/** Tells whether a process is there. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  await expect.poll(() => exists(pid), { timeout: 5000, interval: 10 }).toBe(false);
}

describe('a function that works', () => {
  it('answers what the handler returns', async () => {
    const invoke = serve(declaration('export const handler = async (event) => ({ got: event.n + 1 });'));
    expect(await invoke({ n: 1 })).toEqual({ ok: true, payload: { got: 2 } });
  });

  it('answers null where the handler returns nothing', async () => {
    const invoke = serve(declaration('export const handler = async () => {};'));
    expect(await invoke({})).toEqual({ ok: true, payload: null });
  });

  it('runs CommonJS handlers as well', async () => {
    const declared = declaration('exports.handler = async () => typeof require;', {}, 'index.cjs');
    expect(await serve(declared)({})).toEqual({ ok: true, payload: 'function' });
  });

  it('uses a warm process again', async () => {
    const invoke = serve(declaration('let n = 0; export const handler = async () => [process.pid, ++n];'));
    const first = await invoke({});
    const second = await invoke({});
    expect(first).toMatchObject({ payload: [expect.any(Number), 1] });
    expect(second).toEqual({ ok: true, payload: [(first as { payload: [number] }).payload[0], 2] });
  });

  it('has the environment of the template, of Lambda and of the server, and nothing of the developer', async () => {
    process.env.PARLEY_TEST_LEAK = 'leaked';
    const declared = declaration('export const handler = async () => process.env;', {
      environment: { CONNECTIONS_TABLE: 't' },
    });
    const answer = await serve(declared, { environmentOf: () => ({ AWS_ACCESS_KEY_ID: 'AKIA' }) })({});
    delete process.env.PARLEY_TEST_LEAK;
    const environment = (answer as { payload: Record<string, string> }).payload;
    expect(environment).toMatchObject({
      CONNECTIONS_TABLE: 't',
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'Parley-Echo',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      LAMBDA_TASK_ROOT: declared.codeDirectory,
      HOME: declared.codeDirectory,
    });
    expect(environment).not.toHaveProperty('PARLEY_TEST_LEAK');
    expect(environment).not.toHaveProperty('VITEST');
  });

  it('tells the time in UTC', async () => {
    const invoke = serve(declaration('export const handler = async () => new Date(0).getHours();'));
    expect(await invoke({})).toEqual({ ok: true, payload: 0 });
  });

  it('gets a context with the time that is left', async () => {
    const code = `export const handler = async (event, c) => ({ left: c.getRemainingTimeInMillis(), name: c.functionName,
      arn: c.invokedFunctionArn, memory: c.memoryLimitInMB, group: c.logGroupName, id: c.awsRequestId });`;
    const answer = await serve(declaration(code, { timeoutMs: 3000 }))({});
    const { left, ...rest } = (answer as { payload: { left: number } }).payload;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(3000);
    expect(rest).toEqual({
      name: 'Parley-Echo',
      arn: ARN,
      memory: '256',
      group: '/aws/lambda/Parley-Echo',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

describe('processes', () => {
  // each event waits until `of` of them are there at the same time
  const MEETING = `import { readdirSync, writeFileSync } from 'node:fs'; import { setTimeout } from 'node:timers/promises';
    export const handler = async ({ room, of, n }) => {
      writeFileSync(room + '/' + n, '');
      while (readdirSync(room).length < of) await setTimeout(5);
      return process.pid;
    };`;

  it('are as many as the events that are in work at the same time', async () => {
    const room = join(directory, 'room');
    mkdirSync(room);
    const invoke = serve(declaration(MEETING));
    const answers = await Promise.all([1, 2, 3].map((n) => invoke({ room, of: 3, n })));
    expect(new Set(answers.map((answer) => (answer as { payload: number }).payload)).size).toBe(3);
  });

  it('are no more than the ceiling: further events wait in order', async () => {
    const order: number[] = [];
    const invoke = serve(declaration('export const handler = async ({ n }) => [process.pid, n];'), {
      maximumProcesses: 1,
    });
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        invoke({ n }).then((answer) => {
          order.push(n);
          return (answer as { payload: [number, number] }).payload;
        }),
      ),
    );
    expect(order).toEqual([1, 2, 3, 4]);
    expect(new Set(answers.map(([pid]) => pid)).size).toBe(1);
  });

  it('end when they have had no work for a while', async () => {
    const invoke = serve(declaration('export const handler = async () => process.pid;'), { idleMs: 1 });
    await gone(((await invoke({})) as { payload: number }).payload);
    expect(await invoke({})).toMatchObject({ ok: true });
  });

  it('are gone when the functions are closed, and what was in work fails', async () => {
    const file = join(directory, 'pid');
    const code = `import { writeFileSync, renameSync } from 'node:fs';
      export const handler = async ({ file }) => { writeFileSync(file + '~', String(process.pid)); renameSync(file + '~', file); for (;;); };`;
    const invoke = serve(declaration(code));
    const inWork = invoke({ file });
    await expect.poll(() => existsSync(file), { timeout: 5000, interval: 10 }).toBe(true);
    await running[0]?.close();
    expect(await inWork).toMatchObject({ ok: false });
    expect(exists(Number(readFileSync(file, 'utf8')))).toBe(false);
    expect(await invoke({ file })).toMatchObject({ ok: false, errorMessage: 'the local server is closing' });
    expect(warnings).toEqual([]);
  });

  it('end by themselves when the server dies', async () => {
    const declared = declaration('export const handler = async () => process.pid;');
    const server = join(directory, 'server.mjs');
    const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    writeFileSync(
      server,
      `import { runFunctions } from ${url('../../../local/functions/functions.ts')};
       import { systemClock } from ${url('../../../local/system-clock.ts')};
       const quiet = { note() {}, warn() {}, detail() {} };
       const functions = runFunctions([${JSON.stringify(declared)}], { activity: quiet, clock: systemClock, environmentOf: () => ({}) });
       const { payload } = await functions.invoke(${JSON.stringify(ARN)}, {}, 'test');
       console.log(payload);
       setInterval(() => {}, 1000);`,
    );
    const child = spawn(process.execPath, [server], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
    expect(exists(pid)).toBe(true);
    child.kill('SIGKILL');
    await gone(pid);
  });

  it('do not end with the Ctrl-C that the whole terminal gets: the server ends them', async () => {
    const invoke = serve(
      declaration('export const handler = async () => { process.kill(process.pid, "SIGINT"); return process.pid; };'),
    );
    const first = await invoke({});
    expect(await invoke({})).toEqual(first);
  });
});

describe('a function that fails', () => {
  it('is reported with the type and the message of what the handler threw', async () => {
    const invoke = serve(declaration('export const handler = async () => { throw new RangeError("too far"); };'));
    expect(await invoke({})).toEqual({ ok: false, errorType: 'RangeError', errorMessage: 'too far' });
    expect(warnings).toEqual([expect.stringContaining('RangeError: too far\n    at handler')]);
  });

  it('keeps its process when the handler threw', async () => {
    const code =
      'export const handler = async (e) => { if (e.fail) throw new Error(String(process.pid)); return String(process.pid); };';
    const invoke = serve(declaration(code));
    const failed = (await invoke({ fail: true })) as { errorMessage: string };
    expect(await invoke({})).toEqual({ ok: true, payload: failed.errorMessage });
  });

  it('is killed at its timeout, and the next event gets a new process', async () => {
    const code = 'export const handler = async (e) => { if (e.hang) for (;;); return "well"; };';
    const invoke = serve(declaration(code, { timeoutMs: 300 }));
    expect(await invoke({ hang: true })).toEqual({
      ok: false,
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 0.30 seconds$/),
    });
    expect(await invoke({})).toEqual({ ok: true, payload: 'well' });
  });

  it('is reported as Runtime.ExitError when its process exits, and the next event gets a new process', async () => {
    const invoke = serve(
      declaration('export const handler = async (e) => { if (e.exit) process.exit(3); return "well"; };'),
    );
    expect(await invoke({ exit: true })).toEqual({
      ok: false,
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$/),
    });
    expect(await invoke({})).toEqual({ ok: true, payload: 'well' });
  });

  it('is reported with the signal when its process is killed', async () => {
    const invoke = serve(declaration('export const handler = async () => process.kill(process.pid, "SIGKILL");'));
    expect(await invoke({})).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('signal: killed'),
    });
  });

  it('is reported by an unhandled rejection, which ends the process', async () => {
    const code = `export const handler = async (e) => {
      if (!e.fail) return 'well';
      Promise.reject(new Error('forgotten'));
      await new Promise(() => {});
    };`;
    const invoke = serve(declaration(code));
    expect(await invoke({ fail: true })).toEqual({
      ok: false,
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage: 'Error: forgotten',
    });
    expect(await invoke({})).toEqual({ ok: true, payload: 'well' });
  });

  it('is reported when it uses up its memory', async () => {
    const code =
      'export const handler = async () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length + 0.5)); };';
    const invoke = serve(declaration(code, { memoryMb: 32 }));
    expect(await invoke({})).toMatchObject({ ok: false, errorType: 'Runtime.ExitError' });
  });

  it('is reported when it cannot be loaded', async () => {
    const invoke = serve(declaration('import "not-there"; export const handler = async () => {};'));
    expect(await invoke({})).toMatchObject({
      ok: false,
      errorType: 'Runtime.ImportModuleError',
      errorMessage: expect.stringContaining("Cannot find package 'not-there'"),
    });
  });

  it('is reported when its module throws', async () => {
    const invoke = serve(declaration('throw new TypeError("CONNECTIONS_TABLE is not set");'));
    expect(await invoke({})).toEqual({
      ok: false,
      errorType: 'TypeError',
      errorMessage: 'CONNECTIONS_TABLE is not set',
    });
  });

  it('is reported when it does not export its handler', async () => {
    const invoke = serve(declaration('export const other = 1;'));
    expect(await invoke({})).toEqual({
      ok: false,
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: 'index.handler is undefined or not exported',
    });
  });

  it('is reported when its result has no JSON', async () => {
    const invoke = serve(declaration('export const handler = async () => 1n;'));
    expect(await invoke({})).toEqual({
      ok: false,
      errorType: 'Error',
      errorMessage: 'Unable to stringify response body',
    });
  });

  it('is refused an event above 6 MB, and a result above 6 MB', async () => {
    const invoke = serve(declaration('export const handler = async (e) => "x".repeat(e.n);'));
    expect(await invoke({ n: 'x'.repeat(6_291_456) })).toMatchObject({ errorType: 'RequestEntityTooLargeException' });
    expect(await invoke({ n: 6_291_557 })).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
    expect(await invoke({ n: 6_000_000 })).toMatchObject({ ok: true });
  });

  it('is unknown by another ARN', async () => {
    serve(declaration('export const handler = async () => {};'));
    expect(await running[0]?.invoke(`${ARN}2`, {}, 'test')).toMatchObject({ errorType: 'ResourceNotFoundException' });
  });
});

describe('the log', () => {
  it('is one line an event, the function’s own lines below it', async () => {
    const code =
      'export const handler = async (e) => { console.log("saw", e.n); console.error("twice"); return { statusCode: 200 }; };';
    const invoke = serve(declaration(code));
    await invoke({ n: 1 });
    await invoke({ n: 2 });
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/^test → Echo {2}\d+ ms {2}200\n {4}(saw 1\n {4}twice|twice\n {4}saw 1)$/);
    expect(notes[1]).toContain('saw 2');
  });

  it('keeps what was written before a crash', async () => {
    await serve(
      declaration('export const handler = async () => { process.stdout.write("last words"); process.exit(1); };'),
    )({});
    expect(warnings[0]).toContain('\n    last words');
  });
});
