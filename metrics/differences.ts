import type { Rejection } from '../plans/sample.ts';
import { type Change, changeOf } from './changes.ts';
import type { Growth } from './native-histogram.ts';
import { type Cohort, isGauge } from './plan-queries.ts';
import type { CohortSeries } from './series.ts';
import { observeTarget, type Target, type Window } from './targets.ts';

/** One counter series and by how much it grew. */
export interface Counted {
  series: CohortSeries;
  value: number;
  /** It was not exposed when the window began. */
  born?: true;
  /** Of a native histogram: in which buckets. */
  growth?: Growth;
}

export interface Differences {
  counted: Counted[];
  /** Series that exist in the window but cannot be compared: of new targets, and of targets left out. */
  uncounted: CohortSeries[];
  /** What makes the whole window no evidence. */
  rejections: Rejection[];
  /** Targets left out of this window because they restarted or went while most others did not. */
  leftOut: string[];
}

/**
 * The share of a cohort's targets that may restart or go in one window without spoiling it. They are then left out
 * of it with all their metrics, so that a fleet of many instances, of which some always come and go, can be judged
 * at all. Below 20 instances one that restarts rejects the window.
 */
const TOLERATED = 0.05;

interface Broken {
  target: string;
  cohorts: ReadonlySet<Cohort>;
  rejection: Rejection;
}

/** Differences of all counter series of a plan over one window, in a fixed order. */
export function differences(all: readonly CohortSeries[], window: Window): Differences {
  const targets = byTarget(all);
  const known: Record<Cohort, number> = { baseline: 0, canary: 0 };
  const broken: Broken[] = [];
  const counted: Counted[] = [];
  const uncounted: CohortSeries[] = [];
  for (const key of [...targets.keys()].sort()) {
    const members = targets.get(key) ?? [];
    const target = observeTarget(members, window);
    if (target.state === 'gone') continue;
    const counters = members.filter((series) => !isGauge(series.role)).sort(inOrder);
    if (target.state === 'new') {
      uncounted.push(...counters);
      continue;
    }
    const cohorts = new Set(counters.map((series) => series.cohort));
    for (const cohort of cohorts) known[cohort] += 1;
    const result = compare(counters, target, window);
    counted.push(...result.counted);
    if (result.rejection !== undefined) broken.push({ target: key, cohorts, rejection: result.rejection });
  }
  const tolerable = (cohort: Cohort) =>
    broken.filter(({ cohorts }) => cohorts.has(cohort)).length <= TOLERATED * known[cohort];
  const spoiled = broken.some(({ rejection }) => rejection.kind === 'invalid');
  if (spoiled || !tolerable('baseline') || !tolerable('canary')) {
    return { counted: [], uncounted: [], leftOut: [], rejections: broken.map(({ rejection }) => rejection) };
  }
  const leftOut = new Set(broken.map(({ target }) => target));
  const [kept, dropped] = partition(counted, ({ series }) => !leftOut.has(series.target));
  return {
    counted: kept.sort((a, b) => inOrder(a.series, b.series)),
    uncounted: [...uncounted, ...dropped.map(({ series }) => series)],
    leftOut: [...leftOut],
    rejections: [],
  };
}

/** A target's differences, and the worst thing that happened to it. */
function compare(
  counters: readonly CohortSeries[],
  target: Target,
  window: Window,
): { counted: Counted[]; rejection: Rejection | undefined } {
  const counted: Counted[] = [];
  const found = new Map<Rejection['kind'], Rejection>();
  const note = (rejection: Rejection) => {
    if (!found.has(rejection.kind)) found.set(rejection.kind, rejection);
  };
  for (const series of counters) {
    const { metric, id } = series;
    if (target.state !== 'steady') {
      note({ kind: 'gap', metric, series: `${series.target} ${target.state}` });
      break;
    }
    const change = changeOf(series, target, window);
    switch (change.kind) {
      case 'difference':
        counted.push(countedOf(series, change));
        break;
      case 'absent':
        break;
      case 'reset':
        note({ kind: 'reset', metric, series: id });
        break;
      case 'gap':
        note({ kind: 'gap', metric, series: `${id} ${change.detail}` });
        break;
      case 'invalid':
        note({ kind: 'invalid', metric, detail: `${id}: ${change.detail}` });
        break;
    }
  }
  return { counted, rejection: found.get('invalid') ?? found.get('reset') ?? found.get('gap') };
}

function countedOf(series: CohortSeries, change: Extract<Change, { kind: 'difference' }>): Counted {
  const { value, born, growth } = change;
  return { series, value, ...(born ? { born } : {}), ...(growth === undefined ? {} : { growth }) };
}

/** Series by the process that exposes them. */
export function byTarget(all: readonly CohortSeries[]): Map<string, CohortSeries[]> {
  const targets = new Map<string, CohortSeries[]>();
  for (const series of all) {
    const members = targets.get(series.target);
    if (members === undefined) targets.set(series.target, [series]);
    else members.push(series);
  }
  return targets;
}

function inOrder(a: CohortSeries, b: CohortSeries): number {
  if (a.metric !== b.metric) return a.metric < b.metric ? -1 : 1;
  if (a.role !== b.role) return a.role < b.role ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function partition<T>(items: readonly T[], keep: (item: T) => boolean): [T[], T[]] {
  return [items.filter(keep), items.filter((item) => !keep(item))];
}
