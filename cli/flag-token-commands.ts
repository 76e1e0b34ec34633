import { Command } from 'commander';
import type { Run } from './run.ts';

const tokens = () => import('./commands/flag-tokens.ts');

/** `flags tokens ...`: tokens by which applications read the flags of one environment. */
export function addFlagTokens(program: Command, run: Run): void {
  const group = new Command('tokens').description('tokens by which applications read flags');
  group
    .command('create')
    .description('make a token of one environment; it is shown this once')
    .requiredOption('--environment <name>', 'whose flags it opens')
    .requiredOption('--name <text>', 'whom it is for, so that one knows what a revocation stops')
    .option('--expires <duration>', 'how long it opens them, such as 90d (default: until it is revoked)')
    .action(
      run(async (c, options: { environment: string; name: string; expires?: string }) =>
        (await tokens()).create(c, options),
      ),
    );
  group
    .command('list')
    .description('list tokens: whom they are for, whether they are valid; never the tokens themselves')
    .option('--environment <name>', 'of one environment')
    .action(run(async (c, options: { environment?: string }) => (await tokens()).list(c, options)));
  group
    .command('revoke <token>')
    .description('end a token now, by its id; streams that it has opened end too')
    .action(run(async (c, id: string) => (await tokens()).revoke(c, id)));
  const flags = program.commands.find((command) => command.name() === 'flags') ?? program.command('flags');
  // Options of the group with the same names would take them from these.
  flags.enablePositionalOptions().addCommand(group);
}
