import { inject } from 'vitest';
import type { DeployedHost } from './deployed-stack.ts';
import { idle } from './idle.ts';
import { tryScenarios } from './suite.ts';
import { TOPICS } from './topics.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The deployed stack to be tried, and whether its silence is, too. */
    readonly deployed: { readonly host: DeployedHost; readonly idle: boolean };
  }
}

const deployed = inject('deployed');

tryScenarios(TOPICS, deployed.host, () => deployed.host);

if (deployed.idle) {
  const timeoutMs = 30 * 60_000;
  tryScenarios({ 'a silent connection': idle }, deployed.host, () => deployed.host, { timeoutMs });
}
