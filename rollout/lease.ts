import type { Assessment } from '../plans/assessment.ts';
import { sameExposure } from '../plans/exposure.ts';
import { stageExposure } from '../plans/stages.ts';
import type { GateRequest } from './command.ts';
import type { FlagSight } from './event.ts';
import { flagMoved } from './report.ts';

/** What a gate has seen at one poll, and when (milliseconds since 1970). */
export interface Watched {
  assessment: Assessment;
  flag: FlagSight | null;
  /** True when the window was read, and is no old one that is read again. */
  current: boolean;
  now: number;
}

/** What is left of a lease when it is renewed: it is, every third of its time. */
const RENEW_BELOW = 2 / 3;

/**
 * What a gate does about the lease of its stage after a poll. It renews only while all is well: the latest window was
 * read and its data were right, nothing speaks against the canary, and the flag reads as the rollout set it. A lease
 * that has run out is never renewed: that would raise the flag without a gate.
 */
export function leaseDuty(request: GateRequest, watched: Watched): 'nothing' | 'renew' | 'end' {
  const { plan, stage, expected, lease } = request;
  const { flag, now } = watched;
  // Whoever moves the flag has a lease of their own, or none.
  if (expected.watched === true) return 'nothing';
  if (flag === null || flag.latch !== null || flagMoved(flag, expected)) return 'nothing';
  if (!sameExposure(flag.exposure, stageExposure(plan, stage))) return 'nothing';
  const held = flag.leaseUntil ?? null;
  // The stage before has left one, or an amendment has taken it out of the plan.
  if (lease === undefined) return held === null ? 'nothing' : 'end';
  if (!watched.current || !isWell(watched.assessment)) return 'nothing';
  return held === null || held - now < RENEW_BELOW * lease.seconds * 1000 ? 'renew' : 'nothing';
}

function isWell({ verdict, limits, holding }: Assessment): boolean {
  if (verdict !== 'pass' && verdict !== 'hold') return false;
  return !limits.some(({ fired }) => fired) && !holding.some(({ kind }) => kind === 'data');
}

/** How people are told that nobody has renewed it. `until` in milliseconds since 1970. */
export function lapsedText(until: number, exposure: string): string {
  return `the lease ran out at ${new Date(until).toISOString()}: no healthy gate had renewed it, and the flag went back to ${exposure} by itself`;
}
