import { createHmac } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { derivedApiKey } from '../../../lambdas/aws/api-key.ts';
import { apiKeyFits, type StackSecret, stackSecret } from '../../../lambdas/aws/stack-secret.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';

// no clock could tell in a test how long a comparison takes: what is compared in constant time, and how long it is
const compared = vi.hoisted(() => [] as [left: number, right: number][]);
vi.mock('node:crypto', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:crypto')>();
  const timingSafeEqual: typeof original.timingSafeEqual = (left, right) => {
    compared.push([left.byteLength, right.byteLength]);
    return original.timingSafeEqual(left, right);
  };
  return { ...original, timingSafeEqual };
});

const SIGNING_KEY = 'the-signing-key-'.repeat(4);
const secretsManager = new SecretsManagerClient({ region: 'us-east-1' });
const mock = mockClient(secretsManager);

let now: number;
let secret: StackSecret;

beforeEach(() => {
  mock.reset();
  now = 1_000_000;
  secret = stackSecret(secretsManager, 'arn:secret', () => now);
  keep({ signingKey: SIGNING_KEY });
});

const hold = (SecretString: string | undefined) =>
  mock.on(GetSecretValueCommand).resolves(SecretString === undefined ? {} : { SecretString });
const keep = (fields: unknown) => hold(JSON.stringify(fields));

describe("the stack's keys", () => {
  it('are those of its secret', async () => {
    keep({ signingKey: SIGNING_KEY, apiKey: 'of the owner', more: 1 });
    const { signingKey, apiKey } = await secret.keys();
    expect(new TextDecoder().decode(signingKey)).toBe(SIGNING_KEY);
    expect(apiKey).toBe('of the owner');
    expect(mock.commandCalls(GetSecretValueCommand)[0]?.args[0].input).toEqual({ SecretId: 'arn:secret' });
  });

  it('are, where none opens the server API, completed by one that is made of the other and does not tell it', async () => {
    const { apiKey } = await secret.keys();
    expect(apiKey).toBe(createHmac('sha256', SIGNING_KEY).update('Parley server API key').digest('base64url'));
    expect(apiKey).toBe(derivedApiKey(SIGNING_KEY));
    expect(apiKey).toMatch(/^[\w-]{43}$/);
    expect(derivedApiKey(`${SIGNING_KEY}2`)).not.toBe(apiKey);
  });

  it('are read by all who ask at once in one call, and again after 5 minutes', async () => {
    await Promise.all([secret.keys(), secret.keys(), secret.keys()]);
    now += 5 * 60_000 - 1;
    await secret.keys();
    expect(mock.calls()).toHaveLength(1);
    now += 1;
    await secret.keys();
    expect(mock.calls()).toHaveLength(2);
  });

  it('are read again for what does not fit, but not within 30 seconds', async () => {
    await secret.keys();
    keep({ signingKey: SIGNING_KEY, apiKey: 'another' });
    now += 29_999;
    expect(await secret.rotatedKeys()).toBeUndefined();
    now += 1;
    expect(await secret.rotatedKeys()).toMatchObject({ apiKey: 'another' });
    expect(await secret.rotatedKeys()).toBeUndefined();
    expect(await secret.keys()).toMatchObject({ apiKey: 'another' });
    expect(mock.calls()).toHaveLength(2);
  });

  it('are unavailable where the secret cannot be read, and read as soon as it can be', async () => {
    mock.on(GetSecretValueCommand).rejects(Object.assign(new Error('no'), { name: 'ThrottlingException' }));
    await expect(secret.keys()).rejects.toThrow(Unavailable);
    keep({ signingKey: SIGNING_KEY });
    expect(await secret.keys()).toBeDefined();
  });

  it.each<[string, unknown, RegExp]>([
    ['has no signing key', { apiKey: 'a' }, /"signingKey"/],
    ['has a signing key that is too short', { signingKey: 'x'.repeat(31) }, /"signingKey" of at least 32/],
    ['has an API key that is no text', { signingKey: SIGNING_KEY, apiKey: 7 }, /"apiKey"/],
    ['has an empty API key', { signingKey: SIGNING_KEY, apiKey: '' }, /"apiKey"/],
    ['has an API key that is null', { signingKey: SIGNING_KEY, apiKey: null }, /"apiKey"/],
    ['is null', null, /"signingKey"/],
    ['is a text', 'signingKey', /"signingKey"/],
    ['is a list', [], /"signingKey"/],
  ])('are a mistake of the owner where the secret %s', async (_, fields, message) => {
    keep(fields);
    const failure = secret.keys();
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow(Unavailable);
  });

  it('are not told to the log where the secret is a key alone, and no JSON', async () => {
    hold(SIGNING_KEY);
    const error = (await secret.keys().catch((e: Error) => e)) as Error;
    expect(error.message).toMatch(/no JSON/);
    for (let told: unknown = error; told instanceof Error; told = told.cause) {
      expect(`${told.message} ${told.stack}`).not.toContain('the-signing-key');
    }
  });

  it('are missing where the secret is binary', async () => {
    hold(undefined);
    await expect(secret.keys()).rejects.toThrow(/"signingKey"/);
  });
});

describe('a key that a caller gives', () => {
  beforeEach(() => keep({ signingKey: SIGNING_KEY, apiKey: 'the key' }));

  it('fits if it is the API key to the letter', async () => {
    expect(await apiKeyFits(secret, 'the key')).toBe(true);
    for (const other of ['', 'the ke', 'the key ', 'The key', SIGNING_KEY, derivedApiKey(SIGNING_KEY)]) {
      expect(await apiKeyFits(secret, other)).toBe(false);
    }
    expect(mock.calls()).toHaveLength(1);
  });

  it('is compared in a time that tells nothing of the right one: by hashes, which all have one length', async () => {
    compared.length = 0;
    const given = ['', 'the', 'the kex', 'the key', 'x'.repeat(100_000)];
    for (const key of given) await apiKeyFits(secret, key);
    expect(compared).toEqual(given.map(() => [32, 32]));
  });

  it('fits when the key has just been rotated to it, and the old one no longer', async () => {
    expect(await apiKeyFits(secret, 'the key')).toBe(true);
    keep({ signingKey: SIGNING_KEY, apiKey: 'the new key' });
    now += 30_000;
    expect(await apiKeyFits(secret, 'the new key')).toBe(true);
    expect(await apiKeyFits(secret, 'the key')).toBe(false);
  });

  it('costs a reading of the secret once in 30 seconds at most, if it does not fit', async () => {
    await secret.keys();
    for (let i = 0; i < 4; i++) {
      expect(await apiKeyFits(secret, 'a guess')).toBe(false);
      now += 10_000;
    }
    expect(mock.calls()).toHaveLength(2);
  });

  it('cannot be judged without the secret', async () => {
    mock.on(GetSecretValueCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    await expect(apiKeyFits(secret, 'the key')).rejects.toThrow(Unavailable);
  });
});
