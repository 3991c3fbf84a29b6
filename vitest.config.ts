import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/lambdas/**/*.test.ts', 'test/local/**/*.test.ts'] } },
      {
        test: {
          name: 'cdk',
          isolate: false,
          include: ['test/lib/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'local',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/cloud-assembly.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['lambdas/**', 'lib/**', 'local/**'], reporter: ['text-summary'] },
  },
});
