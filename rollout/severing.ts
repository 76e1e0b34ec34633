import type { Assessment, Severed } from '../plans/assessment.ts';
import { type Exclusion, excludedNames, excluding } from '../plans/exclusion.ts';
import { exclusionLimits } from '../plans/exclusion-limits.ts';
import { type Exposure, leavingOut, leftOut, sameExposure } from '../plans/exposure.ts';
import type { Cause } from '../plans/journal.ts';
import { stageLease } from '../plans/lease.ts';
import type { Plan } from '../plans/plan.ts';
import type { GateRequest } from './command.ts';
import { drillRuns } from './drill-facts.ts';
import type { FlagSight, GateReport } from './event.ts';
import { takeOff } from './exclusion.ts';
import { GATE_AUTHOR } from './flag.ts';
import type { Turn } from './turn.ts';
import { journal } from './turn.ts';

/** Who takes somebody off where no person does. */
const GATE = 'the gate';

/** Whom a gate takes off, and why it is the whole rollout that has to stop; null: it is not. */
export interface Partings {
  off: Severed[];
  whole: string | null;
}

/** The slices that got worse alone, each of them once, as far as the plan bears it beside those that are off already. */
export function partings(
  { plan, excluded = [] }: { plan: Plan; excluded?: readonly Exclusion[] },
  severed: readonly Severed[],
): Partings {
  const off: Severed[] = [];
  const known = excludedNames(plan);
  for (const one of severed) {
    if (known.includes(one.who) || off.some(({ who }) => who === one.who)) continue;
    const whole = beyond(plan, [...excluded, ...off], one);
    if (whole !== null) return { off, whole };
    off.push(one);
  }
  return { off, whole: null };
}

/**
 * What a gate found of slices that the plan takes off by themselves. It lowers, so that neither a pause nor a window nor an
 * approval is asked. Null: whoever is to be off is; else why it is the whole rollout that has to stop.
 */
export function sever(turn: Turn, { severed = [] }: Assessment): string | null {
  const { state } = turn;
  const { off, whole } = partings(state, severed);
  // A drill rehearses the stop of the whole.
  if (drillRuns(state)) return off[0]?.reason ?? whole;
  for (const { who: name, slice, metric, share, severity, reason } of off) {
    const cause: Cause = { kind: 'gate', verdict: severity, reason };
    takeOff(turn, { name, by: GATE, reason, slice, metric, ...(share === null ? {} : { share }) }, cause);
  }
  return whole;
}

/** Why one more is one too many; null: it is not. */
function beyond(
  { policy }: Plan,
  off: readonly { slice?: string; share?: number | null }[],
  { who, reason, share }: Severed,
): string | null {
  const { most, traffic } = exclusionLimits(policy);
  const before = off.filter(({ slice }) => slice !== undefined);
  if (before.length >= most)
    return `${who} would be one more than the ${most} that may be off the canary: ${reason}`;
  // Each share is of what the ones before had left.
  const left = [...before.map((one) => one.share ?? 0), share ?? 0].reduce(
    (rest, part) => rest * (1 - part),
    1,
  );
  if (1 - left > traffic + 1e-9)
    return `with ${who} ${Math.round(100 * (1 - left))} % of the requests of the canary would be off it, and ${Number((100 * traffic).toPrecision(3))} % may be: ${reason}`;
  return null;
}

/** The same exposure without these. */
export function withoutThem(exposure: Exposure, severed: readonly Severed[]): Exposure {
  return leavingOut(exposure, [...leftOut(exposure), ...severed.map(({ who }) => who)]);
}

/** True when the gate has taken them off the flag by itself, and nothing else has changed there. */
function isOwn(sight: FlagSight, severed: readonly Severed[], exposure: Exposure): boolean {
  if (sight.by !== GATE_AUTHOR || sameExposure(sight.exposure, exposure)) return false;
  return sameExposure(sight.exposure, withoutThem(exposure, severed));
}

/** Nobody had answered in time, and the gate has taken them off the flag itself: its revision is one of ours. */
export function adoptOwnExclusion(turn: Turn, { flag, assessment }: GateReport): void {
  const { state } = turn;
  if (flag === null || state.write !== null) return;
  const { severed = [] } = assessment;
  if (flag.revision === state.flagRevision || !isOwn(flag, severed, state.exposure)) return;
  journal(turn, 'note', {
    cause: { kind: 'gate', verdict: assessment.verdict, reason: assessment.reason },
    summary: `The workflow did not answer, so that the gate left out ${severed.map(({ who }) => who).join(', ')} itself.`,
    flagBefore: state.flagRevision,
    flagAfter: flag.revision,
  });
  state.flagRevision = flag.revision;
  state.exposure = flag.exposure;
}

/** The request of a gate that has taken somebody off by itself: the lease that it renews is of what is left. */
export function withOwnExclusion(
  request: GateRequest,
  { flag, assessment }: Pick<GateReport, 'flag' | 'assessment'>,
): GateRequest {
  const { severed = [] } = assessment;
  if (flag === null || !isOwn(flag, severed, request.expected.exposure)) return request;
  const { lease: _lease, ...rest } = request;
  const plan = excluding(
    request.plan,
    severed.map(({ who }) => who),
  );
  const lease = stageLease(plan, request.stage);
  const { revision, exposure } = flag;
  const expected = { ...request.expected, revision, exposure };
  return { ...rest, plan, expected, ...(lease === null ? {} : { lease }) };
}
