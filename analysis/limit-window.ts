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
 * first, which is there because it was above; `carried`: one of them was not above by itself.
 */
export interface LimitRun {
  parts: readonly LimitCounts[];
  later: LimitCounts;
  carried: boolean;
}

export interface LimitWindow {
  value: number | null;
  threshold: number;
  /** Window end at which it rose above its threshold; null: it is not above. */
  since: number | null;
  /** Seconds of polls above it without one below. */
  seconds: number;
  /** Of a ratio, while it is above. */
  run?: LimitRun;
}

export interface LimitPoll {
  t: number;
  /** Seconds. */
  poll: number;
  above: Limit['above'];
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
 * the latest polls decide that together have enough, as long as they are above.
 */
export function windowAfter(before: LimitWindow | undefined, poll: LimitPoll): LimitWindow {
  const { t, value, threshold, counts } = poll;
  const seconds = (before?.seconds ?? 0) + poll.poll;
  const since = before?.since ?? null;
  if (value > threshold) {
    const run =
      counts === undefined ? undefined : runAfter(since === null ? undefined : before?.run, { counts, poll });
    return {
      value,
      threshold,
      since: since ?? t,
      seconds: since === null ? poll.poll : seconds,
      ...(run && { run }),
    };
  }
  const ended: LimitWindow = { value, threshold, since: null, seconds: 0 };
  if (since === null || counts === undefined || before?.run === undefined) return ended;
  const run = runAfter(before.run, { counts, poll });
  const latest = run.parts.reduce(plus, NONE);
  const [rate, limit] = [rateOf(latest), thresholdOf(latest, poll)];
  if (limit === null || !(rate > limit)) return ended;
  return { value: rate, threshold: limit, since, seconds, run: { ...run, carried: true } };
}

/** Whether a limit that has been above for long enough fires: where single polls were not, what was seen since must be clear. */
export function isClear({ run }: LimitWindow, above: Limit['above']): boolean {
  if (run?.carried !== true) return true;
  const [events, trials, baselineEvents, baselineTrials] = run.later;
  if (above.kind === 'value') return upperTail(events, { trials, p: above.value }) <= CLEAR;
  const weighed = above.factor * trials;
  const p = weighed / (weighed + baselineTrials);
  return upperTail(events, { trials: events + baselineEvents, p }) <= CLEAR;
}

function runAfter(
  before: LimitRun | undefined,
  { counts, poll }: { counts: LimitCounts; poll: LimitPoll },
): LimitRun {
  const parts = telling([...(before?.parts ?? []), counts], poll);
  return {
    parts: parts.length > MOST_PARTS ? halved(parts) : parts,
    later: before === undefined ? NONE : plus(before.later, counts),
    carried: before?.carried === true,
  };
}

/** The latest parts that have enough trials; all of them where there are not as many. */
function telling(parts: readonly LimitCounts[], poll: LimitPoll): readonly LimitCounts[] {
  const threshold = thresholdOf(parts.reduce(plus, NONE), poll) ?? poll.threshold;
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
function thresholdOf([, , events, trials]: LimitCounts, { above }: Pick<LimitPoll, 'above'>): number | null {
  if (above.kind === 'value') return above.value;
  return trials > 0 ? (above.factor * events) / trials : null;
}

function plus(a: LimitCounts, b: LimitCounts): LimitCounts {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}
