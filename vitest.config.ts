import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const never = ['node_modules/**', 'dist/**'];
const globalSetup = ['test/fixtures/global.ts'];
const cores = availableParallelism();

export default defineConfig({
  test: {
    // Vitest would leave one core to itself, of which it needs next to nothing.
    maxWorkers: cores,
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
          // They wait half of their time, for a scrape or an answer.
          maxWorkers: Math.max(3, cores),
        },
      },
      {
        test: {
          name: 'e2e',
          sequence: { groupOrder: 2 },
          include: ['test/e2e/**/*.test.ts'],
          exclude: never,
          globalSetup: ['test/fixtures/build.ts', ...globalSetup],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          // Each file runs a whole installation, which takes more than a core: more at once would starve one another.
          maxWorkers: Math.max(1, Math.floor(cores / 2)),
        },
      },
    ],
  },
});
