import type { FlagReading } from '../flags/provider.ts';
import type { Reading } from '../plans/sample.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { FlagSight } from '../rollout/event.ts';
import { leaseDuty, type Watched } from '../rollout/lease.ts';
import { openLease } from '../store/flag-rules.ts';
import type { ActivityParts } from './parts.ts';

/** Seconds that a read may take although polls follow each other faster. */
const SLOW = 10;

/** A flag as a gate sees it: a lease in force, or one that has run out and brought the flag where it is. */
export function sightOf({ revision, exposure, latch, lease, changedBy }: FlagReading): FlagSight {
  const sight = { revision, exposure, latch, ...(changedBy === undefined ? {} : { by: changedBy }) };
  if (lease == null || lapseOf({ lease, exposure }).lapsedAt !== undefined)
    return { ...sight, ...lapseOf({ lease, exposure }) };
  return { ...sight, leaseUntil: lease.until };
}

/** A lease that has run out: the exposure is its fallback, and got there by itself. */
export function lapseOf({
  lease,
  exposure,
}: Pick<FlagReading, 'exposure'> & { lease?: FlagReading['lease'] | undefined }): { lapsedAt?: number } {
  return lease == null || openLease({ lease, exposure }) !== null ? {} : { lapsedAt: lease.until };
}

/**
 * True for a window that says how the canary does now, rather than one that is read again after an interruption.
 * `complete`: when it could first be read, Unix seconds.
 */
export function isCurrent({ kind }: Reading, window: { complete: number; poll: number }): boolean {
  return kind === 'sample' && Date.now() / 1000 - window.complete <= Math.max(3 * window.poll, SLOW);
}

/**
 * Renews or ends the lease, where it is time. What fails is tried again at the next poll; should it go on failing, the
 * lease does what it is for.
 */
export async function tendLease(parts: ActivityParts, request: GateRequest, watched: Watched): Promise<void> {
  const { plan, rolloutId, expected, lease } = request;
  const duty = leaseDuty(request, watched);
  const { flag } = watched;
  if (duty === 'nothing' || flag === null || flag.revision === null) return;
  const target = { environment: plan.environment, key: plan.flag.key };
  const { log } = parts;
  try {
    await parts.provider(plan.flag.provider).renew?.(target, {
      rolloutId,
      epoch: expected.epoch,
      revision: flag.revision,
      terms: duty === 'end' ? null : (lease ?? null),
    });
  } catch (error) {
    log.warn({ err: error, rollout: rolloutId }, 'the lease could not be renewed');
  }
}
