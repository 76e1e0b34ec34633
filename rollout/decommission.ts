import type { Assessment } from '../plans/assessment.ts';
import { heldByReferences, type ReferenceRule } from '../plans/flag/references.ts';
import type { Plan } from '../plans/plan.ts';
import type { Reading } from '../plans/sample.ts';
import type { GateRequest } from './command.ts';
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

/**
 * The verdict of a decommission stage: stops of the limits stay, a pass or a hold is decided by the old path's use and by what the
 * code still names.
 */
export function assessUnused(
  assessment: Assessment,
  memory: GateMemory,
  { plan, stage, origin }: Pick<GateRequest, 'plan' | 'stage' | 'origin'>,
): Assessment {
  const rule = plan.stages[stage]?.decommission;
  if (rule === undefined || (assessment.verdict !== 'pass' && assessment.verdict !== 'hold'))
    return assessment;
  const clean = memory.cleanSince === null ? 0 : memory.cursor - memory.cleanSince;
  const code = codeHolds(memory, rule.references ?? 'reported', origin);
  if (memory.cleanSince !== null && clean >= rule.cleanFor) {
    if (code.length > 0) {
      return {
        ...assessment,
        verdict: 'hold',
        reason: code.map(({ detail }) => detail).join('; '),
        holding: code,
      };
    }
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
    holding: [{ kind: 'bake', until: assessment.t + rule.cleanFor - clean }, ...code],
  };
}

function codeHolds({ references }: GateMemory, rule: ReferenceRule, since: number) {
  if (references === undefined || rule === 'ignored') return [];
  const detail =
    references === 'unread'
      ? 'what names the flag cannot be read'
      : heldByReferences(references, { rule, since });
  return detail === null ? [] : [{ kind: 'references' as const, detail }];
}
