import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../local/main.ts');

/** Runs `npm start` to its end. */
async function run(...argv: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}

describe('npm start', { timeout: 30_000 }, () => {
  it('ends with one message where it is told nonsense', async () => {
    expect(await run('--port', 'x')).toEqual({
      code: 1,
      out: '',
      err: '--port needs a whole number from 0 to 65535, not "x".\n',
    });
  });

  it('explains itself', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: npm start/), err: '' });
  });

  it('ends with one message where its port is in use, before it builds anything', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const ended = await run('--port', String(port));
    expect(ended).toEqual({ code: 1, out: '', err: `Port ${port} is in use: npm start -- --port N takes another.\n` });
    await new Promise((resolve) => other.close(resolve));
  });

  it('ends with one message where there is no such app', async () => {
    const ended = await run('--port', '0', '--app', '/nowhere/app.ts');
    expect(ended).toEqual({ code: 1, out: '', err: 'There is no CDK app /nowhere/app.ts.\n' });
  });
});
