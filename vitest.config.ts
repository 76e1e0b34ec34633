import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const never = ['node_modules/**', 'dist/**'];
const globalSetup = ['test/fixtures/global.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Projects with different numbers of workers run one after the other.
          sequence: { groupOrder: 0 },
          include: ['**/*.test.ts'],
          exclude: [...never, '**/*.it.test.ts', 'test/e2e/**'],
          // Ends what hangs; thousands of random orders take their time on a busy machine.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'it',
          sequence: { groupOrder: 1 },
          include: ['**/*.it.test.ts'],
          exclude: [...never, 'test/e2e/**'],
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          sequence: { groupOrder: 2 },
          include: ['test/e2e/**/*.test.ts'],
          exclude: never,
          globalSetup,
          testTimeout: 300_000,
          hookTimeout: 180_000,
          // Each file runs a whole installation, which takes more than a core: more at once would starve one another.
          maxWorkers: Math.max(1, Math.floor(availableParallelism() / 2)),
        },
      },
    ],
  },
});
