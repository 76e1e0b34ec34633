import { within } from '../flags/deadline.ts';
import { Failure } from '../plans/failures.ts';
import { TOLD } from '../plans/names.ts';
import { ENDED } from '../plans/view.ts';
import type { RolloutRow } from '../store/store.ts';
import type { KillReply } from './api.ts';
import type { Actor } from './auth/principal.ts';
import type { ServerDeps } from './deps.ts';
import { planOf } from './live.ts';

/** How long a kill looks for the rollout before it writes the flag without knowing it. */
const LOOKUP_MS = 300;
/** How long a kill that is already in force waits for the workflow to be told. */
const TELL_MS = 2000;

export type KillDeps = Pick<ServerDeps, 'rollouts' | 'flags' | 'flagService' | 'engine' | 'now' | 'logger'>;

/** The flag's active rollout; null when there is none or the database does not say in time. */
async function activeRollout(
  deps: KillDeps,
  target: { environment: string; key: string },
): Promise<RolloutRow | null> {
  try {
    const rows = await within(
      LOOKUP_MS,
      deps.rollouts.list({ environment: target.environment, flag: target.key, limit: 20 }),
    );
    return rows.find((row) => !ENDED.includes(row.phase)) ?? null;
  } catch (error) {
    deps.logger.warn({ err: error, ...target }, 'kill goes on without the database');
    return null;
  }
}

/**
 * Takes the canary from everybody now. The flag is written first and the workflow is told second: neither
 * Temporal nor PostgreSQL being away holds it back. `POINT_OF_NO_RETURN` once the old path is decommissioned.
 */
export async function kill(
  deps: KillDeps,
  target: { environment: string; key: string },
  request: { actor: Actor; reason: string },
): Promise<KillReply> {
  const { actor, reason } = request;
  const active = await activeRollout(deps, target);
  if (active !== null) refuseWatched(deps, active);
  const at = deps.now();
  // Where it ends (nobody, or the safe exposure of a forward-only plan) stands in the flag's own shape.
  const reading = await deps.flags.kill(target, null, {
    by: actor.by,
    reason,
    at: new Date(at).toISOString(),
  });
  const rolloutId = active?.id ?? reading.rolloutId;
  return {
    flag: target.key,
    environment: target.environment,
    exposure: reading.exposure,
    revision: reading.revision,
    rolloutId,
    workflowTold: rolloutId !== null && (await tell(deps, rolloutId, { by: actor.by, reason, at })),
    offline: reading.offline === true,
  };
}

/** A kill of a flag that is only read would not reach it; one that Tidegate serves or moves can be killed all the same. */
function refuseWatched({ flagService }: KillDeps, row: RolloutRow): void {
  if (flagService.definition({ environment: row.environment, key: row.flag }) !== null) return;
  const refusal = onlyWatched(row);
  if (refusal !== null) throw refusal;
}

/** Why a kill cannot reach the flag of a rollout that has no flag here; null where the rollout moves it. */
export function onlyWatched(row: RolloutRow): Failure | null {
  const { mode, flag } = planOf(row);
  if (mode === 'act' || flag.provider === 'embedded') return null;
  const where =
    flag.provider === TOLD
      ? 'where it is moved; nobody has told Tidegate where that is'
      : `on "${flag.provider}"`;
  return new Failure(
    'FLAG_WATCHED',
    `${row.id} only watches ${row.flag} of ${row.environment}: nothing was stopped.`,
    { where: row.id, details: [`switch it off ${where}`] },
  );
}

async function tell(
  deps: KillDeps,
  id: string,
  info: { by: string; reason: string; at: number },
): Promise<boolean> {
  try {
    await within(TELL_MS, deps.engine.killed(id, info), 'Temporal');
    return true;
  } catch (error) {
    deps.logger.warn({ err: error, rollout: id }, 'flag is killed, its workflow could not be told');
    return false;
  }
}
