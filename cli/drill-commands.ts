import type { Command } from 'commander';
import type { DrillOptions } from './commands/drill.ts';
import type { Run } from './run.ts';

/** Rollbacks that are rehearsed on purpose. */
export function addDrills(program: Command, run: Run): void {
  program
    .command('drill [rollout]')
    .description('break the new path for a few users on purpose, and see that it is rolled back')
    .option('--error-rate <share>', "share of the drilled users' requests that fail, 0 to 1", '1')
    .option('--latency <ms>', 'milliseconds by which the others are late', '0')
    .option(
      '--percent <n>',
      "share of the canary's users (default: 5, where that is at most 1 % of everybody)",
    )
    .option(
      '--within <time>',
      'detected, rolled back and verified in this time; then it ends by itself',
      '5m',
    )
    .option('--reason <text>', 'why; it stands in the journal')
    .option('--yes', 'do not ask')
    .option('--end', 'break off the drill that runs')
    .option('--list', 'drills and what came of them, the latest first')
    .action(
      run(async (c, reference: string | undefined, options: DrillOptions) =>
        (await import('./commands/drill.ts')).drill(c, reference, options),
      ),
    );
}
