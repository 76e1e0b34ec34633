import type { FlagReading, FlagWriteResult } from '../flags/provider.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import type { ClaimRequest, WriteRequest } from '../rollout/command.ts';
import type { RolloutEvent, WriteRefusal } from '../rollout/event.ts';
import { openLease } from '../store/flag-rules.ts';
import type { ActivityParts } from './parts.ts';

/**
 * Flag writes. Each may be repeated: a write whose answer was lost is found to have landed by reading back, and
 * the provider says `unchanged`.
 */
export function createFlagActivities({ provider }: Pick<ActivityParts, 'provider'>) {
  return {
    async claimFlag(request: ClaimRequest): Promise<RolloutEvent> {
      const { id, environment, key, rolloutId, shape } = request;
      const result = await provider(request.provider).claim({ environment, key }, shape, rolloutId);
      if (result.kind === 'refused') return refused(id, result.why, result.current);
      const { revision, epoch, exposure } = result.reading;
      return { kind: 'claimed', id, revision, epoch, exposure };
    },

    async writeFlag(request: WriteRequest): Promise<RolloutEvent> {
      const {
        id,
        environment,
        key,
        rolloutId,
        epoch,
        exposure,
        lease,
        direction,
        final,
        expectedRevision,
        author,
        reason,
      } = request;
      const result = await provider(request.provider).write({
        environment,
        key,
        rolloutId,
        epoch,
        exposure,
        ...(lease === undefined ? {} : { lease }),
        direction,
        ...(final === undefined ? {} : { final }),
        expectedRevision,
        author,
        reason,
      });
      return answer(id, result);
    },
  };
}

function answer(id: number, result: FlagWriteResult): RolloutEvent {
  switch (result.kind) {
    case 'written':
      return { kind: 'written', id, before: result.before, after: result.after, epoch: result.epoch };
    case 'unchanged':
      return { kind: 'written', id, before: result.revision, after: result.revision, epoch: result.epoch };
    case 'written-offline':
      return { kind: 'written', id, before: null, after: null, epoch: null };
    case 'refused':
      return refused(id, result.why, result.current);
  }
}

/** The exposure is the lease's fallback: it got there because nobody had renewed it. */
function lapse(current: FlagReading | null): { lapsedAt?: number } {
  const lease = current?.lease;
  return lease == null || openLease({ exposure: current?.exposure ?? NO_EXPOSURE, lease }) !== null
    ? {}
    : { lapsedAt: lease.until };
}

function refused(id: number, why: WriteRefusal, current: FlagReading | null): RolloutEvent {
  return {
    kind: 'write-refused',
    id,
    why,
    revision: current?.revision ?? 0,
    exposure: current?.exposure ?? NO_EXPOSURE,
    owner: current?.rolloutId ?? null,
    latchedBy: current?.latch?.by ?? null,
    latchReason: current?.latch?.reason ?? null,
    ...lapse(current),
    ...(current?.changedBy === undefined ? {} : { by: current.changedBy }),
  };
}
