import type { Command } from 'commander';
import { MOST_DRAWN } from './backtest/drawn.ts';
import type { BacktestOptions } from './commands/backtest.ts';
import type { ListOptions, StatusOptions } from './commands/rollouts.ts';
import type { Run } from './run.ts';

/** Rollouts before they start, and to look at. */
export function addRollouts(program: Command, run: Run): void {
  program
    .command('dashboards')
    .description('what Grafana and Prometheus show of rollouts')
    .command('generate <plans...>')
    .description('write a dashboard and the recording and alert rules of each plan')
    .option('--out <folder>', 'where they are written', 'dashboards')
    .action(
      run(async (c, files: string[], options: { out: string }) =>
        (await import('./commands/dashboards.ts')).generate(c, files, options),
      ),
    );
  program
    .command('backtest <plan>')
    .description('what a plan would have done with recorded rollouts')
    .option(
      '--trace <file>',
      'their samples as JSON lines, such as those of status --trace (- reads standard input)',
    )
    .option('--from-prometheus', 'the samples of your own Prometheus between --start and --end instead')
    .option('--start <time>', 'ISO 8601 such as 2026-03-01T08:00Z, or how long ago, such as 7d')
    .option('--end <time>', 'the same (default: now)')
    .option('--chart <file>', `draw them as one HTML page (the first ${MOST_DRAWN} of them)`)
    .option('--stage <name>', "the stage of every window with a canary (default: by the canary's share)")
    .action(
      run(async (c, file: string, options: BacktestOptions) =>
        (await import('./commands/backtest.ts')).backtest(c, file, options),
      ),
    );

  program
    .command('preflight <plan>')
    .description("what a rollout would be like, from the service's own traffic, before it is submitted")
    .option('--days <n>', 'days of traffic that are read for the daily pattern (default: 7)')
    .option('--fire-test', 'send a test alert to the Alertmanagers and look whether it arrives')
    .action(
      run(async (c, file: string, options: { days?: string; fireTest?: boolean }) =>
        (await import('./commands/preflight.ts')).preflight(c, file, options),
      ),
    );

  const rollouts = () => import('./commands/rollouts.ts');
  program
    .command('submit <file>')
    .description('start the rollout of a plan (- reads standard input)')
    .action(run(async (c, file: string) => (await rollouts()).submit(c, file)));
  program
    .command('list')
    .description('list rollouts, the latest first')
    .option('--environment <name>', 'only of this environment')
    .option('--flag <key>', 'only of this flag')
    .option('--service <name>', 'only of this service')
    .option('--phase <phases>', 'only in these phases, such as submitted,active')
    .option('--waiting <who>', 'only what waits for an answer of yours (me), or of a role')
    .option('--search <words>', 'only with these words in id, flag, title, owner, service or submitter')
    .option('--limit <n>', 'how many at most (default: 100)')
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action(run(async (c, options: ListOptions) => (await rollouts()).list(c, options)));
  program
    .command('status <rollout>')
    .description('where a rollout stands: both cohorts, how sure, what happens next')
    .option('--history', 'its journal: every transition with cause and evidence')
    .option('--trace', 'its samples as JSON lines, for backtest')
    .option('--plan [revision]', 'its plan as it was written, or an earlier revision of it')
    .action(run(async (c, id: string, options: StatusOptions) => (await rollouts()).status(c, id, options)));
  program
    .command('compare <rollout>')
    .description('both cohorts of a stage side by side: differences, intervals, margins, verdicts')
    .option('--stage <name>', 'a stage before the present one')
    .option('--markdown', 'as a Markdown table')
    .action(
      run(async (c, id: string, options: { stage?: string; markdown?: boolean }) =>
        (await import('./commands/compare.ts')).compare(c, id, options),
      ),
    );
  program
    .command('report <rollout>')
    .description('the whole story of a rollout: stages, evidence, stop, impact, what to adjust')
    .option('--html <file>', 'as one page into a file')
    .option('--markdown', 'as Markdown, which is the default')
    .action(
      run(async (c, id: string, options: { html?: string; markdown?: boolean }) =>
        (await import('./commands/report.ts')).report(c, id, options),
      ),
    );
  program
    .command('watch [rollout]')
    .description('show a rollout until it ends (exit 0 completed, 1 rolled back); without one, all that run')
    .action(
      run(async (c, id?: string) =>
        id === undefined
          ? (await import('./commands/watch-board.ts')).watchBoard(c)
          : (await import('./commands/watch.ts')).watch(c, id),
      ),
    );
}
