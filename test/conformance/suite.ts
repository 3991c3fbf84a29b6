import { afterAll, describe, it } from 'vitest';
import type { Host } from './host.ts';
import { type Clients, fits, type Scenario } from './scenario.ts';
import { openStage } from './stage.ts';

/** How long a scenario may take, in ms: only spent where it fails. */
const TIMEOUT_MS = 150_000;

/** Scenarios by topic. */
export type Topics = Readonly<Record<string, readonly Scenario[]>>;

/**
 * Tries each scenario on a host, several at a time, and prints how many have passed, by their clients. `kind` says what is
 * known of the host before it runs, and `host` is asked for each scenario; what does not fit it is not tried, and counted.
 */
export function tryScenarios(
  topics: Topics,
  kind: Pick<Host, 'name' | 'isConformanceApp'>,
  host: () => Host | Promise<Host>,
  { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): void {
  const passed = new Map<Clients, number>();
  const all = Object.values(topics).flat();
  const fitting = all.filter((one) => fits(one, kind));
  for (const [topic, scenarios] of Object.entries(topics)) {
    const tried = scenarios.filter((one) => fits(one, kind));
    if (tried.length === 0) continue;
    describe.concurrent(topic, () => {
      it.for(tried.map((one) => ({ ...one })))(
        '$sentence ($clients)',
        { timeout: timeoutMs },
        async ({ clients, run }) => {
          const stage = openStage(await host());
          try {
            await run(stage);
          } finally {
            await stage.close();
          }
          passed.set(clients, (passed.get(clients) ?? 0) + 1);
        },
      );
    });
  }
  afterAll(() => {
    const counts = [...passed].map(([clients, count]) => `${clients} ${count}`).join(', ');
    const left = all.length - fitting.length;
    const rest = left === 0 ? '' : `; ${left} do not fit this host`;
    const sum = passed.values().reduce((a, b) => a + b, 0);
    console.log(`conformance, ${kind.name}: ${sum} of ${fitting.length} scenarios passed (${counts})${rest}`);
  });
}
