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
  /** Alerts that are about a rollout, beyond the first `MOST`. */
  leftOut: number;
}

/** Alerts of one group that are told: each asks Temporal, and the sender waits. */
const MOST = 1000;

/**
 * Tells each alert of a group to the rollouts that it is about. Alertmanager puts together what belongs to others and sends
 * nothing again that was refused, so one refusal must not silence the rest. `demand` throws where the sender may not speak.
 * @throws Failure that may be gone later, once every other alert was told: then the group is sent again
 */
export async function tellGroup(
  deps: ServerDeps,
  alerts: readonly AlertmanagerAlert[],
  { from, demand }: { from: string; demand: (row: ReturnType<typeof placeOf>) => void },
): Promise<Told> {
  const told = new Set<string>();
  const refused: RefusedAlert[] = [];
  const passing: unknown[] = [];
  let repeated = false;
  let taken = 0;
  let leftOut = 0;
  const rowsOf = remembering(deps);
  // What stops a canary comes before what says that something is over.
  const firing = alerts.filter(({ status }) => status === 'firing');
  const resolved = alerts.filter(({ status }) => status !== 'firing');
  for (const alert of [...firing, ...resolved]) {
    const rows = await meant(rowsOf, alert);
    if (rows.length === 0) continue;
    if (taken === MOST) {
      leftOut += 1;
      continue;
    }
    taken += 1;
    for (const row of rows) {
      try {
        demand(placeOf(row));
        const ids = await tellOnce(deps, { alert, row, from });
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
  return { rollouts: [...told], refused, repeated: repeated && told.size === 0, leftOut };
}

/** The rollouts of the first label that names any. Others have labels of these names too: Argo's `rollout` is none of ours. */
async function meant(rowsOf: RowsOf, alert: AlertmanagerAlert): Promise<RolloutRow[]> {
  for (const subject of subjectsOf(alert)) {
    const rows = await rowsOf(subject);
    if (subject.rollout === undefined || rows.length > 0) return rows;
  }
  return [];
}

type Subject = ReturnType<typeof subjectsOf>[number];
type RowsOf = (subject: Subject) => Promise<RolloutRow[]>;

/** Ten thousand alerts of one service ask the database once. */
function remembering(deps: ServerDeps): RowsOf {
  const known = new Map<string, RolloutRow[]>();
  return async (subject) => {
    const key = JSON.stringify(subject);
    const before = known.get(key);
    if (before !== undefined) return before;
    const rows = await rowsFor(deps, subject);
    known.set(key, rows);
    return rows;
  };
}

async function rowsFor(deps: ServerDeps, subject: Subject): Promise<RolloutRow[]> {
  if (subject.rollout === undefined) return concerned(deps, subject);
  const row = await deps.rollouts.get(subject.rollout);
  return row === null ? [] : [row];
}

function tellOnce(
  deps: ServerDeps,
  { alert, row, from }: { alert: AlertmanagerAlert; row: RolloutRow; from: string },
): Promise<string[] | null> {
  const id = `${row.id} ${alert.fingerprint} ${alert.startsAt} ${alert.status}`;
  const scope = scopeOf(alert.labels, planOf(row));
  return once(deps, { source: 'alertmanager', id }, () =>
    tell(deps, [row], { ...textOf(alert), scope, status: alert.status, from }),
  );
}
