import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Reading } from '../plans/sample.ts';
import type { GateMemory } from './event.ts';

/**
 * The last stage passes when the old path has been unused for `cleanFor` without a break. Each call of the old
 * path starts the clock again; a window without an answer neither counts nor resets it. Without an `unused`
 * expression the clock runs from the stage's beginning.
 */
export function observeUnused(
  memory: GateMemory,
  plan: Plan,
  stageIndex: number,
  reading: Reading,
  windowEnd: number,
): GateMemory {
  const rule = plan.stages[stageIndex]?.decommission;
  if (rule === undefined) return memory;
  if (rule.unused === undefined) return { ...memory, cleanSince: memory.cleanSince ?? windowEnd };
  const calls = reading.kind === 'sample' ? reading.expressions[rule.unused] : undefined;
  if (calls === undefined) return memory;
  return { ...memory, cleanSince: calls > 0 ? null : (memory.cleanSince ?? windowEnd) };
}

/** The verdict of a decommission stage: stops of the limits stay, a pass or a hold is decided by the old path's use. */
export function assessUnused(
  assessment: Assessment,
  memory: GateMemory,
  plan: Plan,
  stageIndex: number,
): Assessment {
  const rule = plan.stages[stageIndex]?.decommission;
  if (rule === undefined || (assessment.verdict !== 'pass' && assessment.verdict !== 'hold'))
    return assessment;
  const clean = memory.cleanSince === null ? 0 : memory.cursor - memory.cleanSince;
  if (memory.cleanSince !== null && clean >= rule.cleanFor) {
    return {
      ...assessment,
      verdict: 'pass',
      holding: [],
      reason: `the old path has been unused for ${Math.round(clean)} s`,
    };
  }
  const reason =
    memory.cleanSince === null
      ? 'the old path is still in use'
      : `the old path has been unused for ${Math.round(clean)} s of ${rule.cleanFor} s`;
  return {
    ...assessment,
    verdict: 'hold',
    reason,
    holding: [{ kind: 'bake', until: assessment.t + rule.cleanFor - clean }],
  };
}
