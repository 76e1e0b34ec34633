import { type Exposure, isServed, NO_EXPOSURE, sameExposure, withinExposure } from './exposure.ts';
import type { Plan } from './plan.ts';
import { safeExposure, stageExposure } from './stages.ts';

/** What a stage asks of the flag service: unless it is renewed within `seconds`, the flag goes back to `fallback`. */
export interface StageLease {
  seconds: number;
  fallback: Exposure;
}

/**
 * The lease on the exposure of stage `index`: back to the stage before, whose gate has passed, or, of a forward-only
 * plan, to the safe exposure. Null where the plan asks for none and where there is nothing to fall back to: a stage
 * that exposes nobody new is proven already.
 */
export function stageLease(plan: Plan, index: number): StageLease | null {
  const seconds = plan.stages[index]?.lease ?? (index >= 0 ? plan.lease : undefined);
  if (seconds === undefined) return null;
  const present = stageExposure(plan, index);
  const before = stageExposure(plan, index - 1);
  if (sameExposure(present, before)) return null;
  // A mode stands in what every application is told, and not in who gets what: no clock ends it.
  if (present.mode !== undefined) return null;
  const proven = isServed(before) ? before : NO_EXPOSURE;
  const fallback = plan.reversibility === 'reversible' ? proven : safeExposure(plan, present);
  if (sameExposure(present, fallback) || !withinExposure(fallback, present)) return null;
  return { seconds, fallback };
}

export function sameLease(a: StageLease | null, b: StageLease | null): boolean {
  if (a === null || b === null) return a === b;
  return a.seconds === b.seconds && sameExposure(a.fallback, b.fallback);
}
