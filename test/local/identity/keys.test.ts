import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCertificate } from '../../../local/identity/certificate.ts';
import { openKeys } from '../../../local/identity/keys.ts';
import { StartError } from '../../../local/start-error.ts';

let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'parley-keys-'));
  directory = join(parent, '.parley');
});

afterEach(() => rmSync(parent, { recursive: true }));

it('makes names and keys of the kind that AWS makes', async () => {
  const keys = await openKeys(directory);
  expect(keys.userPool.id).toMatch(/^us-east-1_[A-Za-z0-9]{9}$/);
  expect(keys.userPool.clientId).toMatch(/^[a-z0-9]{26}$/);
  expect(keys.issuer).toBe(`https://cognito-idp.us-east-1.amazonaws.com/${keys.userPool.id}`);
  expect(keys.signingKey).toMatch(/^[A-Za-z0-9]{64}$/);
  expect(keys.issuerKey).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig', d: expect.any(String) });
});

it('has the same keys each time', async () => {
  const { generated: _, ...first } = await openKeys(directory);
  const { generated, ...second } = await openKeys(directory);
  expect(second).toEqual(first);
  expect(await generated('signingKey', () => 'another')).toBe(first.signingKey);
});

it('keeps a generated value by its name, whatever the name', async () => {
  const keys = await openKeys(directory);
  expect(await keys.generated('../a b', () => 'one')).toBe('one');
  expect(await keys.generated('../a b', () => 'two')).toBe('one');
  expect(readdirSync(parent)).toEqual(['.parley']);
});

it('lets only the owner read them', async () => {
  await openKeys(directory);
  await openCertificate(directory, Date.UTC(2026, 5));
  const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([0o600]));
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

it('gives all the same keys where many make them at once, and leaves no drafts', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => openKeys(directory)));
  const kept = all.map(({ generated: _, ...keys }) => JSON.stringify(keys));
  expect(new Set(kept).size).toBe(1);
  expect(readdirSync(directory).sort()).toEqual(['issuer-key.json', 'secret-signingKey', 'user-pool.json']);
});

it('names a file that is not what was written there', async () => {
  await openKeys(directory);
  const file = join(directory, 'user-pool.json');
  for (const text of ['{', '{"id":"us-east-1_a"}', 'null']) {
    writeFileSync(file, text);
    await expect(openKeys(directory)).rejects.toThrow(StartError);
    await expect(openKeys(directory)).rejects.toThrow(`${file} is not what was written there`);
  }
});
