import { availableParallelism } from 'node:os';
import { refuseFaults } from '../../analysis/trace.ts';
import type { Plan } from '../../plans/plan.ts';
import type { BacktestOutcome } from '../../rollout/backtest.ts';
import { TraceRun, type TraceRunResult } from '../../rollout/trace-run.ts';
import { Progress } from '../render/progress.ts';
import type { NumberedLine, TraceFile } from './lines.ts';
import { TraceThreads } from './threads.ts';

/** A trace of so few lines is done before threads would have started. */
const FEW = 5_000;
const MOST_THREADS = 8;

/** The outcomes of all rollouts of a trace, in the order of their first lines. @throws Failure TRACE_INVALID */
export async function runTrace(plan: Plan, trace: TraceFile): Promise<BacktestOutcome[]> {
  const progress = new Progress(process.stderr, trace.size, 'rollouts');
  const results = await resultsOf(plan, trace, progress);
  progress.close();
  refuseFaults(
    trace.name,
    results.map(({ faults }) => faults),
  );
  return results
    .flatMap(({ outcomes }) => outcomes)
    .sort((a, b) => a.line - b.line)
    .map(({ outcome }) => outcome);
}

async function resultsOf(plan: Plan, { lines }: TraceFile, progress: Progress): Promise<TraceRunResult[]> {
  const first: NumberedLine[] = [];
  let threads: TraceThreads | null = null;
  // A thread cannot load the sources.
  const count = import.meta.url.endsWith('.js') ? Math.min(MOST_THREADS, availableParallelism()) : 1;
  try {
    for await (const line of lines) {
      progress.advance(line.text.length + 1, threads?.rollouts ?? 0);
      if (threads !== null) {
        await threads.add(line);
        continue;
      }
      first.push(line);
      if (first.length <= FEW || count < 2) continue;
      threads = new TraceThreads(plan, count);
      for (const early of first.splice(0)) await threads.add(early);
    }
    if (threads !== null) return await threads.finish();
  } finally {
    await threads?.stop();
  }
  const run = new TraceRun(plan);
  for (const { text, number } of first) run.add(text, number);
  return [run.finish()];
}
