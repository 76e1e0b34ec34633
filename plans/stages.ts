import type { Approval } from './approval.ts';
import { excludedNames, namesOf } from './exclusion.ts';
import {
  type Exposure,
  isNobody,
  isServed,
  leavingOut,
  NO_EXPOSURE,
  sameExposure,
  withinExposure,
} from './exposure.ts';
import type { Metric } from './metric.ts';
import { perPlan } from './per-plan.ts';
import type { Plan } from './plan.ts';
import type { Stage } from './stage.ts';
import type { Margin } from './units.ts';

/**
 * Who has the canary in stage `index` (0 is the first; -1, before the start: nobody). Segments add up along the
 * stages and stay, the percentage is that of the last stage with one, and decommission changes nothing. Whom the plan excludes
 * never has it.
 */
export function stageExposure(plan: Plan, index: number): Exposure {
  const passed = plan.stages.slice(0, index + 1);
  if (passed.length === 0) return NO_EXPOSURE;
  const stage = passed.at(-1);
  if (stage?.shadow !== undefined) return { ...NO_EXPOSURE, mode: 'shadow' };
  const without = excludedNames(plan);
  if (stage?.dark !== undefined)
    return leavingOut({ ...NO_EXPOSURE, percent: stage.dark.percent, mode: 'dark' }, without);
  if (stage?.aa !== undefined)
    return leavingOut({ ...NO_EXPOSURE, percent: stage.aa.percent, mode: 'aa' }, without);
  const segments = new Set(passed.flatMap((stage) => audienceOf(plan, stage)));
  const percent = passed.reduce((last, stage) => stage.percent ?? last, 0);
  return leavingOut({ percent, segments: [...segments], variant: null }, without);
}

/** The segments of a stage; tenants of a list as segments of one each: `tenant=acme`. */
export function audienceOf({ flag }: Pick<Plan, 'flag'>, { audience }: Pick<Stage, 'audience'>): string[] {
  return namesOf({ flag }, audience ?? {});
}

/** True for a stage in which the new path runs behind the old one and serves nobody. */
export function isShadowing(stage: Stage | undefined): boolean {
  return stage?.shadow !== undefined || stage?.dark !== undefined;
}

/** True for a stage in which both cohorts have the old path: a difference between them is none of the new one. */
export function isAlike(stage: Stage | undefined): boolean {
  return stage?.aa !== undefined;
}

/** True for a stage in which nobody is served by the new path: it runs behind the old one, or nowhere. */
export function isUnserved(stage: Stage | undefined): boolean {
  return isShadowing(stage) || isAlike(stage);
}

/** Who has the canary by what a flag serves: called by its name it is still the canary, another variant is not. */
export function canaryExposure(plan: Plan, served: Exposure): Exposure {
  if (served.variant !== null && served.variant !== plan.flag.canary) return NO_EXPOSURE;
  return { ...served, variant: null };
}

/** The highest stage, at most `top`, whose exposure is contained in what the flag serves; -1: none. */
export function containedStage(plan: Plan, served: Exposure, top: number): number {
  const canary = canaryExposure(plan, served);
  for (let index = top; index >= 0; index -= 1)
    if (withinExposure(stageExposure(plan, index), canary)) return index;
  return -1;
}

/**
 * The stage that a flag is in which somebody else moves: the highest whose share it serves, or whose segments where it has no
 * share, since whoever ramps by a share alone knows none; the first for whatever is less; -1: nobody has the canary. Of stages
 * with the same exposure `present` stays, else it is the first of them.
 */
export function servedStage(plan: Plan, served: Exposure, present: number): number {
  const canary = canaryExposure(plan, served);
  if (isNobody(canary)) return -1;
  const reached = plan.stages.findLastIndex((_, index) => {
    const stage = stageExposure(plan, index);
    const share = stage.percent > 0 && stage.mode === undefined;
    return withinExposure(share ? { ...stage, segments: [] } : stage, canary);
  });
  const top = Math.max(0, reached);
  const exposure = stageExposure(plan, top);
  const first = plan.stages.findIndex((_, index) => sameExposure(stageExposure(plan, index), exposure));
  return present >= first && present <= top ? present : first;
}

