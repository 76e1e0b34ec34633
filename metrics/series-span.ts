import type { CohortSeries } from './series.ts';

/** The series' samples in (after, until], milliseconds. */
export function between(series: CohortSeries, after: number, until: number): CohortSeries {
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
