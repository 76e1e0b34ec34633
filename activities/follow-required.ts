import { Context, heartbeat } from '@temporalio/activity';
import type { Plan } from '../plans/plan.ts';
import { type RequiredSight, sightOf } from '../plans/requires.ts';
import type { FollowRequest } from '../rollout/command.ts';
import type { RolloutStore } from '../store/store.ts';
import type { ActivityParts } from './parts.ts';

/** Between two signs of life, and between two looks, in milliseconds. */
const HEARTBEAT = 2_000;
const POLL = 3_000;
/** Rollouts of one name that are looked through for the newest that has begun. */
const MOST = 20;

/** Waits until other rollouts are elsewhere than they were. While PostgreSQL is away it tells nothing. */
export function createFollowActivity({ store, log }: Pick<ActivityParts, 'store' | 'log'>) {
  return {
    async followRequired({ wanted, known, rolloutId }: FollowRequest): Promise<RequiredSight[]> {
      const context = Context.current();
      const beat = setInterval(() => heartbeat(), HEARTBEAT);
      let silent = false;
      try {
        for (;;) {
          try {
            const sights = await Promise.all(wanted.map((one) => look(store, one)));
            if (known === null || JSON.stringify(sights) !== JSON.stringify(known)) return sights;
            silent = false;
          } catch (error) {
            if (!silent) log.warn({ err: error, rollout: rolloutId }, 'other rollouts cannot be read');
            silent = true;
          }
          await context.sleep(POLL);
        }
      } finally {
        clearInterval(beat);
      }
    },
  };
}

async function look(
  store: Pick<RolloutStore, 'list'>,
  { rollout, environment }: FollowRequest['wanted'][number],
): Promise<RequiredSight> {
  const rows = await store.list({ name: rollout, environment, limit: MOST });
  // The store keeps plans as the JSON of what `plans/parse.ts` gave.
  return sightOf(
    { rollout, environment },
    rows.map(({ id, phase, view, plan }) => ({ id, phase, view, plan: plan as Plan })),
  );
}
