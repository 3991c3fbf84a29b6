import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MemoryHost, type MemoryHostOptions, startMemoryHost } from '../support/memory-host.ts';
import { AGE_MS, endedAt } from './aged-connect.ts';
import { expiry } from './expiry.ts';
import { idle } from './idle.ts';
import { NAMESPACES } from './namespaces.ts';
import { tryScenarios } from './suite.ts';
import { TOPICS } from './topics.ts';

const kind = { name: 'memory', isConformanceApp: true } as const;
const started: MemoryHost[] = [];

async function start(options: Partial<MemoryHostOptions> = {}): Promise<MemoryHost> {
  const host = await startMemoryHost({ namespaces: NAMESPACES, ...options });
  started.push(host);
  return host;
}

afterAll(async () => {
  for (const host of started) await host.close();
});

describe('the core in memory', () => {
  let shared: MemoryHost;
  beforeAll(async () => {
    shared = await start();
  });
  tryScenarios(TOPICS, kind, () => ({ ...kind, ...shared }));
  tryScenarios({ 'a token that has ended': expiry }, kind, async () => ({ ...kind, ...(await start()) }));
});

describe('the core behind a gateway that ends silent connections soon', () => {
  const idleTimeoutMs = 1_500;
  let soon: MemoryHost;
  beforeAll(async () => {
    soon = await start({
      idleTimeoutMs,
      sweepEveryMs: 200,
      pingInterval: 1,
      changeConnect: ({ connectedAt, ...connection }, { ended }) => ({
        ...connection,
        connectedAt: connectedAt - AGE_MS,
        ...(ended !== undefined && { expires: endedAt(ended) }),
      }),
    });
  });
  tryScenarios({ 'a silent connection': idle }, kind, () => ({ ...kind, ...soon, idleTimeoutMs }));
});

it('goes through all of it without a fault', () => {
  expect(started.flatMap(({ faults }) => faults)).toEqual([]);
});
