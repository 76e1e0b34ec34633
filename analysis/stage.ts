import { perPlan } from '../plans/per-plan.ts';
import type { Plan } from '../plans/plan.ts';
import { stageShare } from '../plans/stages.ts';
import type { CanaryHalves } from './canary-halves.ts';
import type { Crowd } from './canary-noise.ts';
import {
  betweenCohorts,
  firmDispersion,
  instanceRatio,
  isNoisier,
  mayDoubt,
  noisierBy,
} from './canary-noise.ts';
import type { Dispersion, Knots } from './dispersion.ts';
import { assumedDispersion, largestDispersion, measuredDispersion } from './dispersion.ts';
import type { Acceptance } from './evidence.ts';
import type { Halves } from './halves.ts';
import { contradict, earlyKnotsOf, isMeasured, knotsOf } from './halves.ts';
import { isLong, lasting, longestOf, mayLast } from './lasting-noise.ts';
import { comparedStages, isCompared } from './margins.ts';
import type { Ruler } from './ruler.ts';
import { rulerOf } from './ruler.ts';
import { stakesOf } from './stakes.ts';
import type { Yardstick } from './yardstick.ts';
import { countYardstick } from './yardstick.ts';

/** What a gate is told besides the readings. */
export interface GateContext {
  /** Index into `plan.stages`. */
  stageIndex: number;
  /** What a person has accepted, by metric. */
  acceptances?: Readonly<Record<string, Acceptance>>;
  /**
   * Dispersion curves by metric, and by `errors{tier=enterprise}` those of a slice, measured before the rollout; they join what the
   * rollout itself has shown.
   */
  dispersion?: Readonly<Record<string, Knots>>;
  /** The same for each of a latency's `edges`: the share above a far edge differs by more than that above a near one. */
  edgeDispersion?: Readonly<Record<string, readonly (Knots | null)[]>>;
  /** Edges for a latency, chosen from history; without them they are chosen from the baseline. */
  edges?: Readonly<Record<string, readonly number[]>>;
  /** Of a slice: its noise for as long as its own halves do not tell it. */
  fallback?: Dispersion;
  /** Leave out what only people read (the confidence interval): the verdict is the same. */
  brief?: boolean;
}

/** What the method needs to know of a stage. */
export interface StageFrame {
  index: number;
  name: string;
  compared: boolean;
  share: number;
  /** Bounds on the upward jumps of the score and of its mirror image, relative to one event. */
  c: number;
  mirrored: number;
  ruler: Ruler;
  /** Stages of the plan that are compared. */
  stages: number;
}

export function stageFrame(plan: Plan, index: number): StageFrame {
  return stageFrames(plan)[index] ?? frameOf(plan, index);
}

const stageFrames = perPlan((plan): readonly StageFrame[] =>
  plan.stages.map((_, index) => frameOf(plan, index)),
);

function frameOf(plan: Plan, index: number): StageFrame {
  const stage = plan.stages[index];
  const share = stageShare(plan, index);
  return {
    index,
    name: stage?.name ?? '',
    compared: isCompared(stage),
    share,
    c: 1 - share,
    // Above one half the mirrored bound was not measured: the safe one.
    mirrored: share <= 0.5 ? share : 1,
    stages: comparedStages(plan),
    ruler: rulerOf({
      planned: stage?.bake ?? 0,
      unit: plan.analysis.restart,
      poll: plan.source.poll,
      ...stakesOf(plan, index),
    }),
  };
}

/** What is known of a metric's series under test: the halves of each, and of a latency the edge of each. */
export interface UnderTest {
  halves: readonly Halves[];
  canaryHalves?: readonly CanaryHalves[];
  crowd?: Crowd;
  edges?: readonly number[] | null;
}

/** The dispersion between the cohorts for each of a metric's series under test. */
export function dispersionsOf(
  at: { plan: Plan; context: GateContext; metric: string },
  series: UnderTest,
): Dispersion[] {
  return between(baselineDispersions(at, series), at, series);
}

function between(
  baselines: readonly Dispersion[],
  at: { plan: Plan; context: GateContext; metric: string },
  series: UnderTest,
): Dispersion[] {
  const ratio = ratioOf(at, series);
  return baselines.map((baseline, i) =>
    betweenCohorts(baseline, { halves: series.canaryHalves?.[i], ratio }),
  );
}

/**
 * How a count's series under test are turned into evidence: by the dispersion between the cohorts and, where the canary has
 * fewer instances, by what a stop must stand that is one at once.
 */
