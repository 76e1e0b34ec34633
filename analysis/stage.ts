import { perPlan } from '../plans/per-plan.ts';
import type { Plan } from '../plans/plan.ts';
import { stageShare } from '../plans/stages.ts';
import type { Dispersion, Knots } from './dispersion.ts';
import { largestDispersion } from './dispersion.ts';
import type { Acceptance } from './evidence.ts';
import type { Halves } from './halves.ts';
import { isMeasured, knotsOf } from './halves.ts';
import { comparedStages, isCompared } from './margins.ts';
import type { Ruler } from './ruler.ts';
import { rulerOf } from './ruler.ts';

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
    ruler: rulerOf({
      planned: stage?.bake ?? 0,
      unit: plan.analysis.restart,
      poll: plan.source.poll,
      stages: comparedStages(plan),
    }),
  };
}

/**
 * The dispersion of each of a metric's series under test: the larger of the curve measured before the rollout and of
 * the one that the baseline's halves have shown since; where neither could be measured, the plan's `noise`.
 */
export function dispersionsOf(
  at: { plan: Plan; context: GateContext; metric: string },
  halves: readonly Halves[],
): Dispersion[] {
  const before = at.context.dispersion?.[at.metric];
  const { noise } = at.plan.analysis;
  const { fallback } = at.context;
  return halves.map((one) => {
    const own = knotsOf(one, noise);
    const measured = own !== null || (before !== undefined && before.length > 0);
    return fallback !== undefined && !measured ? fallback : largestDispersion([before, own], noise);
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
