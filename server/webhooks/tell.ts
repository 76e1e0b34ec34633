import type { Place } from '../../plans/access.ts';
import { Failure, isFailure } from '../../plans/failures.ts';
import { ENDED, PHASES } from '../../plans/view.ts';
import type { RolloutRow } from '../../store/store.ts';
import type { AlertRequest } from '../api.ts';
import { placeOf } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';
import type { OutsideAlert } from '../engine.ts';
import { rolloutRow } from '../live.ts';

const ACTIVE = PHASES.filter((phase) => !ENDED.includes(phase));

/** The active rollouts that an alert is about: one that it names, those of its flag, or those of its service. */
export async function concerned(
  deps: ServerDeps,
  alert: Pick<AlertRequest, 'rollout' | 'flag' | 'service' | 'environment'>,
): Promise<RolloutRow[]> {
  const { rollout, flag, service, environment } = alert;
  if (rollout !== undefined) return [await rolloutRow(deps, rollout)];
  if (flag === undefined && service === undefined) {
    throw new Failure('USAGE', 'An alert names the rollout, the flag or the service that it is about.');
  }
  return deps.rollouts.list({
    phases: ACTIVE,
    ...(flag === undefined ? {} : { flag }),
    ...(service === undefined ? {} : { service }),
    ...(environment === undefined ? {} : { environment }),
  });
}

/**
 * Tells each of the rollouts. One that ended meanwhile needs no alert; any other failure is thrown, for the sender to
 * send it again to all: a rollout that knows takes it for the same.
 */
export async function tell(
  deps: ServerDeps,
  rows: readonly RolloutRow[],
  alert: OutsideAlert,
): Promise<string[]> {
  const told = await Promise.allSettled(rows.map(({ id }) => deps.engine.alert(id, alert)));
  const failed = told.find((result) => result.status === 'rejected' && !isOver(result.reason));
  if (failed?.status === 'rejected') throw failed.reason;
  return rows.map(({ id }) => id);
}

function isOver(error: unknown): boolean {
  return isFailure(error) && error.code === 'ROLLOUT_OVER';
}

/** Does `work` once per message: a repetition gets null, and a failure leaves the message to be sent again. */
export async function once<T>(
  { inbound }: ServerDeps,
  message: { source: string; id: string },
  work: () => Promise<T>,
): Promise<T | null> {
  const { source, id } = message;
  if (!(await inbound.take(source, id))) return null;
  try {
    return await work();
  } catch (error) {
    await inbound.release(source, id).catch(() => undefined);
    throw error;
  }
}

/** @throws Failure PERMISSION_MISSING at the first that the sender may not speak of */
export function demandAll(rows: readonly RolloutRow[], demand: (place: Place) => void): void {
  for (const row of rows) demand(placeOf(row));
}
