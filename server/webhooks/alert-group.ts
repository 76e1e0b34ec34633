import { z } from 'zod';
import { FAILURES, isFailure } from '../../plans/failures.ts';
import type { RolloutRow } from '../../store/store.ts';
import { placeOf } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import { planOf } from '../live.ts';
import { type AlertmanagerAlert, scopeOf, subjectsOf, textOf } from './alertmanager.ts';
import { concerned, once, tell } from './tell.ts';

/** One alert that one rollout was not told of, and why: it would be refused again however often it came. */
export const RefusedAlert = z.strictObject({
  alert: z.string(),
  rollout: z.string(),
  code: z.string(),
  reason: z.string(),
});
export type RefusedAlert = z.infer<typeof RefusedAlert>;

interface Told {
  rollouts: string[];
  refused: RefusedAlert[];
  repeated: boolean;
}

/**
 * Tells each alert of a group to the rollouts that it is about. Alertmanager puts together what belongs to others and sends
 * nothing again that was refused, so one refusal must not silence the rest. `demand` throws where the sender may not speak.
 * @throws Failure that may be gone later, once every other alert was told: then the group is sent again
 */
export async function tellGroup(
  deps: ServerDeps,
  alerts: readonly AlertmanagerAlert[],
  demand: (row: ReturnType<typeof placeOf>) => void,
): Promise<Told> {
  const told = new Set<string>();
  const refused: RefusedAlert[] = [];
  const passing: unknown[] = [];
  let repeated = false;
  for (const alert of alerts) {
    for (const row of await meant(deps, alert)) {
      try {
        demand(placeOf(row));
        const ids = await tellOnce(deps, alert, row);
        for (const id of ids ?? []) told.add(id);
        repeated ||= ids === null;
      } catch (error) {
        if (!isFailure(error) || FAILURES[error.code].retry) passing.push(error);
        else
          refused.push({
            alert: textOf(alert).name,
            rollout: row.id,
            code: error.code,
            reason: error.message,
          });
      }
    }
  }
  if (passing.length > 0) throw passing[0];
  return { rollouts: [...told], refused, repeated: repeated && told.size === 0 };
}

/** The rollouts of the first label that names any. Others have labels of these names too: Argo's `rollout` is none of ours. */
async function meant(deps: ServerDeps, alert: AlertmanagerAlert): Promise<RolloutRow[]> {
  for (const subject of subjectsOf(alert)) {
    if (subject.rollout === undefined) return concerned(deps, subject);
    const row = await deps.rollouts.get(subject.rollout);
    if (row !== null) return [row];
  }
  return [];
}

function tellOnce(deps: ServerDeps, alert: AlertmanagerAlert, row: RolloutRow): Promise<string[] | null> {
  const id = `${row.id} ${alert.fingerprint} ${alert.startsAt} ${alert.status}`;
  const scope = scopeOf(alert.labels, planOf(row));
  return once(deps, { source: 'alertmanager', id }, () =>
    tell(deps, [row], { ...textOf(alert), scope, status: alert.status }),
  );
}
