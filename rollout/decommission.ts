import type { Assessment, Restart } from '../plans/assessment.ts';
import { heldByReferences, type ReferenceRule } from '../plans/flag/references.ts';
import type { Reading } from '../plans/sample.ts';
import type { Step } from '../plans/steps.ts';
import { duration } from '../plans/words.ts';
import type { GateRequest } from './command.ts';
import type { GateMemory } from './event.ts';

/**
 * The last stage passes when the old path has been unused for `cleanFor` without a break: neither its cohort nor the plan's
 * `unused` counts a call. Each call starts the clock again; a window without an answer neither counts nor resets it.
 */
export function observeUnused(
  before: GateMemory,
  { plan, stage, restarted }: Pick<GateRequest, 'plan' | 'stage' | 'restarted'>,
  { reading, to }: { reading: Reading; to: number },
): GateMemory {
  const rule = plan.stages[stage]?.decommission;
  if (rule === undefined) return before;
  const calls = callsOf(reading, rule.unused);
  const memory = sinceRestart(before, restarted);
  const { unseen = 0, cleanSince } = memory;
  if (calls === null) return cleanSince === null ? memory : { ...memory, unseen: unseen + plan.source.poll };
  if (calls > 0) return { ...memory, cleanSince: null, unseen: 0 };
  return cleanSince === null ? { ...memory, cleanSince: to, unseen: 0 } : memory;
}

/** Calls of the old path that one window shows; null: it does not say. */
function callsOf(reading: Reading, unused: string | undefined): number | null {
  if (reading.kind !== 'sample') return null;
  const { requests } = reading.sample.baseline;
  if (unused === undefined) return requests;
  const others = reading.expressions[unused];
  return others === undefined ? (requests > 0 ? requests : null) : requests + others;
}

/** The memory with nothing left of the days before the last restart. */
function sinceRestart(memory: GateMemory, restarted: Restart | undefined): GateMemory {
  const from = (restarted?.at ?? 0) / 1000;
  return memory.cleanSince === null || from <= memory.cleanSince
    ? memory
    : { ...memory, cleanSince: from, unseen: 0 };
}

/**
 * The verdict of a decommission stage: stops of the limits stay, a pass or a hold is decided by the old path's use and by what the
 * code still names.
 */
export function assessUnused(
  assessment: Assessment,
  memory: GateMemory,
  { plan, stage, origin, restarted }: Pick<GateRequest, 'plan' | 'stage' | 'origin' | 'restarted'>,
): Assessment {
  const rule = plan.stages[stage]?.decommission;
  if (rule === undefined || (assessment.verdict !== 'pass' && assessment.verdict !== 'hold'))
    return assessment;
  const { cleanSince, cursor, unseen = 0 } = sinceRestart(memory, restarted);
  const seconds = cleanSince === null ? 0 : Math.max(0, cursor - cleanSince - unseen);
  const clean = Math.round(seconds);
  const steps: Step[] | undefined = rule.steps;
  // The code goes behind the point of no return, so its step waits for the reports.
  const later = (steps ?? []).some(({ kind }) => kind === 'code');
  const code = later ? [] : codeHolds(memory, rule.references ?? 'reported', origin);
  if (cleanSince !== null && seconds >= rule.cleanFor) {
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
      reason: `the old path has been unused for ${duration(clean)}`,
    };
  }
  const reason =
    cleanSince === null
      ? 'the old path is still in use'
      : `the old path has been unused for ${duration(clean)} of ${duration(rule.cleanFor)}`;
  return {
    ...assessment,
    verdict: 'hold',
    reason: restarted === undefined ? reason : `${reason}, counted anew after ${restarted.by}`,
    holding: [
      {
        kind: 'clean',
        since: cleanSince === null ? null : cleanSince * 1000,
        have: clean,
        need: rule.cleanFor,
        ...(restarted === undefined ? {} : { restarted }),
      },
      ...code,
    ],
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
