import type { Plan } from '../plans/plan.ts';
import { stageShare } from '../plans/stages.ts';
import type { Dispersion, Knots } from './dispersion.ts';
import { assumedDispersion, measuredDispersion } from './dispersion.ts';
import { comparedStages, isCompared } from './margins.ts';
import type { Ruler } from './ruler.ts';
import { rulerOf } from './ruler.ts';

/** What a gate is told besides the readings. */
export interface GateContext {
  /** Index into `plan.stages`. */
  stageIndex: number;
  /** Differences that a person has accepted, by metric, in the unit of the estimate. */
  acceptances?: Readonly<Record<string, number>>;
  /** Measured dispersion curves by metric; without one the plan's `noise` is assumed. */
  dispersion?: Readonly<Record<string, Knots>>;
  /** Edges for a latency, chosen from history; without them they are chosen from the baseline. */
  edges?: Readonly<Record<string, readonly number[]>>;
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

export function dispersionOf(plan: Plan, context: GateContext, metric: string): Dispersion {
  const knots = context.dispersion?.[metric];
  return knots === undefined || knots.length === 0
    ? assumedDispersion(plan.analysis.noise)
    : measuredDispersion(knots);
}
