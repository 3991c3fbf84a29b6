import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alongTape, oneFault } from '../../support/simulation/decisions.ts';
import type { Scenario } from '../../support/simulation/happenings.ts';
import { checkInvariants } from '../../support/simulation/invariants.ts';
import { SCENARIOS } from '../../support/simulation/scenarios.ts';
import { Simulation } from '../../support/simulation/simulation.ts';

const OUTCOMES = 6;
/** The same orders each time with `PARLEY_SEED`. */
const SEED = process.env.PARLEY_SEED;
/** Orders tried of each scenario; more of them with `PARLEY_RUNS`. */
const RUNS = Number(process.env.PARLEY_RUNS ?? 150);
/** It is only spent where the machine has much else to do. */
const PATIENCE_MS = 60_000;

async function runs(scenario: Scenario, simulation: Simulation): Promise<void> {
  await scenario.begin(simulation);
  await simulation.run();
  checkInvariants(simulation);
}

describe.each(SCENARIOS)('$name', (scenario) => {
  it(
    'breaks no invariant, whichever one call goes wrong',
    async () => {
      const plain = oneFault(-1, 0);
      await runs(scenario, new Simulation(plain));
      expect(plain.asked()).toBeGreaterThan(5);
      for (let at = 0; at < plain.asked(); at++) {
        for (let outcome = 1; outcome < OUTCOMES; outcome++)
          await runs(scenario, new Simulation(oneFault(at, outcome)));
      }
    },
    PATIENCE_MS,
  );

  it(
    'breaks no invariant in any order, with two faults',
    async () => {
      const tape = fc.array(fc.nat(999), { maxLength: 120, size: 'max' });
      await fc.assert(
        fc.asyncProperty(tape, (decisions) => runs(scenario, new Simulation(alongTape(decisions, 2)))),
        { numRuns: RUNS, includeErrorInReport: true, ...(SEED !== undefined && { seed: Number(SEED) }) },
      );
    },
    PATIENCE_MS,
  );
});
