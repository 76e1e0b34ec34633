import type { Plan } from '../plans/plan.ts';
import { type CohortQuery, cohortQueries } from './plan-queries.ts';
import type { Ask } from './prometheus-api.ts';
import { type CohortSeries, cohortSeries } from './series.ts';
import { LOOKBACK_STEPS, type Window } from './targets.ts';

/** Windows that one query spans: an hour at 15 s. */
export const WINDOWS_AT_ONCE = 240;

/** The series of a plan over `count` windows, the last one ending at `to` (Unix seconds). What `ask` throws ends it. */
export async function readSpan(
  ask: Ask,
  at: { plan: Plan; to: number; count: number; wanted?: (query: CohortQuery) => boolean },
): Promise<CohortSeries[]> {
  const { plan, to, count, wanted = () => true } = at;
  const range = Math.round((count + LOOKBACK_STEPS) * plan.source.poll * 1000);
  const until = Math.round(to * 1000);
  const answers = await Promise.all(
    cohortQueries(plan)
      .queries.filter(wanted)
      .map(async (query) => ({ query, answer: await ask(`${query.selector}[${range}ms]`, to) })),
  );
  return answers.flatMap(({ query, answer }) =>
    cohortSeries({ plan, query, after: until - range, until }, answer),
  );
}

/** What of a span's series one of its windows needs. */
export function seriesOfWindow(series: readonly CohortSeries[], { from, to }: Window): CohortSeries[] {
  const after = from - LOOKBACK_STEPS * (to - from);
  return series.map((one) => between(one, after, to));
}

/** The series' samples in (after, until], milliseconds. */
function between(series: CohortSeries, after: number, until: number): CohortSeries {
  const first = firstAbove(series.times, after);
  const end = firstAbove(series.times, until);
  const { times, values, natives } = series;
  return {
    ...series,
    times: times.slice(first, end),
    values: values.slice(first, end),
    ...(natives === undefined ? {} : { natives: natives.slice(first, end) }),
  };
}

/** Index of the first of ascending times that is later than `time`. */
function firstAbove(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) > time) high = middle;
    else low = middle + 1;
  }
  return low;
}
