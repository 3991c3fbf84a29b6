import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { SignJWT } from 'jose';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { contextOf, SIGNING_KEY, setFunctionEnvironment } from '../support/function-environment.ts';

const secrets = mockClient(SecretsManagerClient);
const log = vi.spyOn(console, 'info').mockReturnValue();
const warnings = vi.spyOn(console, 'warn').mockReturnValue();

const methodArn = 'arn:aws:execute-api:us-east-1:000000000000:api/live/$connect';
const key = new TextEncoder().encode(SIGNING_KEY);
const token = (claims: Record<string, unknown>, signedBy = key) =>
  new SignJWT({ sub: 'alice', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(signedBy);
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

/** The function as a new environment of it is: with this in its environment. */
async function authorizer(environment: Readonly<Record<string, string>> = {}) {
  vi.resetModules();
  setFunctionEnvironment({ HANDSHAKE: 'token', ALLOW_ANONYMOUS: 'false', ...environment });
  const { handler } = await import('../../lambdas/authorizer.ts');
  return (query: Record<string, string> | null, headers: Record<string, string> | null = null) =>
    handler({ methodArn, queryStringParameters: query, headers } as APIGatewayRequestAuthorizerEvent, contextOf());
}

beforeEach(() => {
  secrets.reset();
  secrets.on(GetSecretValueCommand).resolves({ SecretString: JSON.stringify({ signingKey: SIGNING_KEY }) });
  log.mockClear();
  warnings.mockClear();
});

describe('a handshake with a good token', () => {
  it('is let in, and the context says who somebody is', async () => {
    const authorize = await authorizer();
    const exp = inAnHour();
    const caps = [{ channels: ['news'], allow: ['sub'] }];
    expect(await authorize({ token: await token({ exp, info: { name: 'Alice' }, caps }) })).toEqual({
      principalId: 'alice',
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: methodArn }],
      },
      context: {
        user: 'alice',
        expires: String(exp),
        info: JSON.stringify({ name: 'Alice' }),
        caps: JSON.stringify(caps),
      },
    });
  });

  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])('may bring it in the header %s', async (name) => {
    const authorize = await authorizer();
    const bearer = `Bearer ${await token({ exp: inAnHour() })}`;
    expect(await authorize(null, { Host: 'x', [name]: bearer })).toMatchObject({ principalId: 'alice' });
    expect(await authorize({}, { [name]: bearer.replace('Bearer', 'bearer ') })).toMatchObject({
      principalId: 'alice',
    });
  });

  it('in both places is the one of the query', async () => {
    const authorize = await authorizer();
    const header = `Bearer ${await token({ sub: 'bob' })}`;
    expect(await authorize({ token: await token({}) }, { Authorization: header })).toMatchObject({
      principalId: 'alice',
    });
    expect(await authorize({ token: '' }, { Authorization: header })).toMatchObject({ principalId: 'bob' });
  });
});

describe('a handshake that is refused with 401', () => {
  it.each<[string, () => Promise<[Record<string, string> | null, Record<string, string> | null]>]>([
    ['has no token', async () => [null, null]],
    ['has an empty token', async () => [{ token: '' }, {}]],
    ['has something else in its header', async () => [{}, { Authorization: 'Basic YWxpY2U6cGFzc3dvcmQ=' }]],
    ['has a token that is none', async () => [{ token: 'nonsense' }, null]],
    ['has a token that has expired', async () => [{ token: await token({ exp: 1_000_000_000 }) }, null]],
    [
      'has a token of another key',
      async () => [{ token: await token({}, new TextEncoder().encode('x'.repeat(40))) }, null],
    ],
    ['has a token of another issuer', async () => [{ token: await token({ iss: 'https://evil.example.com' }) }, null]],
    [
      'has a token that nobody has signed',
      async () => [{ token: `${btoa('{"alg":"none"}')}.${btoa('{"sub":"a"}')}.` }, null],
    ],
  ])('%s', async (_, handshake) => {
    const authorize = await authorizer();
    // API Gateway answers 401 to this message, and to no other
    await expect(authorize(...(await handshake()))).rejects.toThrow(/^Unauthorized$/);
  });

  it('is logged with the reason, and without the token', async () => {
    const authorize = await authorizer();
    const expired = await token({ exp: 1_000_000_000 });
    await expect(authorize({ token: expired })).rejects.toThrow('Unauthorized');
    const text = JSON.stringify(log.mock.calls);
    expect(text).toContain('token_expired');
    expect(text).not.toContain(expired.slice(20));
  });
});

it('does not take it for a bad token where the key cannot be had', async () => {
  const authorize = await authorizer();
  secrets.on(GetSecretValueCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
  await expect(authorize({ token: await token({}) })).rejects.toMatchObject({ name: 'Unavailable' });
});

describe('a token that says too much', () => {
  /** A token whose answer has so many bytes. */
  const sized = async (authorize: Awaited<ReturnType<typeof authorizer>>, bytes: number) => {
    const empty = Buffer.byteLength(JSON.stringify(await authorize({ token: await token({ info: '' }) })));
    return token({ info: 'x'.repeat(bytes - empty) });
  };

  it('is let in up to 7 KB', async () => {
    const authorize = await authorizer();
    const answer = await authorize({ token: await sized(authorize, 7 * 1024) });
    expect(Buffer.byteLength(JSON.stringify(answer))).toBe(7 * 1024);
    expect(answer.policyDocument.Statement[0]?.Effect).toBe('Allow');
  });

  it('is refused above, with a line in the log that does not hold what it says', async () => {
    const authorize = await authorizer();
    expect(await authorize({ token: await sized(authorize, 7 * 1024 + 1) })).toMatchObject({
      principalId: 'alice',
      policyDocument: { Statement: [{ Effect: 'Deny', Resource: methodArn }] },
      context: { user: 'alice' },
    });
    const text = JSON.stringify(warnings.mock.calls);
    expect(text).toContain('a token says more than API Gateway passes on');
    expect(text).not.toContain('xxxx');
  });
});

describe('an open handshake', () => {
  it('without a token is let in as nobody, whose time is over until a token comes', async () => {
    const authorize = await authorizer({ HANDSHAKE: 'open' });
    expect(await authorize(null)).toMatchObject({
      principalId: 'anonymous',
      policyDocument: { Statement: [{ Effect: 'Allow' }] },
      context: { user: '', expires: '0' },
    });
  });

  it('without a token is let in as an anonymous user where those are allowed', async () => {
    const authorize = await authorizer({ HANDSHAKE: 'open', ALLOW_ANONYMOUS: 'true' });
    expect((await authorize(null)).context).toEqual({ user: '' });
  });

  it('with a bad token is refused all the same', async () => {
    const authorize = await authorizer({ HANDSHAKE: 'open', ALLOW_ANONYMOUS: 'true' });
    await expect(authorize({ token: 'nonsense' })).rejects.toThrow(/^Unauthorized$/);
  });

  it('is none where anonymous users are allowed and the handshake is not open', async () => {
    const authorize = await authorizer({ ALLOW_ANONYMOUS: 'true' });
    await expect(authorize(null)).rejects.toThrow(/^Unauthorized$/);
  });
});
