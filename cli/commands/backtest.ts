import { Failure } from '../../plans/failures.ts';
import { findingText } from '../../plans/finding.ts';
import { parsePlan } from '../../plans/parse.ts';
import type { Plan } from '../../plans/plan.ts';
import { openTrace } from '../backtest/lines.ts';
import { runTrace } from '../backtest/run.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { backtestLines } from '../render/backtest.ts';

/** Runs every rollout of a trace through the plan: 0 when all would have completed, 1 when one would have been stopped. */
export async function backtest(context: Context, file: string, options: { trace: string }): Promise<number> {
  const plan = planOf(await planText(file), file);
  const outcomes = await runTrace(plan, await openTrace(options.trace));
  for (const outcome of outcomes) context.tell(outcome);
  context.say(backtestLines(outcomes, context.ink));
  return outcomes.every(({ outcome, held }) => outcome === 'completed' && held.length === 0) ? 0 : 1;
}

function planOf(text: string, file: string): Plan {
  const parsed = parsePlan(text, file);
  if (parsed.kind === 'ok') return parsed.plan;
  const errors = parsed.findings.filter(({ severity }) => severity === 'error').map(findingText);
  throw new Failure('PLAN_INVALID', `${file} has errors.`, { where: file, details: errors });
}
