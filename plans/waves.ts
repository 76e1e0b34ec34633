import type { Path } from './document.ts';
import type { Plan } from './plan.ts';
import type { Stage, Waves } from './stage.ts';
import type { Tenant } from './tenant-query.ts';

/** Stages that waves may become: each is a gate of its own, and weeks go by with a day for each. */
export const MOST_WAVES = 100;

/** Sums of weights are rounded. */
const ROUNDING = 1e-9;

type Split = Pick<Waves, 'size' | 'share' | 'order'>;

/**
 * The tenants of each wave. By `size`: first those of `order`, then the others as they are listed. By `share`: first those of
 * `order`, then the others by weight, the smallest first; a wave takes them while all that have the canary then are at most
 * its share of the weight, so that none goes beyond what it says. A wave for which no tenant is small enough is empty.
 */
export function wavesOf(tenants: readonly Tenant[], { size, share, order = [] }: Split): string[][] {
  const named = new Set(order);
  const first = order.flatMap((name) => tenants.filter((tenant) => tenant.name === name));
  const others = tenants.filter(({ name }) => !named.has(name));
  if (share === undefined) return chunks([...first, ...others], size ?? tenants.length);
  return filled([...first, ...others.toSorted((a, b) => a.weight - b.weight)], share);
}

function chunks(all: readonly Tenant[], size: number): string[][] {
  const names = all.map(({ name }) => name);
  return Array.from({ length: Math.ceil(names.length / size) }, (_, wave) =>
    names.slice(wave * size, (wave + 1) * size),
  );
}

function filled(all: readonly Tenant[], share: readonly number[]): string[][] {
  const whole = all.reduce((sum, { weight }) => sum + weight, 0);
  let next = 0;
  let sum = 0;
  return share.map((most) => {
    const wave: string[] = [];
    for (let tenant = all[next]; tenant !== undefined; tenant = all[next]) {
      if (sum + tenant.weight > (most + ROUNDING) * whole) break;
      wave.push(tenant.name);
      sum += tenant.weight;
      next += 1;
    }
    return wave;
  });
}

/** Tenants of a list count the same. */
export function listed(names: readonly string[]): Tenant[] {
  return names.map((name) => ({ name, weight: 1 }));
}

/** The plan with a stage for each wave of the tenants that it lists; those that a query names come later. */
export function withWaves(plan: Plan): Plan {
  if (plan.stages.every(({ waves }) => waves?.of === undefined)) return plan;
  return {
    ...plan,
    stages: plan.stages.flatMap((stage) =>
      stage.waves?.of === undefined ? [stage] : stagesOf(stage, wavesOf(listed(stage.waves.of), stage.waves)),
    ),
  };
}

/** Where a path of the plan with its waves stands in the text: each wave is written in the stage that it comes from. */
export function asWritten(written: Plan): (path: Path) => Path {
  const sources = written.stages.flatMap(({ waves }, index) =>
    waves?.of === undefined ? [index] : wavesOf(listed(waves.of), waves).map(() => index),
  );
  return (path) => {
    const [top, index, ...rest] = path;
    if (top !== 'stages' || typeof index !== 'number') return path;
    const source = sources[index] ?? index;
    const [field] = rest;
    const from = written.stages[source];
    // A wave's tenants are listed with the others.
    if (field === 'audience' && from?.waves !== undefined) return ['stages', source, 'waves'];
    return ['stages', source, ...rest];
  };
}

/** A stage for each wave, which has all else of the stage that it comes from: `tenants 1/3`. */
export function stagesOf({ waves: _waves, ...stage }: Stage, groups: readonly string[][]): Stage[] {
  return groups.map((tenants, index) => ({
    ...stage,
    name: `${stage.name} ${index + 1}/${groups.length}`,
    audience: { tenants },
  }));
}
