import type { FastifyRequest } from 'fastify';
import type { Permission, Place } from '../../plans/access.ts';
import type { RolloutRow } from '../../store/store.ts';
import type { ServerDeps } from '../deps.ts';
import { rolloutRow } from '../live.ts';
import { callerOf } from './guard.ts';

/** For what concerns everything there is. */
export const EVERYWHERE: Place = { environment: null, flag: null };

export function placeOf({ environment, flag }: { environment: string; flag: string }): Place {
  return { environment, flag };
}

/** @throws Failure ROLLOUT_UNKNOWN, PERMISSION_MISSING */
export async function rolloutFor(
  deps: ServerDeps,
  request: FastifyRequest<{ Params: { id: string } }>,
  permission: Permission | readonly Permission[] = 'read',
): Promise<RolloutRow> {
  const row = await rolloutRow(deps, request.params.id);
  callerOf(request).demand(permission, placeOf(row));
  return row;
}
