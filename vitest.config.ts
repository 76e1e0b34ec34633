import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const never = ['node_modules/**', 'dist/**'];
const globalSetup = ['test/fixtures/global.ts'];
const cores = availableParallelism();
/** What decides only computes: no test of it can come too late. `npm test` runs these tests apart from the `others`. */
const deciding = ['plans/**', 'analysis/**', 'rollout/**'];
const apart = process.env['TIDEGATE_UNITS'] as 'deciding' | 'others' | undefined;

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
          include: apart === 'deciding' ? deciding.map((folder) => `${folder}/*.test.ts`) : ['**/*.test.ts'],
          exclude: [...never, '**/*.it.test.ts', 'test/e2e/**', ...(apart === 'others' ? deciding : [])],
          // Ends what hangs; thousands of random orders take their time on a busy machine, and more beside others.
          testTimeout: apart === 'deciding' ? 600_000 : 60_000,
          // What decides keeps nothing from one test to another, and a process for each file costs a third of a second.
          isolate: apart !== 'deciding',
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
          // They wait half of their time, for a scrape or an answer; more at once take each other’s free ports.
          maxWorkers: 3,
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
