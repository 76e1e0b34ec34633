import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { TraceReader } from '../../analysis/trace.ts';
import { Failure } from '../../plans/failures.ts';
import { findingText } from '../../plans/finding.ts';
import { parsePlan } from '../../plans/parse.ts';
import type { Plan } from '../../plans/plan.ts';
import { Backtest, type BacktestOutcome } from '../../rollout/backtest.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { backtestLines } from '../render/backtest.ts';
import { Progress } from '../render/progress.ts';

/** Runs every rollout of a trace through the plan: 0 when all would have completed, 1 when one would have been stopped. */
export async function backtest(context: Context, file: string, options: { trace: string }): Promise<number> {
  const plan = planOf(await planText(file), file);
  const outcomes = await outcomesOf(plan, options.trace);
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

/** One line at a time: memory holds what each rollout knows, and no samples but those of its history. */
async function outcomesOf(plan: Plan, file: string): Promise<BacktestOutcome[]> {
  const name = file === '-' ? 'standard input' : file;
  const reader = new TraceReader(plan, name);
  const rollouts = new Map<string, Backtest>();
  const size = file === '-' ? null : await sizeOf(file);
  const progress = new Progress(process.stderr, size, 'rollouts');
  const input = file === '-' ? process.stdin : createReadStream(file);
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    progress.advance(line.length + 1, rollouts.size);
    const entry = reader.read(line);
    if (entry === null) continue;
    const known = rollouts.get(entry.rollout);
    const one = known ?? new Backtest(plan, entry.rollout);
    if (known === undefined) rollouts.set(entry.rollout, one);
    if (entry.kind === 'sample') one.addSample(entry.sample);
    else {
      const { t, baseline, halves } = entry;
      one.addHistory({ stage: 'history', t, baseline, ...(halves === undefined ? {} : { halves }) });
    }
  }
  progress.close();
  reader.finish();
  return [...rollouts.values()].map((one) => one.finish());
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile() !== true)
    throw new Failure('TRACE_INVALID', `${file} cannot be read.`, { where: file });
  return found.size;
}
