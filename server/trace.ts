import { traceLine } from '../analysis/trace.ts';
import type { HistorySample, Sample } from '../plans/sample.ts';
import type { RolloutRow } from '../store/store.ts';
import type { ServerDeps } from './deps.ts';
import { planOf, viewOf } from './live.ts';

/** Rollouts of one build that a trace goes back through. */
const MOST = 50;

/**
 * The samples of a rollout as lines of a trace, behind those of the rollouts whose evidence it went on with: a backtest that
 * began anew would say something else than its gates did.
 */
export async function traceLines(
  { rollouts }: Pick<ServerDeps, 'rollouts'>,
  of: RolloutRow,
): Promise<string[]> {
  const rows = [of];
  for (let row: RolloutRow | null = of; row !== null && rows.length < MOST; ) {
    const { origin } = viewOf(row);
    const before: string | undefined = origin?.kind === 'retry' ? origin.carried?.of : undefined;
    row = before === undefined ? null : await rollouts.get(before);
    if (row !== null) rows.unshift(row);
  }
  const lines: string[] = [];
  let after: string | undefined;
  for (const row of rows) {
    const plan = planOf(row);
    const samples = await rollouts.samples(row.id);
    // A window without a sample (source down, counter reset) is a gap in the trace, as it was for the gate.
    const own = samples.flatMap(({ sample }) =>
      sample === null
        ? []
        : [`${traceLine(sample as Sample | HistorySample, { rollout: row.id, after, plan })}\n`],
    );
    lines.push(...own);
    if (own.length > 0) after = row.id;
  }
  return lines;
}
