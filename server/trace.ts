import { traceLine } from '../analysis/trace.ts';
import type { HistorySample, Sample } from '../plans/sample.ts';
import type { RolloutRow, RolloutStore, SampleRow } from '../store/store.ts';
import { MOST_SAMPLES } from './api.ts';
import type { ServerDeps } from './deps.ts';
import { planOf, viewOf } from './live.ts';

/** Rollouts of one build that a trace goes back through. */
const MOST = 50;

/**
 * The samples of a rollout as lines of a trace, a page of them at a time, behind those of the rollouts whose evidence it went on with: a backtest that
 * began anew would say something else than its gates did.
 */
export async function* tracePages(
  { rollouts }: Pick<ServerDeps, 'rollouts'>,
  of: RolloutRow,
): AsyncGenerator<string, void> {
  let after: string | undefined;
  for (const { row, until } of await lineOf(rollouts, of)) {
    const about = { rollout: row.id, after, plan: planOf(row) };
    for await (const page of pagesOf(rollouts, row.id)) {
      // A window without a sample (source down, counter reset) is a gap in the trace, as it was for the gate.
      const seen = page.flatMap(({ t, sample }) =>
        sample === null || t > until ? [] : [sample as Sample | HistorySample],
      );
      if (seen.length === 0) continue;
      yield seen.map((sample) => `${traceLine(sample, about)}\n`).join('');
      after = row.id;
    }
  }
}

interface Part {
  row: RolloutRow;
  /** The last window that counts, by its end. */
  until: number;
}

/** A rollout behind those that it went on after, the oldest first, each as far as its evidence was gone on with. */
async function lineOf(rollouts: Pick<RolloutStore, 'get'>, of: RolloutRow): Promise<Part[]> {
  const parts: Part[] = [{ row: of, until: Number.POSITIVE_INFINITY }];
  let { carried } = viewOf(of).origin ?? {};
  while (carried !== undefined && parts.length < MOST) {
    const { until = Number.POSITIVE_INFINITY } = carried;
    const row = await rollouts.get(carried.of);
    if (row === null) break;
    // One without a window of its own is not even a line: its time before says nothing by itself.
    if (until > 0) parts.unshift({ row, until });
    ({ carried } = viewOf(row).origin ?? {});
  }
  return parts;
}

async function* pagesOf(
  rollouts: Pick<RolloutStore, 'samplePage'>,
  id: string,
): AsyncGenerator<readonly SampleRow[], void> {
  let after: number | null = null;
  for (;;) {
    const page: SampleRow[] = await rollouts.samplePage(id, { after, limit: MOST_SAMPLES });
    yield page;
    const last = page.length < MOST_SAMPLES ? undefined : page.at(-1);
    if (last === undefined) return;
    after = last.t;
  }
}
