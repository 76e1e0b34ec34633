import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { NO_EXPOSURE, sameExposure } from '../plans/exposure.ts';
import type { LookRequest } from '../rollout/command.ts';
import type { FlagSight } from '../rollout/event.ts';
import type { ActivityParts } from './parts.ts';
import { lapseOf } from './tend-lease.ts';

/** Between two signs of life, in milliseconds. */
const HEARTBEAT = 2_000;

/** Waits until a flag that others move serves something else than it did. It only reads. */
export function createLookActivity(parts: ActivityParts) {
  return {
    async lookAtFlag(request: LookRequest): Promise<FlagSight> {
      const context = Context.current();
      const beat = setInterval(() => heartbeat(), HEARTBEAT);
      let silent = false;
      let first = request.id === 1 && activityInfo().attempt === 1;
      try {
        for (;;) {
          try {
            const sight = await sightOfOthers(parts, request);
            if (!sameExposure(sight.exposure, request.served))
              return first ? { ...sight, already: true } : sight;
            first = false;
            silent = false;
          } catch (error) {
            if (!silent)
              parts.log.warn({ err: error, rollout: request.rolloutId }, 'the flag cannot be read');
            silent = true;
          }
          await context.sleep(request.poll * 1000);
        }
      } finally {
        clearInterval(beat);
      }
    },
  };
}

/** What a flag serves that others move, and who has moved it; one that is not there serves nobody. */
export async function sightOfOthers(
  parts: Pick<ActivityParts, 'provider'>,
  { provider, environment, key, shape }: Pick<LookRequest, 'provider' | 'environment' | 'key' | 'shape'>,
): Promise<FlagSight> {
  const seen = await parts.provider(provider).look({ environment, key }, shape);
  if (seen === null) return { revision: null, exposure: NO_EXPOSURE, latch: null };
  const { revision, exposure, changedBy } = seen;
  return {
    revision,
    exposure,
    latch: null,
    ...lapseOf(seen),
    ...(changedBy === undefined ? {} : { by: changedBy }),
  };
}
