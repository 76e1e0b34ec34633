import { leftOut } from '../plans/exposure.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Rejection, Sample } from '../plans/sample.ts';
import { stageExposure } from '../plans/stages.ts';
import { cohortSample, contradictions, layoutsOf } from './cohort-samples.ts';
import { type Differences, differences } from './differences.ts';
import { badGauges, cohortGauges, gaugesAt } from './gauges.ts';
import { halvesOf, instancesOf } from './halves.ts';
import { type EdgesUnderTest, singleHistograms } from './latency-series.ts';
import type { Cohort } from './plan-queries.ts';
import type { CohortSeries } from './series.ts';
import { slicesOf } from './slices.ts';
import type { Window } from './targets.ts';
import { splitOf, usersOf } from './users.ts';

export type WindowSample =
  | { kind: 'sample'; sample: Sample; notes: string[] }
  | { kind: 'rejected'; rejections: Rejection[] };

/** Raw series of all queries of a plan, to one sample of the window (milliseconds). Pure: the same series give the same sample. */
export function windowSample(request: {
  plan: Plan;
  stage: string;
  /** Seconds since the rollout began at the window's end. */
  t: number;
  window: Window;
  series: readonly CohortSeries[];
  edges?: EdgesUnderTest;
}): WindowSample {
  const { plan, stage, t, window, series, edges = {} } = request;
  const found = differences(series, window);
  const missing = found.rejections.length > 0 ? found.rejections : missingCohorts(plan, stage, found);
  if (missing.length > 0) return { kind: 'rejected', rejections: missing };
  const all = singleHistograms(found.counted, edges);
  const counted = {
    baseline: all.filter(({ series: { cohort } }) => cohort === 'baseline'),
    canary: all.filter(({ series: { cohort } }) => cohort === 'canary'),
  };
  const { layouts: own, rejections } = layoutsOf(plan, all, edges);
  if (rejections.length > 0) return { kind: 'rejected', rejections };
  // A cohort that nobody is in any more counts zeros at the edges of the other.
  const layouts = {
    baseline: new Map([...own.canary, ...own.baseline]),
    canary: new Map([...own.baseline, ...own.canary]),
  };
  const gauged = gaugesAt(series, window);
  const bad = badGauges(gauged);
  if (bad.length > 0) return { kind: 'rejected', rejections: bad };
  const gaugesOf = (name: Cohort, of = gauged) =>
    cohortGauges(
      plan,
      of.filter(({ series: { cohort } }) => cohort === name),
    );
  const cohort = (name: Cohort): CohortSample => {
    const users = plan.source.users === undefined ? undefined : usersOf(series, name, window);
    return {
      ...cohortSample(plan, counted[name], layouts[name]),
      ...gaugesOf(name),
      ...(users === undefined ? {} : { users }),
    };
  };
  const baseline = cohort('baseline');
  const canary = cohort('canary');
  const contradicting = [...contradictions(baseline), ...contradictions(canary)];
  if (contradicting.length > 0) return { kind: 'rejected', rejections: contradicting };

  const whole = (name: Cohort) => [
    ...counted[name],
    ...gauged.filter(({ series: { cohort } }) => cohort === name),
  ];
  const parted = { baseline: halvesOf(whole('baseline')), canary: halvesOf(whole('canary')) };
  const pairOf = (name: Cohort): readonly [CohortSample, CohortSample] | undefined => {
    const [first, second] =
      parted[name]?.map((half) => ({
        ...cohortSample(plan, half, layouts[name]),
        ...cohortGauges(
          plan,
          half.filter(({ series: one }) => one.role === 'gauge'),
        ),
      })) ?? [];
    return first === undefined || second === undefined ? undefined : [first, second];
  };
  const [halves, canaryHalves] = [pairOf('baseline'), pairOf('canary')];
  return {
    kind: 'sample',
    sample: {
      stage,
      t,
      baseline,
      canary,
      ...(halves === undefined ? {} : { halves }),
      ...(canaryHalves === undefined ? {} : { canaryHalves }),
      ...instancesOf(counted),
      ...(plan.source.users === undefined ? {} : { split: splitOf(series, window) }),
      ...slicesOf({ plan, window, series, counted: all, halves: parted, layouts }),
    },
    notes: found.leftOut.map((target) => `${target} restarted or went and is left out of this window`),
  };
}

/**
 * A cohort without series is missing, not idle: an idle one has series that do not grow. Where the plan gives
 * everyone the canary the baseline may have none (it then counts zeros), and where nobody has it, the canary.
 */
function missingCohorts(plan: Plan, stage: string, found: Differences): Rejection[] {
  const exposure = stageExposure(
    plan,
    plan.stages.findIndex(({ name }) => name === stage),
  );
  const expected: Cohort[] = [];
  // Behind somebody's back both paths run.
  const both = exposure.mode !== undefined;
  if (both || exposure.percent < 100) expected.push('baseline');
  const listed = exposure.segments.some((name) => !leftOut(exposure).includes(name));
  if (both || exposure.percent > 0 || listed) expected.push('canary');
  const rejections: Rejection[] = [];
  for (const cohort of expected) {
    for (const { name: metric, kind } of plan.metrics) {
      // A gauge that is missing is missing alone: the counters of its cohort are still evidence.
      if (kind === 'gauge') continue;
      const ofTrials = (one: CohortSeries) =>
        one.metric === metric && one.role !== 'events' && one.role !== 'sum' && one.cohort === cohort;
      if (found.counted.some(({ series }) => ofTrials(series))) continue;
      const uncounted = found.uncounted.find(ofTrials);
      if (uncounted !== undefined) {
        rejections.push({ kind: 'gap', metric, series: `${uncounted.id} first seen` });
      } else {
        rejections.push({ kind: cohort === 'baseline' ? 'no-baseline' : 'no-canary', metric });
      }
    }
  }
  return rejections;
}
