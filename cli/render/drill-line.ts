import type { DrillRun } from '../../plans/drill.ts';

/** Where a drill stands, in one line. */
export function drillLine(run: DrillRun): string {
  const marks = [
    mark('detected', run, run.detectedAt),
    mark('rolled back', run, run.rolledBackAt),
    mark('verified', run, run.verifiedAt),
  ].filter((text) => text !== '');
  const head = run.passed === null ? 'runs' : run.passed ? 'passed' : 'not passed';
  if (marks.length === 0)
    return run.passed === null ? `${head}: not detected yet` : `${head}: ${run.outcome}`;
  return `${head}: ${run.passed === false ? run.outcome : marks.join(', ')}`;
}

function mark(word: string, { startedAt }: DrillRun, at: number | null): string {
  return at === null ? '' : `${word} after ${after(startedAt, at)}`;
}

export function after(from: number, to: number): string {
  return `${((to - from) / 1000).toFixed(1)} s`;
}
