import { z } from 'zod';

/** What a person or a program may be, from looking on to handing out access. */
export const ROLES = ['viewer', 'enroller', 'submitter', 'approver', 'operator', 'admin'] as const;
export type AccessRole = (typeof ROLES)[number];

/** What a request needs. */
export type Permission = 'read' | 'submit' | 'approve' | 'operate' | 'enrol' | 'administer';

/** An administrator does not approve: approvals are given by the roles that a plan names. */
const PERMISSIONS: Record<AccessRole, readonly Permission[]> = {
  viewer: ['read'],
  // For an application whose users opt in and out: it sees no other person and moves no flag.
  enroller: ['enrol'],
  submitter: ['read', 'submit'],
  approver: ['read', 'approve'],
  operator: ['read', 'operate', 'enrol'],
  admin: ['read', 'submit', 'operate', 'enrol', 'administer'],
};

/**
 * One thing that somebody may do: a role, for an approver the roles of plans that it stands for, and where it holds.
 * An absent list is everything.
 */
export const Grant = z.strictObject({
  role: z.enum(ROLES),
  as: z.array(z.string().min(1)).min(1).optional(),
  environments: z.array(z.string().min(1)).min(1).optional(),
  flags: z.array(z.string().min(1)).min(1).optional(),
});
export type Grant = z.infer<typeof Grant>;

/** Where something is asked for; null: wherever. A flag may be in any environment. */
export interface Place {
  environment: string | null;
  flag: string | null;
}

/** True when the grants allow it there; without a place, when they allow it anywhere. */
export function allows(grants: readonly Grant[], permission: Permission, place?: Place): boolean {
  return grants.some((grant) => PERMISSIONS[grant.role].includes(permission) && holdsAt(grant, place));
}

/** Where something is allowed: each of them is a place, and an absent list is everything. None: nowhere. */
export type Scope = Pick<Grant, 'environments' | 'flags'>;

export function scopesOf(grants: readonly Grant[], permission: Permission): Scope[] {
  const scopes = grants.filter(({ role }) => PERMISSIONS[role].includes(permission));
  const everywhere = scopes.some(
    ({ environments, flags }) => environments === undefined && flags === undefined,
  );
  return everywhere ? [{}] : scopes;
}

/** The roles of plans in whose name these grants may approve there. */
export function approverRoles(grants: readonly Grant[], place: Place): string[] {
  const roles = grants
    .filter((grant) => grant.role === 'approver' && holdsAt(grant, place))
    .flatMap((grant) => grant.as ?? []);
  return [...new Set(roles)];
}

function holdsAt(grant: Grant, place: Place | undefined): boolean {
  if (place === undefined) return true;
  return within(grant.environments, place.environment) && within(grant.flags, place.flag);
}

/** A grant with a list does not hold for what no place is named for. */
function within(list: readonly string[] | undefined, name: string | null): boolean {
  return list === undefined || (name !== null && list.includes(name));
}

const FORM = /^(?<role>[a-z]+)(?::(?<as>[^@/]+))?(?:@(?<environments>[^/]+))?(?:\/(?<flags>.+))?$/;

/** As people write it: `approver:on-call,technical-lead@production/pricing-v2`. Null when it is none. */
export function parseGrant(text: string): Grant | null {
  const parts = FORM.exec(text.trim())?.groups;
  if (parts === undefined) return null;
  const list = (part: string | undefined) => part?.split(',').map((name) => name.trim());
  const grant = Grant.safeParse({
    role: parts['role'],
    ...without({
      as: list(parts['as']),
      environments: list(parts['environments']),
      flags: list(parts['flags']),
    }),
  });
  if (!grant.success) return null;
  return (grant.data.role === 'approver') === (grant.data.as !== undefined) ? grant.data : null;
}

export function formatGrant({ role, as, environments, flags }: Grant): string {
  const part = (mark: string, list: readonly string[] | undefined) =>
    list === undefined ? '' : `${mark}${list.join(',')}`;
  return `${role}${part(':', as)}${part('@', environments)}${part('/', flags)}`;
}

function without<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** In a file or on a command line; the text that is wrong is named. */
export const GrantText = z
  .string()
  .transform((text, context) => {
    const grant = parseGrant(text);
    if (grant !== null) return grant;
    context.addIssue({
      code: 'custom',
      message: `expected ROLE[:AS][@ENVIRONMENT][/FLAG] with a role of ${ROLES.join(', ')}; an approver names the roles it approves as`,
    });
    return z.NEVER;
  })
  .meta({ title: 'grant', examples: ['approver:on-call@production'] });
