import type { Plan } from '../plans/plan.ts';
import type { CohortSample, HistorySample } from '../plans/sample.ts';
import { cohortSample, contradictions, layoutsOf } from './cohort-samples.ts';
import { type Counted, differences } from './differences.ts';
import { badGauges, cohortGauges, gaugesAt } from './gauges.ts';
import { halvesOf } from './halves.ts';
import { singleHistograms } from './latency-series.ts';
import type { CohortQuery } from './plan-queries.ts';
import { type Ask, QueryRefused, sizeOf } from './prometheus-api.ts';
import type { CohortSeries } from './series.ts';
import { readSpan, seriesOfWindow, WINDOWS_AT_ONCE } from './series-span.ts';
import { historySlicesOf } from './slices.ts';
import type { History, HistoryRequest } from './source.ts';

/** Raw samples after which no older ones are asked for, so that a large service costs no more than a small one. */
const MOST_POINTS = 6_000_000;
/** Spans without a single usable window after which the past holds nothing more. */
const EMPTY_SPANS = 4;

/**
 * Reads the baseline backwards, span by span, as differences of raw counters like any other window. Windows that are
 * no evidence are left out. Throws `SourceDown`; a query that the server refuses (too many samples) ends the reading.
 */
export async function readHistory(ask: Ask, request: HistoryRequest): Promise<History> {
  const { plan, until, origin, windows } = request;
  const { poll } = plan.source;
  const samples: HistorySample[] = [];
  let points = 0;
  let empty = 0;
  for (let read = 0; read < windows && points < MOST_POINTS && empty < EMPTY_SPANS; read += WINDOWS_AT_ONCE) {
    const count = Math.min(WINDOWS_AT_ONCE, windows - read);
    const to = until - read * poll;
    let series: CohortSeries[];
    try {
      const span = await readSpan(ask, { plan, to, count, wanted: isOfBaseline });
      series = span.filter(({ cohort }) => cohort === 'baseline');
    } catch (error) {
      if (!(error instanceof QueryRefused)) throw error;
      return { samples, note: `older history could not be read: ${error.message}` };
    }
    points += sizeOf(series);
    const found = spanSamples({ plan, series, to, count, origin });
    request.told?.(count);
    empty = found.length === 0 ? empty + 1 : 0;
    samples.unshift(...found);
  }
  return points < MOST_POINTS
    ? { samples }
    : { samples, note: 'older history was left out: too many series' };
}

/** A query of both cohorts gives the baseline's series too. */
function isOfBaseline({ role, cohort }: CohortQuery): boolean {
  return role !== 'users' && cohort !== 'canary';
}

/** The windows of one span in their order. Pure. */
function spanSamples(span: {
  plan: Plan;
  series: readonly CohortSeries[];
  to: number;
  count: number;
  origin: number;
}): HistorySample[] {
  const { plan, series, to, count, origin } = span;
  const step = plan.source.poll * 1000;
  const samples: HistorySample[] = [];
  for (let i = count - 1; i >= 0; i--) {
    const end = Math.round(to * 1000 - i * step);
    const window = { from: end - step, to: end };
    const within = seriesOfWindow(series, window);
    const found = differences(within, window);
    const counted = singleHistograms(found.counted, {});
    const { layouts, rejections } = layoutsOf(plan, counted);
    if (found.rejections.length > 0 || rejections.length > 0) continue;
    const gauged = gaugesAt(within, window);
    // A gauge that is no number for a while says nothing; the counters beside it do.
    const gauges = badGauges(gauged).length > 0 ? [] : gauged;
    if (counted.length + gauges.length === 0) continue;
    const sampleOf = (of: readonly Counted[]): CohortSample => ({
      ...cohortSample(
        plan,
        of.filter((one) => one.series.role !== 'gauge'),
        layouts.baseline,
      ),
      ...cohortGauges(
        plan,
        of.filter((one) => one.series.role === 'gauge'),
      ),
    });
    const baseline = sampleOf([...counted, ...gauges]);
    if (contradictions(baseline).length > 0) continue;
    const halves = halvesOf([...counted, ...gauges]);
    const [first, second] = halves?.map(sampleOf) ?? [];
    samples.push({
      stage: 'history',
      t: end / 1000 - origin,
      baseline,
      ...(first === undefined || second === undefined ? {} : { halves: [first, second] }),
      ...historySlicesOf({ plan, counted, halves: { baseline: halves }, layouts }),
    });
  }
  return samples;
}
