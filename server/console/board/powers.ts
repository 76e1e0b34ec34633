import { approverRoles, type Place } from '../../../plans/access.ts';
import { PERMISSIONS, type Powers } from '../../api/console-board.ts';
import type { Caller } from '../../auth/guard.ts';

/** What the caller may do there, so that a page offers nothing that would be refused. */
export function powersOf(caller: Caller, place: Place): Powers {
  const may = PERMISSIONS.filter(
    (permission) => caller.may(permission, place) || (permission === 'approve' && caller.mayActFor),
  );
  return { may, roles: approverRoles(caller.grants, place) };
}
