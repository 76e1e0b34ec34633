import type { Limit } from '../plans/limit.ts';
import { upperTail } from './binomial.ts';

/** What a limit on a ratio counts in a poll or several: of the cohort that it limits, and of the baseline that it may be held against. */
export type LimitCounts = readonly [
  events: number,
  trials: number,
  baselineEvents: number,
  baselineTrials: number,
];

/**
 * The polls since a limit was crossed, where one of few trials does not end its time. `parts`: the latest ones, as many as tell; `later`: all but the
 * first, which is there because it was above; `clean`: trials since the last event; `plain`: seconds of the latest polls that were each above.
 */
export interface LimitRun {
  parts: readonly LimitCounts[];
  later: LimitCounts;
  clean: number;
  plain: number;
}

/** A fixed limit in one stage. */
export interface LimitWindow {
  value: number | null;
  threshold: number;
  /** Window end at which it rose above its threshold; null: it is not above. */
  since: number | null;
  /** Seconds of polls above it without one below. */
  seconds: number;
  /** Of a ratio that has to be above for a time, while it is. */
  run?: LimitRun;
}

export interface LimitReading {
  t: number;
  /** Seconds. */
  poll: number;
  limit: Pick<Limit, 'above' | 'for'>;
  value: number;
  threshold: number;
  /** Absent: the limit counts nothing. */
  counts?: LimitCounts;
}

const NONE: LimitCounts = [0, 0, 0, 0];
/** Trials without which no rate is told, and events that are to be expected at the threshold among those that tell. */
const FEWEST_TRIALS = 20;
const EXPECTED = 2;
/** Parts of a run that are kept: neighbours are put together beyond it. */
const MOST_PARTS = 64;
/** The chance of what was seen at the threshold itself, at which a run fires in which polls alone were not above. */
const CLEAR = 1e-3;

/**
 * The window of a limit after one more poll with a value. A poll that is not above ends it, unless it has too few trials to say so: then
 * the latest polls decide that together have enough. As soon as no event was seen for longer than the rate of the run explains, it ends too.
 */
export function windowAfter(before: LimitWindow | undefined, poll: LimitReading): LimitWindow {
  const { t, value, threshold, counts, limit } = poll;
  const since = before?.since ?? null;
  const seconds = (since === null ? 0 : (before?.seconds ?? 0)) + poll.poll;
  const carries = counts !== undefined && limit.for > 0;
  const known = since === null ? undefined : before?.run;
  const run = carries ? runAfter(known, { counts, poll }) : undefined;
  if (value > threshold)
    return { value, threshold, since: since ?? t, seconds, ...(run === undefined ? {} : { run }) };
  const ended: LimitWindow = { value, threshold, since: null, seconds: 0 };
  if (since === null || known === undefined || run === undefined || isOver(run)) return ended;
  const latest = run.parts.reduce(plus, NONE);
  const [rate, bound] = [rateOf(latest), thresholdOf(latest, limit)];
  return bound !== null && rate > bound ? { value: rate, threshold: bound, since, seconds, run } : ended;
}

/** Whether a limit fires: each poll was above it for long enough, or what was seen for that long is clear. */
export function isFired({ since, seconds, run }: LimitWindow, limit: Pick<Limit, 'above' | 'for'>): boolean {
  if (since === null) return false;
  if (run === undefined) return seconds >= limit.for;
  return run.plain >= limit.for || (seconds >= limit.for && isClear(run.later, limit));
}

/** What was seen has a chance of a thousandth at the threshold itself. */
function isClear(
  [events, trials, baselineEvents, baselineTrials]: LimitCounts,
  { above }: Pick<Limit, 'above'>,
): boolean {
  if (above.kind === 'value') return upperTail(events, { trials, p: above.value }) <= CLEAR;
  const weighed = above.factor * trials;
  const p = weighed / (weighed + baselineTrials);
  return upperTail(events, { trials: events + baselineEvents, p }) <= CLEAR;
}

/** So long without an event has that chance at the rate of the run. */
function isOver({ later, clean }: LimitRun): boolean {
  // Before its second event a run has no rate but that of the poll that began it.
  return clean >= FEWEST_TRIALS && clean * Math.log1p(-rateOf(later)) <= Math.log(CLEAR);
}

function runAfter(
  before: LimitRun | undefined,
  { counts, poll }: { counts: LimitCounts; poll: LimitReading },
): LimitRun {
  const parts = telling([...(before?.parts ?? []), counts], poll);
  const [events, trials] = counts;
  return {
    parts: parts.length > MOST_PARTS ? halved(parts) : parts,
    later: before === undefined ? NONE : plus(before.later, counts),
    clean: events > 0 ? 0 : (before?.clean ?? 0) + trials,
    plain: poll.value > poll.threshold ? (before?.plain ?? 0) + poll.poll : 0,
  };
}

/** The latest parts that have enough trials; all of them where there are not as many. */
function telling(parts: readonly LimitCounts[], poll: LimitReading): readonly LimitCounts[] {
  const threshold = thresholdOf(parts.reduce(plus, NONE), poll.limit) ?? poll.threshold;
  const enough = Math.max(FEWEST_TRIALS, threshold > 0 ? EXPECTED / threshold : 0);
  let trials = 0;
  for (let i = parts.length - 1; i > 0; i--) {
    trials += parts[i]?.[1] ?? 0;
    if (trials >= enough) return parts.slice(i);
  }
  return parts;
}

function halved(parts: readonly LimitCounts[]): LimitCounts[] {
  return parts.flatMap((part, i) => (i % 2 === 1 ? [] : [plus(part, parts[i + 1] ?? NONE)]));
}

function rateOf([events, trials]: LimitCounts): number {
  return trials > 0 ? events / trials : 0;
}

/** Null: there is no baseline to hold it against. */
function thresholdOf([, , events, trials]: LimitCounts, { above }: Pick<Limit, 'above'>): number | null {
  if (above.kind === 'value') return above.value;
  return trials > 0 ? (above.factor * events) / trials : null;
}

function plus(a: LimitCounts, b: LimitCounts): LimitCounts {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}
