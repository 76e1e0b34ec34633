import type { Command } from 'commander';
import type { KillOptions } from './commands/flags.ts';
import type { Run } from './run.ts';

const flags = () => import('./commands/flags.ts');
const ENVIRONMENT = ['--environment <name>', 'where the flag has several environments'] as const;

/** Flags as they are delivered, kill and its way back. */
export function addFlags(program: Command, run: Run): void {
  program
    .command('kill <flag>')
    .description('take the canary from everybody now, past every queue, and latch the flag')
    .option(...ENVIRONMENT)
    .option('--direct', 'without the server: straight to the database and the data folder')
    .option('--reason <text>', 'why; it stands in the journal')
    .action(run(async (c, key: string, options: KillOptions) => (await flags()).kill(c, key, options)));
  program
    .command('unlock <flag>')
    .description('let rollouts raise a killed flag again')
    .option(...ENVIRONMENT)
    .requiredOption('--reason <text>', 'why it is safe again')
    .action(
      run(async (c, key: string, options: { environment?: string; reason: string }) =>
        (await flags()).unlock(c, key, options),
      ),
    );
  program
    .command('flags [flag]')
    .description('show flags: exposure, revision, the rollout that moves them, latches')
    .option(...ENVIRONMENT)
    .action(
      run(async (c, key: string | undefined, options: { environment?: string }) =>
        (await flags()).flags(c, key, options),
      ),
    );
}
