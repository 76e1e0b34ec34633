import { sameExposure } from '../plans/exposure.ts';
import { type FailureCode, isFailure } from '../plans/failures.ts';
import type { FlagState, FlagStore, FlagTarget } from '../store/flag-contract.ts';
import { lowers } from '../store/flag-rules.ts';
import type { EmergencyLatch, Latches } from './latches.ts';

/** Answers of PostgreSQL that no later try would change. */
const REFUSED: readonly FailureCode[] = ['FLAG_UNKNOWN', 'POINT_OF_NO_RETURN'];

/**
 * Tells PostgreSQL what the latch files of a flag order, and removes them. Safe while several processes do the same:
 * one does it and the others find nothing left.
 * @returns the flag after it; null when nothing was pending
 * @throws Failure POSTGRES_UNREACHABLE (the files stay), FLAG_UNKNOWN (they are removed: there is nothing to hold),
 * POINT_OF_NO_RETURN (they are removed: there is no old path to go back to)
 */
export async function carryOver(
  latches: Latches,
  store: FlagStore,
  target: FlagTarget,
): Promise<FlagState | null> {
  if ((await latches.of(target)).length === 0) return null;
  return latches.exclusively(target, async () => {
    let after: FlagState | null = null;
    // Read again under the lock: a kill that somebody else carried over, and a person unlocked since, is no order any more.
    for (const latch of await latches.of(target)) {
      try {
        after = await apply(store, latch);
      } catch (error) {
        if (isFailure(error) && REFUSED.includes(error.code)) await latches.remove(latch);
        throw error;
      }
      await latches.remove(latch);
    }
    return after;
  });
}

async function apply(store: FlagStore, latch: EmergencyLatch): Promise<FlagState> {
  const target = { environment: latch.environment, key: latch.key };
  const { by, reason, at, rolloutId, exposure, final } = latch;
  const kill = () => store.kill(target, exposure, { by, reason, at });
  if (latch.kind === 'kill' || rolloutId === null || exposure === null) return kill();

  const result = await store.write({
    ...target,
    rolloutId,
    epoch: latch.epoch ?? 0,
    exposure,
    direction: 'lower',
    ...(final === undefined ? {} : { final }),
    expectedRevision: null,
    author: by,
    reason,
  });
  if (result.kind === 'refused') {
    const { current } = result;
    const standsHigher =
      lowers(exposure, current.exposure, current.shape.canary) && !sameExposure(exposure, current.exposure);
    // The rollout is no longer the owner, but the flag still stands where it had to be taken down from.
    return standsHigher ? kill() : current;
  }
  return (await store.read(target)) ?? kill();
}