/** The plan with what is served in place of what the stage was to serve: that is how the traffic is split. */
export function planAsServed(plan: Plan, index: number, { percent }: Exposure): Plan {
  if (stageExposure(plan, index).percent === percent) return plan;
  const stages = plan.stages.map((stage, at) => (at === index ? { ...stage, percent } : stage));
  return { ...plan, stages };
}

/**
 * What others say that they serve. Without segments: those that the plan has at that share, since whoever ramps by a share
 * alone has none to tell of.
 */
export function toldExposure(plan: Plan, percent: number, segments?: readonly string[]): Exposure {
  if (segments !== undefined) return { percent, segments: [...segments], variant: null };
  const reached = plan.stages.findLastIndex((_, index) => stageExposure(plan, index).percent <= percent);
  const planned = percent === 0 ? [] : stageExposure(plan, reached).segments;
  return { percent, segments: planned, variant: null };
}

/**
 * Where a stop ends, given who has the canary now. A reversible plan: nobody. A forward-only plan: the present
 * exposure, frozen as it is, or with the plan's safe variant in place of the canary.
 */
export function safeExposure(plan: Plan, current: Exposure): Exposure {
  if (plan.reversibility === 'reversible') return NO_EXPOSURE;
  if (!isServed(current)) return NO_EXPOSURE;
  if (plan.safeExposure === undefined || plan.safeExposure === 'frozen') return current;
  return { ...current, variant: plan.safeExposure.variant };
}

/**
 * The share of the traffic, 0 to 1, that the plan gives to the canary in stage `index`. Segments count as 0: how
 * much of the traffic they are is not known from the plan. Where nobody is served, both paths run on the same requests.
 */
export function stageShare(plan: Plan, index: number): number {
  if (isShadowing(plan.stages[index])) return 0.5;
  return stageExposure(plan, index).percent / 100;
}

/** A metric's margins in one stage; null: the metric has no such margin there. */
export interface StageMargins {
  soft: Margin | null;
  hard: Margin | null;
  improve: Margin | null;
}

/**
 * The margins of `metric` in stage `index`: the stage's own, else the metric's. Unknown names have none, and where both cohorts have
 * the old path none is to be better.
 */
export function stageMetric(
  plan: Pick<Plan, 'metrics' | 'stages'>,
  index: number,
  metric: string,
): StageMargins {
  const base = plan.metrics.find((one) => one.name === metric);
  const overrides = plan.stages[index]?.metrics ?? {};
  const override = Object.hasOwn(overrides, metric) ? overrides[metric] : undefined;
  return {
    soft: override?.soft ?? base?.soft ?? null,
    hard: override?.hard ?? base?.hard ?? null,
    improve: isAlike(plan.stages[index]) ? null : (override?.improve ?? base?.improve ?? null),
  };
}

/**
 * The approval that opens the stage after `index`; -1: the start. Null: none is asked for. The approval at the top
 * of a plan holds for every stage but the last, behind which nothing opens.
 */
export function approvalFor(plan: Plan, index: number): Approval | null {
  if (index < 0) return plan.approvals.start ?? null;
  const own = plan.stages[index]?.approval;
  if (own !== undefined) return own;
  return index < plan.stages.length - 1 ? (plan.approval ?? null) : null;
}

/** Seconds after which a gate that still holds asks a person: the stage's `max`, else twice its bake time. */
export function stageMax(plan: Plan, index: number): number {
  const stage = plan.stages[index];
  return stage === undefined ? 0 : (stage.max ?? 2 * stage.bake);
}

/** A metric is tested when it has a margin in any stage; without one it is advisory and never decides. */
export function isTested(plan: Plan, metric: Metric): boolean {
  return testedMetrics(plan).has(metric.name);
}

const testedMetrics = perPlan((plan): ReadonlySet<string> => {
  const tested = plan.metrics.filter(({ name }) =>
    [-1, ...plan.stages.keys()].some((index) => {
      const { soft, hard } = stageMetric(plan, index, name);
      return soft !== null || hard !== null;
    }),
  );
  return new Set(tested.map(({ name }) => name));
});
