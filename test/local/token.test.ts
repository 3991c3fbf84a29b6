import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { decodeJwt, decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeys } from '../../local/identity/keys.ts';
import { StartError } from '../../local/start-error.ts';
import { tokenFor } from '../../local/token.ts';

const NOW = Date.UTC(2026, 0, 1);
const SECONDS = NOW / 1000;
const HOUR = 3600;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-token-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

const token = (...argv: string[]) => tokenFor(argv, { directory, now: NOW });

/** Verifies it with the stack's own key, and answers its claims. */
async function verifiedByStack(jwt: string, signingKey: string, now = NOW) {
  const key = new TextEncoder().encode(signingKey);
  return (await jwtVerify(jwt, key, { algorithms: ['HS256'], currentDate: new Date(now) })).payload;
}

describe("a token of the issuer's", () => {
  it('is an access token as a user pool gives it, good for 12 hours', async () => {
    const jwt = await token('alice');
    const keys = await openKeys(directory);
    const { n, e, kty, kid, alg } = keys.issuerKey;
    const { payload } = await jwtVerify(jwt, await importJWK({ n, e, kty, alg } as never), {
      currentDate: new Date(NOW),
    });
    expect(decodeProtectedHeader(jwt)).toEqual({ kid, alg: 'RS256' });
    expect(payload).toEqual({
      sub: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
      iss: keys.issuer,
      version: 2,
      client_id: keys.userPool.clientId,
      token_use: 'access',
      scope: 'openid profile',
      auth_time: SECONDS,
      iat: SECONDS,
      exp: SECONDS + 12 * HOUR,
      jti: expect.any(String),
      username: 'alice',
    });
  });

  it("has the user's own subject, each time the same", async () => {
    const [first, second, other] = [await token('alice'), await token('alice'), await token('bob')].map(decodeJwt);
    expect(second?.sub).toBe(first?.sub);
    expect(second?.jti).not.toBe(first?.jti);
    expect(other?.sub).not.toBe(first?.sub);
  });

  it.each([
    [['--ttl', '60'], 60],
    [['--ttl', '-60'], -60],
    [['--ttl=-60'], -60],
    [['--ttl', '0'], 0],
  ])('is good for as long as %j says', async (options, ttl) => {
    expect(decodeJwt(await token('alice', ...options)).exp).toBe(SECONDS + ttl);
  });
});

describe("a token of the stack's own", () => {
  it('has the claims that were asked for, and no issuer', async () => {
    const caps = [{ channels: ['news'], allow: ['sub'] }];
    const jwt = await token('alice', '--claims', JSON.stringify({ caps, info: { name: 'Alice' } }), '--ttl', '60');
    const { signingKey } = await openKeys(directory);
    expect(await verifiedByStack(jwt, signingKey)).toEqual({
      sub: 'alice',
      caps,
      info: { name: 'Alice' },
      iat: SECONDS,
      exp: SECONDS + 60,
      jti: expect.any(String),
    });
  });

  it('is for a channel where one is named', async () => {
    const jwt = await token('alice', '--channel', 'news');
    const { signingKey } = await openKeys(directory);
    expect(await verifiedByStack(jwt, signingKey)).toMatchObject({ sub: 'alice', channel: 'news' });
  });

  it('has expired where its time is negative', async () => {
    const jwt = await token('alice', '--claims', '{}', '--ttl', '-1');
    const { signingKey } = await openKeys(directory);
    await expect(verifiedByStack(jwt, signingKey)).rejects.toThrow(errors.JWTExpired);
  });
});

describe('a token for a deployed stack', () => {
  const cloudFormation = mockClient(CloudFormationClient);
  const secretsManager = mockClient(SecretsManagerClient);
  const ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:Parley-a1b2c3';

  beforeEach(() => {
    cloudFormation.reset();
    secretsManager.reset();
  });

  /** A stack as CloudFormation describes it, with these outputs. */
  function deployed(outputs: Record<string, string>): void {
    const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
    const stack = { StackName: 'Chat', CreationTime: new Date(NOW), StackStatus: 'CREATE_COMPLETE' as const, Outputs };
    cloudFormation.on(DescribeStacksCommand, { StackName: 'Chat' }).resolves({ Stacks: [stack] });
  }

  it("is signed by that stack's key, good for an hour", async () => {
    deployed({ WebSocketUrl: 'wss://example', SecretArn: ARN });
    const signingKey = 'k'.repeat(64);
    const SecretString = JSON.stringify({ signingKey });
    secretsManager.on(GetSecretValueCommand, { SecretId: ARN }).resolves({ SecretString });
    const claims = await verifiedByStack(await token('alice', '--stack', 'Chat'), signingKey);
    expect(claims).toEqual({ sub: 'alice', iat: SECONDS, exp: SECONDS + HOUR, jti: expect.any(String) });
  });

  it('is refused, with what AWS says, where the stack cannot be read', async () => {
    cloudFormation.on(DescribeStacksCommand).rejects(new Error('Stack with id Chat does not exist'));
    await expect(token('alice', '--stack', 'Chat')).rejects.toThrow(
      new StartError('AWS does not give the stack Chat: Stack with id Chat does not exist'),
    );
  });

  it("is refused where the stack is not Parley's", async () => {
    deployed({ Other: 'x' });
    await expect(token('alice', '--stack', 'Chat')).rejects.toThrow('The stack Chat has no output SecretArn');
  });

  it('is refused where the secret has no key', async () => {
    deployed({ SecretArn: ARN });
    secretsManager.on(GetSecretValueCommand).resolves({ SecretString: '{}' });
    await expect(token('alice', '--stack', 'Chat')).rejects.toThrow('has no signingKey');
  });
});

describe('a command line that is wrong', () => {
  it.each([
    ['no user', [], 'Whose token?'],
    ['two users', ['alice', 'bob'], 'One user at a time: what is bob?'],
    ['an option that there is not', ['alice', '--admin'], '--admin'],
    ['an option without its value', ['alice', '--channel'], '--channel'],
    ['a time that is no number', ['alice', '--ttl', '1h'], '--ttl is a whole number of seconds, not "1h".'],
    ['a time that is empty', ['alice', '--ttl', ''], '--ttl is a whole number of seconds'],
    ['claims that are no JSON', ['alice', '--claims', '{caps'], '--claims is a JSON object'],
    ['claims that are a list', ['alice', '--claims', '[]'], '--claims is a JSON object'],
    ['claims that say who it is', ['alice', '--claims', '{"sub":"bob"}'], '--claims cannot set sub.'],
  ])('is refused: %s', async (_, argv, message) => {
    await expect(token(...argv)).rejects.toThrow(StartError);
    await expect(token(...argv)).rejects.toThrow(message);
  });
});

describe('the command', () => {
  const run = promisify(execFile);
  const command = join(import.meta.dirname, '../../local/token.ts');

  it('says how to use it', async () => {
    const { stdout, stderr } = await run(process.execPath, [command, '--help']);
    expect(stdout).toContain('Usage: npm run -s token -- USER [options]');
    expect(stderr).toBe('');
  });

  it('says in one line what is wrong, and fails', async () => {
    await expect(run(process.execPath, [command])).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Whose token? Name the user: npm run -s token -- alice\n',
    });
  });

  it('prints a token and nothing else', async () => {
    const { stdout, stderr } = await run(process.execPath, [command, 'alice']);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(stderr).toBe('');
  });
});
