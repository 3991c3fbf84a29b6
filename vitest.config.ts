import { defineConfig } from 'vitest/config';

const whole = { statements: 100, branches: 100, functions: 100, lines: 100 };

export default defineConfig({
  test: {
    // two cores are what is promised of the time; end to end, every stack has processes of its own besides
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          // a bound for what hangs: a busy machine takes several times as long as an idle one
          testTimeout: 30_000,
          include: [
            'test/lambdas/**/*.test.ts',
            'test/local/**/*.test.ts',
            'test/costs/**/*.test.ts',
            'test/conformance/memory.test.ts',
            'test/conformance/deployed-*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'cdk',
          isolate: false,
          include: ['test/lib/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'local',
          include: ['test/e2e/**/*.test.ts', 'test/conformance/local*.test.ts'],
          globalSetup: ['test/support/cloud-assembly.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['lambdas/**', 'lib/**', 'local/**'],
      // what runs in the functions' own processes is not seen by it
      reporter: ['text-summary'],
      thresholds: {
        lines: 90,
        'lambdas/chat/**': whole,
        'lambdas/protocol/**': whole,
      },
    },
  },
});
