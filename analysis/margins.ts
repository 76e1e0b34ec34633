import type { RatioMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Count } from '../plans/sample.ts';
import type { Stage } from '../plans/stage.ts';
import { isUnserved, stageMetric } from '../plans/stages.ts';
import type { Margin } from '../plans/units.ts';

/** Margins in force as differences that are worse when larger; null: there is none, or it cannot be known yet. */
export interface Margins {
  soft: number | null;
  hard: number | null;
  /** By how much it must be shown to be better. */
  improve: number | null;
}

/** Baseline requests before which a relative margin means nothing, and events that make the rate steady. */
const FEWEST_REQUESTS = 1000;
const STEADY_EVENTS = 25;

/**
 * True where canary and baseline are random shares of the same traffic, or both paths ran on the same requests, so that
 * comparing them means something.
 */
export function isCompared(stage: Stage | undefined): boolean {
  if (isUnserved(stage)) return true;
  return stage?.percent !== undefined && stage.percent < 100 && stage.decommission === undefined;
}

/** How many stages of a plan compare the cohorts; they share the weight of the evidence. */
export function comparedStages(plan: Plan): number {
  return Math.max(1, plan.stages.filter(isCompared).length);
}

/** Events that are bad, whichever way the metric is written. */
export function badCount(metric: RatioMetric, count: Count): Count {
  return metric.good === undefined ? count : { events: count.total - count.events, total: count.total };
}

/**
 * The margins of a ratio in one stage. A relative part is resolved against the baseline's own rate: of the stages
 * before, frozen for the stage, once they hold 25 events; else of all polls before the present one. One standard
 * error is added to that rate, so that a margin is rather too wide than too tight. `min(...)` takes the smaller.
 */
export function ratioMargins(
  plan: Plan,
  at: { stage: number; metric: RatioMetric; before: Count; stageSoFar: Count; accepted: number | null },
): Margins {
  const written = stageMetric(plan, at.stage, at.metric.name);
  const rate = baselineRate(at.before, at.stageSoFar, at.metric.good !== undefined);
  return {
    soft: at.accepted === null ? resolve(written.soft, rate) : Math.abs(at.accepted),
    hard: resolve(written.hard, rate),
    improve: resolve(written.improve, rate),
  };
}

/** The margins of a latency: shares of the baseline's own time. */
export function latencyMargins(
  plan: Plan,
  at: { stage: number; metric: string; accepted: number | null },
): Margins {
  const written = stageMetric(plan, at.stage, at.metric);
  return {
    soft: at.accepted ?? slowdown(written.soft),
    hard: slowdown(written.hard),
    improve: slowdown(written.improve),
  };
}

/** The margin that is tested: the soft one, or the hard one where there is no soft one. */
export function tested(margins: Pick<Margins, 'soft' | 'hard'>): number | null {
  return margins.soft ?? margins.hard;
}

/** What the edges of a latency must show: the margin that is tested, else the improvement, as a slowdown below zero. */
export function shownMargin(margins: Margins): number | null {
  return tested(margins) ?? (margins.improve === null ? null : -margins.improve);
}

function slowdown(margin: Margin | null): number | null {
  return margin === null ? null : (margin.relative ?? margin.absolute);
}

function resolve(margin: Margin | null, rate: number | null): number | null {
  if (margin === null) return null;
  const relative = margin.relative === null || rate === null ? null : margin.relative * rate;
  if (relative === null) return margin.absolute;
  return margin.absolute === null ? relative : Math.min(margin.absolute, relative);
}

function baselineRate(before: Count, now: Count, good: boolean): number | null {
  const all = steady(before)
    ? before
    : { events: before.events + now.events, total: before.total + now.total };
  if (all.total < FEWEST_REQUESTS) return null;
  const events = good ? all.total - all.events : all.events;
  return Math.min(1, (events + Math.sqrt(events) + 1) / all.total);
}

function steady(count: Count): boolean {
  return (
    count.total >= FEWEST_REQUESTS && Math.min(count.events, count.total - count.events) >= STEADY_EVENTS
  );
}
