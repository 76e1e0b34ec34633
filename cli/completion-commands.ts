import { Argument, type Command } from 'commander';
import type { Run } from './run.ts';

/** What shells complete with. `complete` is called by their scripts; `bare`: all other commands. */
export function addCompletion(program: Command, run: Run, bare: () => Command): void {
  program
    .command('completion')
    .description('print the script that completes commands, options and rollouts in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish', 'powershell']))
    .action(run(async (_, shell: string) => (await import('./commands/completion.ts')).print(shell)));
  program
    .command('complete [words...]', { hidden: true })
    .description('what a shell offers; called by the script of `completion`')
    .action(
      run(async (c, words: string[]) =>
        (await import('./commands/completion.ts')).complete(c, { bare: bare(), words }),
      ),
    );
}
