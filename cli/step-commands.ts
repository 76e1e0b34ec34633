import { Command } from 'commander';
import type { Run } from './run.ts';

const steps = () => import('./commands/steps.ts');

/** What is left behind the point of no return. */
export function addSteps(program: Command, run: Run): void {
  const group = program
    .command('steps')
    .description('what is left behind the point of no return of a rollout: by whom, until when')
    .argument('<rollout>')
    .action(run(async (c, reference: string) => (await steps()).listSteps(c, reference)));
  group.addCommand(
    new Command('done')
      .description('mark one of them as done')
      .argument('<rollout>')
      .argument('<step>')
      .option('--reason <text>', 'what was done; it stands in the journal')
      .action(
        run(async (c, reference: string, step: string, options: { reason?: string }) =>
          (await steps()).finishStep(c, { reference, step }, options),
        ),
      ),
  );
}
