import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import { isAlike } from '../plans/stages.ts';
import { type Evidence, type MetricEvidence, partsOf } from './evidence.ts';
import { assess, enterStage, openEvidence } from './gate.ts';
import { type GateContext, stageFrame } from './stage.ts';

/**
 * What the gates of a rollout knew at its end, for the next one of the same build: all that a step back keeps. Its times, users,
 * limits and traffic split were its own and begin anew. `plan`: the last that judged it.
 */
export function carriedEvidence(evidence: Evidence, plan: Plan): Evidence {
  // What tells two cohorts of the old path apart speaks against no build.
  const { aside = {}, ...seen } = evidence;
  const metrics = isAlike(plan.stages.find(({ name }) => name === evidence.stage)) ? aside : seen.metrics;
  return {
    ...openEvidence(plan),
    metrics: timeless(metrics),
    ...(evidence.doubt === undefined ? {} : { doubt: evidence.doubt }),
    slices: Object.fromEntries(
      Object.entries(evidence.slices).map(
        ([slice, part]) => [slice, { ...part, missing: null, metrics: timeless(part.metrics) }] as const,
      ),
    ),
  };
}

function timeless<T extends MetricEvidence>(metrics: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, known]) => [name, { ...known, missing: null }] as const),
  );
}

/** The verdict with which a rollout would begin that goes on with carried evidence: before its own first poll. */
export function assessCarried(carried: Evidence, plan: Plan, context: GateContext): Assessment {
  return assess(enterStage(carried, plan, context.stageIndex), plan, context);
}

/** The first stage from `index` on that tests the canary; `index` where none does. */
export function firstTested(plan: Plan, index: number): number {
  const tested = plan.stages.findIndex(
    (stage, i) => i >= index && stageFrame(plan, i).compared && !isAlike(stage),
  );
  return tested < 0 ? index : tested;
}

/** Names of what a person has accepted a difference of: `errors`, `errors{tier=enterprise}`. */
export function acceptedNames(evidence: Evidence): string[] {
  return partsOf(evidence).flatMap(([name, known]) => (isAccepted(known) ? [name] : []));
}

function isAccepted(known: MetricEvidence): boolean {
  return known.accepted !== null || (known.kind === 'latency' && known.slowdown !== null);
}
