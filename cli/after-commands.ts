import { type Command, Option } from 'commander';
import type { RetryOptions, SupersedeOptions } from './commands/after.ts';
import type { BugOptions } from './commands/bugs.ts';
import type { DecisionOptions } from './commands/decisions.ts';
import type { Run } from './run.ts';

const after = () => import('./commands/after.ts');
const incidents = () => import('./commands/incidents.ts');

/** What comes after a stop, or in the place of a rollout. */
export function addAfter(program: Command, run: Run): void {
  program
    .command('report-bug <rollout>')
    .description(
      "tell a rollout of a bug in the new path; a critical one does what the plan's alerts.bug says",
    )
    .requiredOption('--title <text>', 'the bug, in a few words')
    .addOption(
      new Option('--severity <level>', 'how bad it is')
        .choices(['critical', 'major', 'minor'])
        .makeOptionMandatory(),
    )
    .option('--url <address>', 'where it is described')
    .action(
      run(async (c, reference: string, options: BugOptions) =>
        (await import('./commands/bugs.ts')).reportBug(c, reference, options),
      ),
    );
  addIncident(program, run);
  program
    .command('retry <rollout>')
    .description('start the plan of a rolled back rollout again, from its first stage or one that was proven')
    .option('--reason <text>', 'what was mended; approvers see it')
    .option('--from <stage>', 'begin there: at most the stage in which the rollout ended')
    .option('--plan <file>', 'an amended plan (- reads standard input)')
    .option(
      '--build <name>',
      'what stands behind the canary now: the same as before keeps the evidence against it',
    )
    .option(
      '--accept [difference]',
      'accept what stands against the same build, such as 0.3pp; without a value what was seen',
    )
    .option('--propose', 'only print the plan with what the report would adjust')
    .action(
      run(async (c, reference: string, options: RetryOptions) =>
        (await after()).retry(c, reference, options),
      ),
    );
  program
    .command('abandon <rollout>')
    .description('end a rollout with the flag as it is, at 0 % or at 100 %')
    .option('--reason <text>', 'why; it stands in the journal')
    .option('--lower', 'take the canary from everybody first')
    .action(
      run(async (c, reference: string, options: DecisionOptions) =>
        (await import('./commands/decisions.ts')).decide(c, { action: 'abandon', reference }, options),
      ),
    );
  program
    .command('supersede <rollout> <file>')
    .description(
      'have a newer plan of the flag take the place of a rollout, after saying what users will see',
    )
    .requiredOption('--reason <text>', 'why; it stands in the journal')
    .option('--yes', 'do it')
    .action(
      run(async (c, reference: string, file: string, options: SupersedeOptions) =>
        (await after()).supersede(c, { reference, file }, options),
      ),
    );
}

function addIncident(program: Command, run: Run): void {
  const incident = program.command('incident').description('what follows a stop, until it is over');
  incident
    .command('show <rollout>')
    .description('how the incident of a rollout stands')
    .action(run(async (c, reference: string) => (await incidents()).showIncident(c, reference)));
  incident
    .command('close <rollout>')
    .description('say that the incident is over, where the metrics do not')
    .requiredOption('--reason <text>', 'why; it stands in the journal')
    .action(
      run(async (c, reference: string, options: { reason: string }) =>
        (await incidents()).closeIncident(c, reference, options),
      ),
    );
  incident
    .command('review <rollout>')
    .description('the draft of a review, as Markdown')
    .action(run(async (c, reference: string) => (await incidents()).reviewIncident(c, reference)));
}
