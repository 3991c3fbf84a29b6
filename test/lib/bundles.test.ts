import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, ENTRY_DIRECTORY } from '../../lib/function-bundle.ts';
import { propertiesOf, rpc, templateOf } from './synthesis.ts';

/** How large the code of each function may be, in KB: a cold start waits for all of it. */
const CEILINGS = {
  authorizer: 400,
  connect: 450,
  disconnect: 450,
  'send-message': 475,
  commands: 600,
  'server-api': 500,
  deliver: 500,
  later: 475,
  sweep: 475,
};
const NAMES = Object.keys(CEILINGS);

/** What the stack and the local server may tell a function. */
const SETTINGS = [
  'ALLOW_ANONYMOUS',
  'CALLBACK_URL',
  'CHANNELS_TABLE',
  'CHANNEL_QUEUE_URL',
  'CONNECTIONS_TABLE',
  'HANDSHAKE',
  'ISSUER_AUDIENCE',
  'ISSUER_CLIENT_ID',
  'ISSUER_URL',
  'JOIN_LEAVE_READERS',
  'LATER_QUEUE_URL',
  'MAX_BACKLOG',
  'MAX_CHANNELS',
  'MAX_MESSAGE_BYTES',
  'NAMESPACES',
  'PARKED_QUEUE_URL',
  'PING_INTERVAL',
  'RPC_FUNCTION',
  'SECRET_ARN',
  'USER_CLAIM',
  'VISIBILITY_TIMEOUT',
];

describe('the bundles', () => {
  const code = new Map<string, string>();
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'parley-bundles-'));
    bundle(ENTRY_DIRECTORY, NAMES, directory);
    for (const name of NAMES) code.set(name, readFileSync(join(directory, name, 'index.mjs'), 'utf8'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it.each(Object.entries(CEILINGS))('keeps %s below %i KB', (name, ceiling) => {
    const size = Buffer.byteLength(code.get(name) ?? '') / 1024;
    console.info(`${name}: ${size.toFixed(0)} KB, at most ${ceiling} KB`);
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(ceiling);
  });

  it.each(NAMES)('has nothing in %s that asks for a module when it runs', (name) => {
    // what esbuild puts where a CommonJS module calls `require`, which an ES module does not have
    expect(code.get(name)).not.toContain('Dynamic require of');
  });

  it.each(NAMES)('has %s told what its code asks for, and no more', (name) => {
    const issuer = { url: 'https://login.example.com', audience: 'parley' };
    const id = name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
    const told = [templateOf(), templateOf({ issuer, rpc })].flatMap((stack) =>
      Object.keys(propertiesOf(stack, id).Environment.Variables),
    );
    const asked = SETTINGS.filter((setting) => new RegExp(`\\b${setting}\\b`).test(code.get(name) ?? ''));
    expect([...new Set(told)].filter((setting) => !setting.startsWith('POWERTOOLS_')).sort()).toEqual(asked);
  });
});
