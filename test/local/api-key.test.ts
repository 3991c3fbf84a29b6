import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { derivedApiKey } from '../../lambdas/aws/api-key.ts';
import { apiKeyFor } from '../../local/api-key.ts';
import { openKeys } from '../../local/identity/keys.ts';
import { StartError } from '../../local/start-error.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-api-key-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

const apiKey = (...argv: string[]) => apiKeyFor(argv, directory);

describe('the API key of the local stack', () => {
  it('is the one that goes with its signing key, and the same each time', async () => {
    const { signingKey } = await openKeys(directory);
    const key = createHmac('sha256', signingKey).update('Parley server API key').digest('base64url');
    expect(await apiKey()).toBe(key);
    expect(await apiKey()).toBe(key);
  });

  it('is made, with the signing key, where no server has run yet', async () => {
    const key = await apiKey();
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(derivedApiKey((await openKeys(directory)).signingKey)).toBe(key);
  });
});

describe('the API key of a deployed stack', () => {
  const cloudFormation = mockClient(CloudFormationClient);
  const secretsManager = mockClient(SecretsManagerClient);
  const SecretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:Parley-a1b2c3';
  const signingKey = 'k'.repeat(64);

  beforeEach(() => {
    cloudFormation.reset();
    secretsManager.reset();
    deployed({ SecretArn });
  });

  /** A stack as CloudFormation describes it, with these outputs. */
  function deployed(outputs: Record<string, string>): void {
    const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
    const stack = { StackName: 'Chat', CreationTime: new Date(0), StackStatus: 'CREATE_COMPLETE' as const, Outputs };
    cloudFormation.on(DescribeStacksCommand, { StackName: 'Chat' }).resolves({ Stacks: [stack] });
  }

  const keep = (SecretString: string | undefined) =>
    secretsManager
      .on(GetSecretValueCommand, { SecretId: SecretArn })
      .resolves(SecretString === undefined ? {} : { SecretString });

  it('is the one that its secret names', async () => {
    keep(JSON.stringify({ signingKey, apiKey: 'chosen by the owner' }));
    expect(await apiKey('--stack', 'Chat')).toBe('chosen by the owner');
  });

  it('is the one that goes with its signing key, as the functions derive it, where the secret names none', async () => {
    keep(JSON.stringify({ signingKey }));
    expect(await apiKey('--stack', 'Chat')).toBe(derivedApiKey(signingKey));
  });

  it('is refused, with what AWS says, where the stack or its secret cannot be read', async () => {
    secretsManager.on(GetSecretValueCommand).rejects(new Error('not authorized'));
    await expect(apiKey('--stack', 'Chat')).rejects.toThrow(
      new StartError('AWS does not give the secret of the stack Chat: not authorized'),
    );
    cloudFormation.on(DescribeStacksCommand).rejects(new Error('Stack with id Chat does not exist'));
    await expect(apiKey('--stack', 'Chat')).rejects.toThrow(
      new StartError('AWS does not give the stack Chat: Stack with id Chat does not exist'),
    );
  });

  it.each([
    ['is of somebody else', { Other: 'x' }],
    ['has no outputs', {}],
  ])('is refused where the stack %s', async (_, outputs) => {
    deployed(outputs);
    await expect(apiKey('--stack', 'Chat')).rejects.toThrow(
      new StartError("The stack Chat has no output SecretArn: is it Parley's?"),
    );
  });

  it.each([
    ['is binary', undefined],
    ['is no JSON', 'private text'],
    ['is JSON, but no object', 'null'],
    ['has no signing key', '{"apiKey":"private"}'],
    ['has an empty signing key', '{"signingKey":""}'],
    ['has an API key that is no text', JSON.stringify({ signingKey, apiKey: 7 })],
    ['has an empty API key', JSON.stringify({ signingKey, apiKey: '' })],
  ])('is refused where the secret %s, of which nothing is told', async (_, text) => {
    keep(text);
    const error = await apiKey('--stack', 'Chat').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).toMatch(/^The secret of the stack Chat has (no signingKey|an apiKey that is no)/);
    expect((error as Error).message).not.toMatch(/private|kkk/);
  });
});

describe('the command', () => {
  const run = promisify(execFile);
  const command = join(import.meta.dirname, '../../local/api-key.ts');

  it('says how to use it', async () => {
    expect(await apiKey('--help')).toMatch(/npm run -s api-key -- --stack Parley/);
  });

  it.each([['--stac', 'Chat'], ['Chat'], ['--stack']])(
    'says what is wrong with an argument, and how to use it: %s',
    async (...argv) => {
      await expect(apiKey(...argv)).rejects.toThrow(StartError);
      await expect(apiKey(...argv)).rejects.toThrow(/^(Unknown option|Unexpected argument|Option).+\n\nnpm run -s/s);
    },
  );

  it('fails with what is wrong alone', async () => {
    await expect(run(process.execPath, [command, '--stac'])).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Unknown option '--stac'.+npm run -s api-key/s),
    });
  });

  it('prints the key and nothing else', async () => {
    const { stdout, stderr } = await run(process.execPath, [command]);
    expect(stdout).toMatch(/^[\w-]{43}\n$/);
    expect(stderr).toBe('');
  });
});
