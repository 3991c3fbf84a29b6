import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const { context } = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8'));

describe('the open chat', () => {
  let directory: string;
  let said: { stdout: string; stderr: string };
  const read = (file: string) => JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const resources = () => read('OpenChat.template.json').Resources;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'parley-open-chat-'));
    const env = {
      ...process.env,
      CDK_OUTDIR: directory,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      // the app's own test has it, which takes longest
      CDK_VALIDATION: 'false',
    };
    said = await promisify(execFile)(process.execPath, ['examples/open-chat.ts'], { cwd: PROJECT, env });
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it('is synthesized without a warning', () => {
    expect(said).toEqual({ stdout: '', stderr: '' });
  });

  it('lets anybody in, also without a token', () => {
    expect(resources().Authorizer.Properties.Environment.Variables).toMatchObject({
      HANDSHAKE: 'open',
      ALLOW_ANONYMOUS: 'true',
    });
  });

  it('keeps history and presence, but for channels of the namespace live', () => {
    const namespaces = JSON.parse(resources().Commands.Properties.Environment.Variables.NAMESPACES);
    expect(namespaces).toMatchObject({
      '': { historySize: 500, presence: true, joinLeave: true },
      dm: { historySize: 500, presence: true, allowUserLimitedChannels: true },
    });
    expect(namespaces.live).not.toHaveProperty('historySize');
  });

  it('answers rpc by a function of its own, in the same stack', () => {
    const [logicalId] = resources().Commands.Properties.Environment.Variables.RPC_FUNCTION['Fn::GetAtt'];
    const { Handler, Code } = resources()[logicalId].Properties;
    expect(Handler).toBe('index.handler');
    const hash = Code.S3Key.replace('.zip', '');
    expect(existsSync(join(directory, read('OpenChat.assets.json').files[hash].source.path, 'index.mjs'))).toBe(true);
  });

  it('has that function answer data, or an error of its own', async () => {
    const { handler } = await import(pathToFileURL(join(PROJECT, 'examples/rpc/index.mjs')).href);
    const asked = { data: { n: 1 }, user: 'alice', client: 'c1' };
    expect(await handler({ method: 'echo', ...asked })).toEqual({ data: { user: 'alice', data: { n: 1 } } });
    expect(await handler({ method: 'time', ...asked })).toEqual({ data: { time: expect.any(Number) } });
    expect(await handler({ method: 'none', ...asked })).toEqual({ error: { code: 404, message: 'no method none' } });
  });
});
