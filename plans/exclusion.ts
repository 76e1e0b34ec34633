import { z } from 'zod';
import type { Plan } from './plan.ts';

/** The attribute of the context that names a user's tenant, where the plan says nothing. */
export const TENANT = 'tenant';

/** A tenant or a segment that was taken off the canary while the rollout went on, by a person or by its gate. */
export const Exclusion = z.strictObject({
  /** As exposures name it: `employees`, `tenant=acme`. */
  name: z.string(),
  by: z.string(),
  reason: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** The flag revision from which on it has been read back; null: nobody has the canary yet, or the write is out. */
  revision: z.number().nullable(),
  /** By the gate: the slice that got worse, by which metric, and its share of the canary's requests then. */
  slice: z.string().exactOptional(),
  metric: z.string().exactOptional(),
  share: z.number().exactOptional(),
});
export type Exclusion = z.infer<typeof Exclusion>;

interface Listed {
  segments?: readonly string[] | undefined;
  tenants?: readonly string[] | undefined;
}

/** Segments as exposures name them; tenants as segments of one each: `tenant=acme`. */
export function namesOf({ flag }: Pick<Plan, 'flag'>, { segments = [], tenants = [] }: Listed): string[] {
  const attribute = flag.tenant ?? TENANT;
  return [...segments, ...tenants.map((name) => `${attribute}=${name}`)];
}

/** Who never has the canary in the rollout of this plan. */
export function excludedNames(plan: Plan): string[] {
  return plan.exclude === undefined ? [] : namesOf(plan, plan.exclude);
}

/** The plan with these excluded as well. */
export function excluding(plan: Plan, names: readonly string[]): Plan {
  const known = excludedNames(plan);
  const fresh = names.filter((name) => !known.includes(name));
  return fresh.length === 0 ? plan : withNames(plan, [...known, ...fresh]);
}

/** The plan without this exclusion. */
export function including(plan: Plan, name: string): Plan {
  return withNames(
    plan,
    excludedNames(plan).filter((one) => one !== name),
  );
}

function withNames(of: Plan, names: readonly string[]): Plan {
  const { exclude: _exclude, ...plan } = of;
  const start = `${plan.flag.tenant ?? TENANT}=`;
  const tenants = names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
  const segments = names.filter((name) => !name.startsWith(start));
  if (names.length === 0) return plan;
  return {
    ...plan,
    exclude: {
      ...(segments.length === 0 ? {} : { segments }),
      ...(tenants.length === 0 ? {} : { tenants }),
    },
  };
}
