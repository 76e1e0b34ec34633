import { type Exposure, isNobody, NO_EXPOSURE, sameExposure, withinExposure } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { FlagChange, FlagDefinition, FlagLease, FlagState, LeaseTerms } from './flag-contract.ts';

/**
 * True when `next` widens nothing that is in force. To another variant than the canary (the safe exposure of a
 * forward-only plan) always counts as down; back from such a variant to the canary never does, unless to nobody.
 */
export function lowers(next: Exposure, current: Exposure, canary: string): boolean {
  if (isNobody(next)) return true;
  const wanted = unnamed(next, canary);
  const present = unnamed(current, canary);
  if (wanted.variant === null && present.variant !== null) return false;
  return withinExposure(wanted, present);
}

/** The canary called by its name is still the canary. */
function unnamed(exposure: Exposure, canary: string): Exposure {
  return exposure.variant === canary ? { ...exposure, variant: null } : exposure;
}

/** The lease that the terms give at `now`; null where the fallback would lower nothing, and so prove nothing either. */
export function leaseAt(
  terms: LeaseTerms | null | undefined,
  exposure: Exposure,
  { canary, now }: { canary: string; now: number },
): FlagLease | null {
  if (terms === null || terms === undefined) return null;
  const { seconds, fallback } = terms;
  if (sameExposure(fallback, exposure) || !lowers(fallback, exposure, canary)) return null;
  return { until: now + seconds * 1000, fallback };
}

/** The lease that holds the exposure up; null where there is none, and where one has run out and been carried out. */
export function openLease({ lease, exposure }: Pick<FlagState, 'lease' | 'exposure'>): FlagLease | null {
  return lease == null || sameExposure(lease.fallback, exposure) ? null : lease;
}

export type Ruling = 'write' | 'unchanged' | 'stale-epoch' | 'latched' | 'drift' | 'not-owner';

/**
 * What becomes of a write. `lastWriter` is the rollout that made the present revision, null for a person.
 * A write that lowers is the owner's right at any time: an older epoch or a latch does not stop it. Everything
 * else needs the present epoch, no latch, and the revision that the writer believes in force.
 */
export function judge(change: FlagChange, flag: FlagState, lastWriter: string | null): Ruling {
  if (flag.rolloutId !== change.rolloutId) return 'not-owner';
  const same = sameExposure(change.exposure, flag.exposure);
  // To nobody is also what ends the rules of a flag that was never raised.
  const endsRules = isNobody(change.exposure) && flag.live;
  // Where it changes nothing it is a revision all the same: what was to raise the one before it is refused. Once only, by the epoch.
  const shuts = change.final === true && flag.epoch === change.epoch;
  if (change.direction === 'lower' && same && !endsRules) return shuts ? 'write' : 'unchanged';
  if (change.direction === 'lower' && lowers(change.exposure, flag.exposure, flag.shape.canary))
    return 'write';
  if (flag.latch !== null) return 'latched';
  if (flag.epoch !== change.epoch) return 'stale-epoch';
  const asBelieved = isAsBelieved(change, flag);
  // The same write that landed before: only if it was this rollout's own, not somebody who moved it there by hand.
  if (same && (asBelieved || lastWriter === change.rolloutId)) return 'unchanged';
  return asBelieved ? 'write' : 'drift';
}

/** The revision is the one that its writer believes in force, or its writer is told to take any. */
export function isAsBelieved({ expectedRevision }: FlagChange, { revision }: FlagState): boolean {
  return expectedRevision === null || expectedRevision === revision;
}

/** Where a kill leaves the flag: the safe exposure (null: the shape's own), but never more than is in force. */
export function killedExposure(safe: Exposure | null, flag: FlagState): Exposure {
  // Nobody was served by the new path: nobody is left, and it runs behind nobody any more.
  if (flag.exposure.mode !== undefined) return NO_EXPOSURE;
  const named = safe ?? flag.shape.safe ?? NO_EXPOSURE;
  const wanted = named === 'frozen' ? flag.exposure : named;
  return lowers(wanted, flag.exposure, flag.shape.canary) ? wanted : flag.exposure;
}

/** Why a kill is refused: the old path is gone, and it would send users there. Null where it may go on. */
export function pointOfNoReturn({ environment, key, decommissioned }: FlagState): Failure | null {
  if (decommissioned === null) return null;
  const { rolloutId, runbook } = decommissioned;
  return new Failure(
    'POINT_OF_NO_RETURN',
    `The old path of ${key} in ${environment} was decommissioned by ${rolloutId}.`,
    { details: [`code rollback: ${runbook ?? `the plan of ${rolloutId} names no runbook`}`] },
  );
}

/** The shape that a rollout claims. Variants that the flag's rules give stay; those of the plan have the plan's values. */
export function claimedShape(flag: FlagState, planned: FlagDefinition): FlagDefinition {
  if (flag.spec === null || flag.revision === 0) return planned;
  return { ...planned, variants: { ...flag.shape.variants, ...planned.variants } };
}
