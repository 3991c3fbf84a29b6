import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StartError } from '../../local/start-error.ts';
import { parseDeployedArguments } from './deployed-arguments.ts';
import { deployedStack } from './deployed-stack.ts';

/** Runs `npm run test:deployed`’s file, without anything that could reach AWS. */
const run = (...argv: string[]) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, 'deployed.ts'), ...argv], { env: {} });

describe('npm run test:deployed', () => {
  it.each([
    [['--stack', 'Parley'], { stack: 'Parley', idle: false }],
    [['--idle', '--stack=Mine'], { stack: 'Mine', idle: true }],
    [['--help', '--stack', 'Parley'], 'help'],
  ])('understands %j', (argv, asked) => {
    expect(parseDeployedArguments(argv)).toEqual(asked);
  });

  it.each([
    [[], /^Which stack\? .*--stack Parley/],
    [['--stack', ''], /^Which stack\?/],
    [['--stack'], /^Option '--stack <value>' argument missing/],
    [['--stak', 'Parley'], /^Unknown option '--stak'/],
    [['Parley'], /^Unexpected argument 'Parley'/],
  ])('says what is wrong with %j, and how to ask', (argv, what) => {
    expect(() => parseDeployedArguments(argv)).toThrow(StartError);
    expect(() => parseDeployedArguments(argv)).toThrow(what);
    expect(() => parseDeployedArguments(argv)).toThrow(/\n\nUsage: npm run test:deployed -- --stack NAME/);
  });

  it('ends with 1 where no stack is named, and tells how with --help', { timeout: 60_000 }, async () => {
    await expect(run()).rejects.toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^Which stack\?/) });
    expect(await run('--help')).toEqual({ stdout: expect.stringMatching(/^Usage: .*test:deployed/), stderr: '' });
  });
});

describe('a deployed stack', () => {
  const stacks = mockClient(CloudFormationClient);
  const secrets = mockClient(SecretsManagerClient);
  const outputs = {
    SecretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:parley',
    WebSocketUrl: 'wss://abc.execute-api.eu-west-1.amazonaws.com/live',
    ApiUrl: 'https://def.execute-api.eu-west-1.amazonaws.com/api',
  };
  const keys = { signingKey: 's'.repeat(64), apiKey: 'the key' };
  const outputsAre = (given: Readonly<Record<string, string>>) =>
    stacks.on(DescribeStacksCommand, { StackName: 'Parley' }).resolves({
      Stacks: [
        {
          StackName: 'Parley',
          CreationTime: new Date(0),
          StackStatus: 'CREATE_COMPLETE',
          Outputs: Object.entries(given).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
        },
      ],
    });
  const serverApi = vi.spyOn(globalThis, 'fetch');

  beforeEach(() => {
    stacks.reset();
    secrets.reset();
    outputsAre(outputs);
    secrets.on(GetSecretValueCommand, { SecretId: outputs.SecretArn }).resolves({ SecretString: JSON.stringify(keys) });
  });
  afterEach(() => serverApi.mockReset());

  it.each([
    ['with all namespaces', { result: { publications: [], epoch: '', offset: 0 } }, true],
    ['as bin/parley.ts makes it', { error: { code: 102, message: 'unknown channel' } }, false],
  ])('%s is found by its outputs and its secret', async (_, answer, isConformanceApp) => {
    serverApi.mockResolvedValue(Response.json(answer));
    expect(await deployedStack('Parley')).toEqual({
      name: 'deployed',
      webSocketUrl: outputs.WebSocketUrl,
      apiUrl: outputs.ApiUrl,
      ...keys,
      idleTimeoutMs: 600_000,
      isConformanceApp,
    });
    const [url, request] = serverApi.mock.calls[0] ?? [];
    expect(url).toBe(`${outputs.ApiUrl}/history`);
    expect(request?.headers).toMatchObject({ 'X-API-Key': 'the key' });
  });

  it.each(['SecretArn', 'WebSocketUrl', 'ApiUrl'])('without the output %s is none of Parley’s', async (missing) => {
    outputsAre(Object.fromEntries(Object.entries(outputs).filter(([name]) => name !== missing)));
    await expect(deployedStack('Parley')).rejects.toThrow(`The stack Parley has no output ${missing}: is it Parley's?`);
  });
});