export function countYardsticks(
  at: { plan: Plan; context: GateContext; metric: string },
  series: UnderTest,
): Yardstick[] {
  const baselines = baselineDispersions(at, series);
  const usual = between(baselines, at, series);
  const noisier = noisierOf(at, { series, baselines });
  const { poll } = at.plan.source;
  if (noisier === 1) return usual.map((one) => countYardstick(one, { poll }));
  // Also where the plan's `noise` stands in, which says nothing of instances.
  const ratio = instanceRatio(series.crowd);
  const assumed = isAssumed(at, series.halves);
  return usual.map((one, i) => {
    const halves = series.canaryHalves?.[i];
    const firm = whenAsked(() =>
      firmDispersion(firmBaseline(at, series, i), { halves, ratio, assumed, noisier }),
    );
    return countYardstick(one, { firm, poll });
  });
}

/** How many times as noisy as one of the baseline's each of the canary's instances may be, where that is not measured. */
export function noisierOf(
  at: { plan: Plan; context: GateContext; metric: string },
  { series, baselines = baselineDispersions(at, series) }: { series: UnderTest; baselines?: Dispersion[] },
): number {
  const ratio = instanceRatio(series.crowd);
  if (!mayDoubt(at.plan, ratio)) return 1;
  const before = measuredBefore(at, series);
  const lasts = baselines.some((curve, i) => {
    const known = before[i] ?? [];
    const own = () => knotsOf(series.halves[i] ?? [], at.plan.analysis.noise) ?? [];
    return mayLast(isLong(longestOf(known)) ? known : own(), curve);
  });
  return noisierBy(at.plan, { ratio, lasts });
}

/** A stop is asked for it, and a component that ends: not every poll. */
function whenAsked(make: () => Dispersion): Dispersion {
  let made: Dispersion | null = null;
  return (n) => {
    made ??= make();
    return made(n);
  };
}

/**
 * The baseline's noise that a stop at once must stand. A rollout without four hours before it sees too few courses of a noise that lasts for
 * minutes: some measure a tenth of what it is. So it is at least the plan's `noise`, and lasts as a proof takes it to.
 */
function firmBaseline(
  at: { plan: Plan; context: GateContext; metric: string },
  series: UnderTest,
  i: number,
): Dispersion {
  const baseline = baselineDispersions(at, series)[i] ?? (() => 0);
  const before = measuredBefore(at, series)[i] ?? [];
  if (isLong(longestOf(before))) return baseline;
  const assumed = assumedDispersion(at.plan.analysis.noise);
  const usual: Dispersion = (n) => Math.max(baseline(n), assumed(n));
  return lasting({ usual, assumed, before, since: earlyKnotsOf(series.halves[i] ?? []) });
}

/** True where the canary's instances were seen to differ more than as many of the baseline's would. */
export function isCanaryNoisier(
  at: { plan: Plan; context: GateContext; metric: string },
  series: UnderTest,
): boolean {
  const ratio = ratioOf(at, series);
  return baselineDispersions(at, series).some((baseline, i) =>
    isNoisier(baseline, { halves: series.canaryHalves?.[i], ratio }),
  );
}

/** What the plan assumes is the noise of cohorts, whatever they consist of. */
function ratioOf(at: { plan: Plan; context: GateContext; metric: string }, series: UnderTest): number {
  return isAssumed(at, series.halves) ? 1 : instanceRatio(series.crowd);
}

/**
 * What equal halves of the baseline differ by, for each of a metric's series under test: the curve measured before the rollout, for as long as the
 * baseline's halves do not contradict it; from then on the larger of it and of theirs. Without a curve from before it is
 * theirs, and where they do not tell, the plan's `noise`. (The larger of two estimates at every block size is mostly
 * the error of the one from fewer polls: it cost half of the power at 25 %.)
 */
export function baselineDispersions(
  at: { plan: Plan; context: GateContext; metric: string },
  series: UnderTest,
): Dispersion[] {
  const { halves } = series;
  const { noise } = at.plan.analysis;
  const { fallback } = at.context;
  const before = measuredBefore(at, series);
  return halves.map((one, i) => {
    const known = before[i] ?? [];
    if (known.length > 0 && !contradict(one, known)) return measuredDispersion(known);
    const own = knotsOf(one, noise);
    const measured = own !== null || known.length > 0;
    return fallback !== undefined && !measured ? fallback : largestDispersion([known, own], noise);
  });
}

/** Of each series the curve from before: its edge's own, where it is still that edge. */
export function measuredBefore(
  { context, metric }: { context: GateContext; metric: string },
  { halves, edges }: UnderTest,
): (Knots | undefined)[] {
  const whole = context.dispersion?.[metric];
  const own = context.edgeDispersion?.[metric] ?? [];
  return halves.map((_, i) => {
    const at = edges?.[i];
    const place = at === undefined ? -1 : (context.edges?.[metric]?.indexOf(at) ?? -1);
    return own[place] ?? whole;
  });
}

/** True where nothing was measured, and the plan's `noise` stands in. */
export function isAssumed(
  at: { plan: Plan; context: GateContext; metric: string },
  halves: readonly Halves[],
): boolean {
  const before = at.context.dispersion?.[at.metric] ?? [];
  return before.length === 0 && halves.some((one) => !isMeasured(one, at.plan.analysis.noise));
}
