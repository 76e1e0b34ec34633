import type { Backtested } from '../../app/backtest.ts';
import { Failure } from '../../plans/failures.ts';
import type { Plan } from '../../plans/plan.ts';
import { Duration } from '../../plans/units.ts';
import { MOST_DRAWN } from '../backtest/drawn.ts';
import { openTrace } from '../backtest/lines.ts';
import { runTrace } from '../backtest/run.ts';
import type { Context } from '../context.ts';
import { readPlan } from '../plan-file.ts';
import { backtestLines, closing } from '../render/backtest.ts';
import { Progress } from '../render/progress.ts';
import { clock } from '../render/words.ts';
import { writePage } from '../write-page.ts';
import { loadConfiguration } from './processes.ts';

export interface BacktestOptions {
  trace?: string;
  fromPrometheus?: boolean;
  start?: string;
  end?: string;
  stage?: string;
  chart?: string;
}

/** Runs recorded rollouts through the plan: 0 when all would have completed, 1 when one would have been stopped. */
export async function backtest(context: Context, file: string, options: BacktestOptions): Promise<number> {
  const { trace } = options;
  const live = options.fromPrometheus === true;
  if (live === (trace !== undefined))
    throw new Failure('USAGE', 'A backtest reads either --trace FILE or --from-prometheus.');
  const past = (['start', 'end', 'stage'] as const).find((name) => options[name] !== undefined);
  if (!live && past !== undefined)
    throw new Failure('USAGE', `--${past} is of --from-prometheus: stages and times of a trace are its own.`);
  const plan = await readPlan(file);
  const draw = options.chart === undefined ? 0 : MOST_DRAWN;
  const found =
    trace === undefined
      ? await recorded(context, plan, { ...options, draw })
      : await runTrace(plan, await openTrace(trace), draw);
  const { outcomes } = found;
  if (options.chart !== undefined) {
    const { backtestPage } = await import('../../app/backtest.ts');
    await writePage(options.chart, backtestPage(plan, { ...found, summary: closing(outcomes).join('; ') }));
  }
  for (const outcome of outcomes) context.tell(outcome);
  context.say(backtestLines(outcomes, context.ink));
  return outcomes.every(({ outcome, held }) => outcome === 'completed' && held.length === 0) ? 0 : 1;
}

async function recorded(
  context: Context,
  plan: Plan,
  options: BacktestOptions & { draw: number },
): Promise<Backtested> {
  const now = Date.now() / 1000;
  const until = options.end === undefined ? now : momentOf('--end', options.end, now);
  if (options.start === undefined) throw new Failure('USAGE', '--from-prometheus needs --start.');
  const from = momentOf('--start', options.start, now);
  if (!(from < until)) throw new Failure('USAGE', '--start does not come before --end.');
  const { stage = null, draw } = options;
  if (stage !== null && !plan.stages.some(({ name }) => name === stage))
    throw new Failure('USAGE', `The plan has no stage ${stage}.`);
  const [config, { backtestPast }] = await Promise.all([
    loadConfiguration(context),
    import('../../app/backtest.ts'),
  ]);
  const progress = new Progress(
    process.stderr,
    Math.floor((until - from) / plan.source.poll),
    'windows used',
  );
  let used = 0;
  const told = (windows: number, more: number) => {
    used += more;
    progress.advance(windows, used);
  };
  let found: Backtested;
  try {
    found = await backtestPast({ config, plan, from, until, stage, draw, told });
  } finally {
    progress.close();
  }
  if (found.outcomes.length > 0) return found;
  throw new Failure('RECORDING_EMPTY', 'There is no rollout in that time.', {
    where: `${clock(from * 1000)} to ${clock(until * 1000)} UTC`,
    details: [
      used === 0
        ? 'no window had both counters and no gaps: is the plan’s poll at least one scrape interval?'
        : `${used} windows were read, and in none the canary had a share of the requests that is near a stage’s`,
    ],
  });
}

/** Unix seconds of an ISO 8601 time, or of so long ago. */
function momentOf(option: string, text: string, now: number): number {
  const ago = Duration.safeParse(text);
  if (ago.success) return now - ago.data;
  const at = Date.parse(text);
  if (Number.isFinite(at)) return at / 1000;
  throw new Failure(
    'USAGE',
    `${option} ${text} is neither a time such as 2026-03-01T08:00Z nor a duration such as 7d.`,
  );
}
