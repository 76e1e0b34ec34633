import { allows, approverRoles, type Grant, type Permission, type Place } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';

/** Who asks, proven by a token or a login. */
export interface Principal {
  /** Stands in the journal. */
  name: string;
  grants: readonly Grant[];
  /** True for the administrator of this machine: it may name another person whose deed this is. */
  mayActFor: boolean;
  /** The token that it came with, or that its login came from. */
  tokenId: string | null;
}

/** A person as a rollout knows one. `through`: who sent it in that person's name. */
export interface Actor {
  by: string;
  roles: string[];
  through?: string;
}

/** What a request may say of its sender; only somebody who may act for others can name another. */
export interface Named {
  by?: string | undefined;
  roles?: readonly string[] | undefined;
}

/** True when one of the permissions is there. `place` absent: anywhere. */
export function may(principal: Principal, wanted: readonly Permission[], place?: Place): boolean {
  return wanted.some(
    (permission) =>
      allows(principal.grants, permission, place) || (permission === 'approve' && principal.mayActFor),
  );
}

/** @throws Failure PERMISSION_MISSING */
export function demand(principal: Principal, wanted: readonly Permission[], place?: Place): void {
  if (may(principal, wanted, place)) return;
  const where =
    place === undefined ? '' : ` ${place.flag ?? 'this'} in ${place.environment ?? 'every environment'}`;
  throw new Failure('PERMISSION_MISSING', `${principal.name} may not ${wanted.join(' or ')}${where}.`);
}

/** @throws Failure PERMISSION_MISSING when it names somebody else, or roles, that it may not speak for. */
export function actorOf(principal: Principal, named: Named, place: Place): Actor {
  const { by = principal.name, roles } = named;
  if (by !== principal.name) {
    if (!principal.mayActFor) {
      throw new Failure('PERMISSION_MISSING', `${principal.name} may not act for ${by}.`);
    }
    return { by, roles: [...(roles ?? [])], through: principal.name };
  }
  const own = approverRoles(principal.grants, place);
  if (roles === undefined) return { by, roles: own };
  const foreign = roles.filter((role) => !principal.mayActFor && !own.includes(role));
  if (foreign.length > 0) {
    throw new Failure('PERMISSION_MISSING', `${principal.name} is no ${foreign.join(', ')} there.`);
  }
  return { by, roles: [...roles] };
}
