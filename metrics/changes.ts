import { type Growth, hasShrunk, isNoCount } from './native-histogram.ts';
import type { RawSeries } from './prometheus-api.ts';
import type { Target, Window } from './targets.ts';

/** By how much one counter grew over a window, or why that cannot be said. */
export type Change =
  | { kind: 'difference'; value: number; born?: true; growth?: Growth }
  | { kind: 'absent' }
  | { kind: 'reset' }
  | { kind: 'gap'; detail: string }
  | { kind: 'invalid'; detail: string };

/**
 * The difference of the raw values at the two ends of the window: the newest sample at or before each end. The end
 * of one window is the beginning of the next, so the differences of adjoining windows add up to the whole exactly;
 * `increase()` instead extrapolates to the window's borders and says 0 for a series born at 7.
 *
 * A series that its steady target did not expose at the beginning was born in the window and counts from 0. One that
 * was seen before and comes back with no less may hold what it had counted until it was missing: a gap. A value that
 * drops is a reset; a restart after which the counter overtakes its old value before the next scrape is the one thing
 * that raw values cannot show.
 */
export function changeOf(series: RawSeries, target: Target, window: Window): Change {
  const first = exposedAt(series, target.before, target);
  const last = exposedAt(series, target.until, target);
  if (last === undefined)
    return first === undefined && !sampledIn(series, window)
      ? { kind: 'absent' }
      : { kind: 'gap', detail: 'vanished' };
  const start = first ?? series.times.findIndex((time) => time > window.from);
  const values = series.values.slice(Math.max(start, 0), last + 1);
  if (first === undefined && (values[0] ?? 0) >= (lastBefore(series, window) ?? Number.POSITIVE_INFINITY))
    return { kind: 'gap', detail: 'returned' };
  let previous = first === undefined ? 0 : (values[0] ?? 0);
  const origin = previous;
  for (const value of values) {
    if (!Number.isFinite(value) || value < 0) return { kind: 'invalid', detail: `${value} is no count` };
    if (value < previous) return { kind: 'reset' };
    previous = value;
  }
  const difference: Change = {
    kind: 'difference',
    value: previous - origin,
    ...(first === undefined ? { born: true } : {}),
  };
  const natives = series.natives?.slice(Math.max(start, 0), last + 1);
  const [begin, end] = [natives?.[0], natives?.at(-1)];
  if (natives === undefined || begin === undefined || end === undefined) return difference;
  if (natives.some(isNoCount)) return { kind: 'invalid', detail: 'a bucket holds no count' };
  if (natives.some((native, i) => i > 0 && hasShrunk(natives[i - 1] ?? native, native)))
    return { kind: 'reset' };
  return { ...difference, growth: { before: first === undefined ? null : begin, after: end } };
}

/** The value of a gauge at the window's end, where its target still exposes it. */
export function gaugeAt(series: RawSeries, target: Target): number | undefined {
  const index =
    target.state === 'steady' || target.state === 'new' ? exposedAt(series, target.until, target) : undefined;
  return index === undefined ? undefined : series.values[index];
}

/**
 * Index of the sample that the series had in its target's scrape at `scrape`. Half an interval of tolerance, as
 * samples that were pushed, not scraped, carry times of their own.
 */
function exposedAt(series: RawSeries, scrape: number | null, target: Target): number | undefined {
  if (scrape === null) return undefined;
  const index = series.times.findLastIndex((time) => time <= scrape);
  const time = series.times[index];
  return time !== undefined && scrape - time < target.interval / 2 ? index : undefined;
}

function lastBefore(series: RawSeries, window: Window): number | undefined {
  return series.values[series.times.findLastIndex((time) => time <= window.from)];
}

function sampledIn(series: RawSeries, window: Window): boolean {
  return series.times.some((time) => time > window.from && time <= window.to);
}
