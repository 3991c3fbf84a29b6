import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { generateKeyPair, type JWTPayload } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { stackSecret } from '../../../lambdas/aws/stack-secret.ts';
import { stackTokens } from '../../../lambdas/aws/stack-tokens.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Tokens } from '../../../lambdas/chat/ports.ts';
import { seconds, signed, unsigned } from './issuer.ts';

const OLD = 'the-old-key-'.repeat(4);
const NEW = 'the-new-key-'.repeat(4);
const secretsManager = new SecretsManagerClient({ region: 'us-east-1' });
const mock = mockClient(secretsManager);

let now: number;
let tokens: Tokens;

beforeEach(() => {
  mock.reset();
  now = 1_000_000;
  tokens = stackTokens(stackSecret(secretsManager, 'arn:secret', () => now));
  keep(OLD);
});

const keep = (signingKey: unknown) =>
  mock.on(GetSecretValueCommand).resolves({ SecretString: JSON.stringify({ signingKey, apiKey: 'other' }) });
const token = (claims: JWTPayload, by = OLD, alg = 'HS256') => signed(new TextEncoder().encode(by), claims, { alg });
const denied = (message: RegExp) =>
  expect.objectContaining({ code: 'permission_denied', message: expect.stringMatching(message) });

describe("a token of the stack's own", () => {
  it('says who its user is, until when, and what it allows', async () => {
    const exp = seconds() + 60;
    const caps = [
      { channels: ['general'], allow: ['sub', 'pub', 'hst', 'prs'] },
      { channels: ['^news:.*$'], match: 'regex', allow: [] },
    ];
    const identity = await tokens.verify(await token({ sub: 'alice', exp, info: null, caps }));
    expect(identity).toEqual({ user: 'alice', expires: exp, info: null, caps });
  });

  it('names the channels that its server subscribes it to', async () => {
    const channels = ['news', '#alice', '__proto__'];
    expect(await tokens.verify(await token({ sub: 'alice', channels }))).toEqual({
      user: 'alice',
      serverChannels: channels,
    });
    const most = Array.from({ length: 128 }, (_, i) => `c${i}`);
    expect(await tokens.verify(await token({ sub: 'alice', channels: most }))).toMatchObject({ serverChannels: most });
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', 'news', /"channels".*list/],
    ['a list of something else', ['news', 7], /"channels\.1".*string/],
    ['more than 128', Array.from({ length: 129 }, () => 'a'), /"channels".*128/],
    ['null', null, /"channels"/],
  ])('is refused where its channels are %s', async (_, channels, message) => {
    await expect(tokens.verify(await token({ sub: 'alice', channels }))).rejects.toEqual(denied(message));
  });

  it('is one of nobody by name where it names no user: who signs such a token means it', async () => {
    for (const claims of [{}, { sub: '' }]) {
      expect(await tokens.verify(await token(claims))).toStrictEqual({ user: '' });
    }
  });

  it('may name a user of 512 bytes', async () => {
    const user = 'ä'.repeat(256);
    expect(await tokens.verify(await token({ sub: user }))).toEqual({ user });
  });

  it('without an end never ends', async () => {
    expect(await tokens.verify(await token({ sub: 'alice' }))).toStrictEqual({ user: 'alice' });
  });

  it('whose end no table and no SDK could hold never ends, as that of one in milliseconds', async () => {
    for (const exp of [2 ** 32, seconds() * 1000, 1e300]) {
      expect(await tokens.verify(await token({ sub: 'alice', exp }))).toStrictEqual({ user: 'alice' });
      const grant = await tokens.verifySubscription(await token({ sub: 'alice', channel: 'general', exp }));
      expect(grant).toStrictEqual({ user: 'alice', channel: 'general' });
    }
    expect(await tokens.verify(await token({ sub: 'alice', exp: 2 ** 32 - 0.5 }))).toStrictEqual({ user: 'alice' });
    expect(await tokens.verify(await token({ sub: 'alice', exp: 2 ** 32 - 1 }))).toMatchObject({
      expires: 2 ** 32 - 1,
    });
  });

  it('is refused as expired when it has: token_expired', async () => {
    const expired = tokens.verify(await token({ sub: 'alice', exp: seconds() - 1 }));
    await expect(expired).rejects.toMatchObject({ name: 'ParleyError', code: 'token_expired' });
  });

  it.each<[string, JWTPayload, RegExp]>([
    ['is not valid yet', { sub: 'alice', nbf: seconds() + 60 }, /"nbf"/],
    ['has a user of more than 512 bytes', { sub: 'ä'.repeat(257) }, /"sub".*512 bytes/],
    ['has a user that is no string', { sub: 7 as unknown as string }, /"sub"/],
    ['has an end that is no number', { sub: 'alice', exp: 'never' as unknown as number }, /"exp"/],
    ['has an issuer', { sub: 'alice', iss: 'https://issuer.example' }, /issuer/],
    ['is for a subscription', { sub: 'alice', channel: 'general' }, /subscription/],
  ])('is refused where it %s', async (_, claims, message) => {
    await expect(tokens.verify(await token(claims))).rejects.toEqual(denied(message));
  });

  it.each<[string, unknown]>([
    ['no list', {}],
    ['a list of something else', ['general']],
    ['without channels', [{ allow: ['sub'] }]],
    ['with a channel that is no string', [{ channels: [7], allow: ['sub'] }]],
    ['with an allowance that nobody knows', [{ channels: ['a'], allow: ['everything'] }]],
    ['with a match that nobody knows', [{ channels: ['a'], match: 'glob', allow: ['sub'] }]],
    ['with a regular expression that is none', [{ channels: ['a', '('], match: 'regex', allow: ['sub'] }]],
  ])('is refused where its caps are %s', async (_, caps) => {
    await expect(tokens.verify(await token({ sub: 'alice', caps }))).rejects.toEqual(denied(/"caps/));
  });

  it('names the place in its caps that is not valid', async () => {
    const caps = [
      { channels: ['a'], allow: ['sub'] },
      { channels: ['b'], allow: ['sub', 'x'] },
    ];
    await expect(tokens.verify(await token({ sub: 'alice', caps }))).rejects.toEqual(denied(/"caps\.1\.allow\.1"/));
  });

  it('is refused where another key has signed it', async () => {
    await expect(tokens.verify(await token({ sub: 'alice' }, 'x'.repeat(48)))).rejects.toEqual(denied(/signature/));
  });

  it('is refused where it is signed by anything but HS256', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const others = [
      await token({ sub: 'alice' }, OLD, 'HS384'),
      await token({ sub: 'alice' }, OLD.repeat(2), 'HS512'),
      await signed(privateKey, { sub: 'alice' }, { alg: 'RS256' }),
      unsigned({ sub: 'alice' }, { alg: 'none' }),
      unsigned({ sub: 'alice' }, { alg: 'none' }, 'AAAA'),
    ];
    for (const other of others) await expect(tokens.verify(other)).rejects.toEqual(denied(/algorithm|not a JWT/));
  });

  it.each(['', 'a.b.c', '..', 'no token'])('is refused where it is none: %j', async (text) => {
    await expect(tokens.verify(text)).rejects.toEqual(denied(/not a JWT/));
  });
});

describe('a subscription token', () => {
  const verify = async (claims: JWTPayload, by = OLD, alg = 'HS256') =>
    tokens.verifySubscription(await token(claims, by, alg));

  it('says which user may read which channel, until when, and what is told of the reader there', async () => {
    const exp = seconds() + 60;
    const grant = await verify({ sub: 'alice', channel: 'private:a', exp, info: { role: 'guest' } });
    expect(grant).toStrictEqual({ user: 'alice', channel: 'private:a', expires: exp, info: { role: 'guest' } });
  });

  it('without a user is one of an anonymous user, and without an end never ends', async () => {
    expect(await verify({ channel: 'general' })).toStrictEqual({ user: '', channel: 'general' });
    expect(await verify({ sub: '', channel: 'general' })).toStrictEqual({ user: '', channel: 'general' });
  });

  it('is refused as expired when it has: token_expired', async () => {
    const expired = verify({ sub: 'alice', channel: 'general', exp: seconds() - 1 });
    await expect(expired).rejects.toMatchObject({ name: 'ParleyError', code: 'token_expired' });
  });

  it.each<[string, JWTPayload, RegExp]>([
    ['is a connection token', { sub: 'alice' }, /no channel/],
    ['has an empty channel', { sub: 'alice', channel: '' }, /no channel/],
    ['has a channel that is no string', { sub: 'alice', channel: ['general'] }, /no channel/],
    ['has a user that is no string', { sub: 7 as unknown as string, channel: 'general' }, /"sub"/],
    ['has a user of more than 512 bytes', { sub: 'x'.repeat(513), channel: 'general' }, /"sub".*512 bytes/],
    ['has an issuer', { sub: 'alice', channel: 'general', iss: 'https://issuer.example' }, /issuer/],
    ['has an issuer, though an empty one', { sub: 'alice', channel: 'general', iss: '' }, /issuer/],
    ['is not valid yet', { sub: 'alice', channel: 'general', nbf: seconds() + 60 }, /"nbf"/],
  ])('is refused where it %s', async (_, claims, message) => {
    await expect(verify(claims)).rejects.toEqual(denied(message));
  });

  it('is refused where anybody else has signed it, or nobody', async () => {
    const claims = { sub: 'alice', channel: 'general' };
    await expect(verify(claims, 'x'.repeat(48))).rejects.toEqual(denied(/signature/));
    await expect(verify(claims, OLD, 'HS384')).rejects.toEqual(denied(/algorithm/));
    await expect(tokens.verifySubscription(unsigned(claims, { alg: 'none' }))).rejects.toEqual(
      denied(/algorithm|not a JWT/),
    );
    await expect(tokens.verifySubscription('no token')).rejects.toEqual(denied(/not a JWT/));
  });

  it('is verified by a key that was rotated, too', async () => {
    await verify({ channel: 'general' });
    keep(NEW);
    now += 30_000;
    expect(await verify({ channel: 'general' }, NEW)).toEqual({ user: '', channel: 'general' });
    await expect(verify({ channel: 'general' })).rejects.toEqual(denied(/signature/));
  });
});

describe("the stack's key", () => {
  it('is read once in 5 minutes', async () => {
    const good = await token({ sub: 'alice' });
    await Promise.all([tokens.verify(good), tokens.verify(good)]);
    now += 5 * 60_000 - 1;
    await tokens.verify(good);
    expect(mock.calls()).toHaveLength(1);
    now += 1;
    await tokens.verify(good);
    expect(mock.calls()).toHaveLength(2);
    expect(mock.commandCalls(GetSecretValueCommand)[0]?.args[0].input).toEqual({ SecretId: 'arn:secret' });
  });

  it('that was rotated is read again for a token of the new one, which the old ones do not survive', async () => {
    await tokens.verify(await token({ sub: 'alice' }));
    keep(NEW);
    now += 30_000;
    expect(await tokens.verify(await token({ sub: 'alice' }, NEW))).toEqual({ user: 'alice' });
    await expect(tokens.verify(await token({ sub: 'alice' }))).rejects.toEqual(denied(/signature/));
  });

  it('is read again for forged tokens once in 30 seconds at most', async () => {
    const forged = await token({ sub: 'alice' }, 'x'.repeat(48));
    await tokens.verify(await token({ sub: 'alice' }));
    for (let i = 0; i < 4; i++) {
      await expect(tokens.verify(forged)).rejects.toEqual(denied(/signature/));
      now += 10_000;
    }
    expect(mock.calls()).toHaveLength(2);
  });

  it('is unavailable where it cannot be read, and read as soon as it can be', async () => {
    const good = await token({ sub: 'alice' });
    mock.on(GetSecretValueCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    await expect(tokens.verify(good)).rejects.toThrow(Unavailable);
    keep(OLD);
    expect(await tokens.verify(good)).toEqual({ user: 'alice' });
  });

  it('that cannot be read again makes no forged token good, and no good one bad', async () => {
    const good = await token({ sub: 'alice' });
    await tokens.verify(good);
    now += 30_000;
    mock.on(GetSecretValueCommand).rejects(Object.assign(new Error('no'), { name: 'ThrottlingException' }));
    await expect(tokens.verify(await token({ sub: 'alice' }, NEW))).rejects.toThrow(Unavailable);
    expect(await tokens.verify(good)).toEqual({ user: 'alice' });
  });

  it.each([undefined, '', 'short', 7])('that is %j is a mistake of ours: nobody can sign with it', async (key) => {
    keep(key);
    const error = await tokens.verify(await token({ sub: 'alice' })).catch((e: Error) => e);
    expect(error).not.toMatchObject({ code: expect.anything() });
    expect((error as Error).message).toMatch(/signingKey/);
  });

  it('that is missing, since the secret is binary, is a mistake of ours', async () => {
    mock.on(GetSecretValueCommand).resolves({});
    await expect(tokens.verify(await token({ sub: 'alice' }))).rejects.toThrow(/signingKey/);
  });
});
