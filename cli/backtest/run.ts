import { availableParallelism } from 'node:os';
import { refuseFaults } from '../../analysis/trace.ts';
import type { Backtested } from '../../app/backtest.ts';
import type { Plan } from '../../plans/plan.ts';
import { TraceRun, type TraceRunResult } from '../../rollout/trace-run.ts';
import { Progress } from '../render/progress.ts';
import type { NumberedLine, TraceFile } from './lines.ts';
import { TraceThreads } from './threads.ts';

/** A trace of so few lines is done before threads would have started. */
const FEW = 5_000;
const MOST_THREADS = 8;

/**
 * The outcomes of all rollouts of a trace, in the order of their first lines, and the stories of the first `draw` ones.
 * @throws Failure TRACE_INVALID, TRACE_UNREADABLE
 */
export async function runTrace(plan: Plan, trace: TraceFile, draw: number): Promise<Backtested> {
  const progress = new Progress(process.stderr, trace.size, 'rollouts');
  const results = await resultsOf({ plan, draw }, trace, progress).finally(() => progress.close());
  refuseFaults(
    trace.name,
    results.map(({ faults }) => faults),
  );
  return {
    outcomes: results
      .flatMap(({ outcomes }) => outcomes)
      .sort((a, b) => a.line - b.line)
      .map(({ outcome }) => outcome),
    stories: results.flatMap(({ stories }) => stories),
  };
}

async function resultsOf(
  { plan, draw }: { plan: Plan; draw: number },
  { lines }: TraceFile,
  progress: Progress,
): Promise<TraceRunResult[]> {
  // A thread cannot load the sources; and the first rollouts are drawn from one place.
  const count =
    import.meta.url.endsWith('.js') && draw === 0 ? Math.min(MOST_THREADS, availableParallelism()) : 1;
  const alone = new TraceRun(plan, { draw });
  if (count < 2) {
    for await (const { text, number } of lines) {
      progress.advance(text.length + 1, alone.rollouts);
      alone.add(text, number);
    }
    return [alone.finish()];
  }
  const first: NumberedLine[] = [];
  let threads: TraceThreads | null = null;
  try {
    for await (const line of lines) {
      progress.advance(line.text.length + 1, threads?.rollouts ?? 0);
      if (threads !== null) {
        await threads.add(line);
        continue;
      }
      first.push(line);
      if (first.length <= FEW) continue;
      threads = new TraceThreads(plan, count);
      for (const early of first.splice(0)) await threads.add(early);
    }
    if (threads !== null) return await threads.finish();
  } finally {
    await threads?.stop();
  }
  for (const { text, number } of first) alone.add(text, number);
  return [alone.finish()];
}
