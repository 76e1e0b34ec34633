import type { Command } from 'commander';
import type { CheckOptions } from './commands/plan.ts';
import type { NewOptions } from './commands/plan-new.ts';
import type { Run } from './run.ts';

/** Plans, before there is a rollout. */
export function addPlans(program: Command, run: Run): void {
  const plan = program.command('plan').description('write and check plans and describe their language');
  plan
    .command('new')
    .description('write a plan from what is known of a change; on a terminal it asks for what is missing')
    .option('--name <key>', 'of the rollout')
    .option('--flag <key>', 'the key of the flag')
    .option('--service <name>', 'the service, as it calls itself in createDispatcher')
    .option('--risk <level>', 'low, medium, high or critical')
    .option('--users <n>', 'how many a day')
    .option('--reversibility <kind>', 'reversible or forward-only')
    .option('--traffic <n>', 'requests a second')
    .option('--migration <yes|no>', 'whether data are migrated')
    .option('--owner <team>', 'who owns the change')
    .option('--ticket <id>', 'where it is described')
    .option('--expires <date>', 'the day by which the flag is gone')
    .option('--title <words>', 'what is rolled out')
    .option('--environment <name>', 'where the flag lives (default: production)')
    .option('--timezone <zone>', 'of the windows (default: UTC)')
    .option('--segment <name>', 'of your own people, who come first (default: employees)')
    .option('--channel <name>', 'that is told the news (default: releases)')
    .option('--pager <name>', 'the channel that wakes people (default: pager)')
    .option('-o, --out <file>', 'write it there in place of standard output')
    .option('--force', 'also where there is such a file')
    .action(
      run(async (c, options: NewOptions) => (await import('./commands/plan-new.ts')).create(c, options)),
    );
  plan
    .command('check <files...>')
    .description('say everything that is wrong with plans, and what is a risk in them')
    .option(
      '--traffic <n>',
      'requests per second of the service: also what the thresholds cannot see with them',
    )
    .option(
      '--online',
      'ask the server, too: names of its tidegate.yaml, other rollouts, queries, and tenants that a database names',
    )
    .option('--strict', 'exit 1 also for a risk that the plan does not allow')
    .action(
      run(async (c, files: string[], options: CheckOptions) =>
        (await import('./commands/plan.ts')).check(c, files, options),
      ),
    );
  plan
    .command('diff <plan> [against]')
    .description(
      'say what a plan changes in that of the last rollout of its flag; `plan`: a file or a rollout, `against`: another rollout',
    )
    .option('--text', 'the lines that differ, too')
    .action(
      run(async (c, what: string, against: string | undefined, options: { text?: boolean }) =>
        (await import('./commands/plan-diff.ts')).diff(c, { what, against, ...options }),
      ),
    );
  plan
    .command('runbook <plan>')
    .description(
      'write what whoever is on call needs of a plan: who has the new path when, what stops it, how to take it back',
    )
    .option('-o, --out <file>', 'write it there in place of standard output')
    .action(
      run(async (c, file: string, options: { out?: string }) =>
        (await import('./commands/runbook.ts')).runbook(c, file, options),
      ),
    );
  plan
    .command('schema')
    .description('print the JSON Schema of plans, for editors')
    .action(run(async () => (await import('./commands/plan.ts')).schema()));
}
