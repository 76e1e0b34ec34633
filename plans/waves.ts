import type { Plan } from './plan.ts';
import type { Stage, Waves } from './stage.ts';

/** Stages that waves may become: each is a gate of its own, and weeks go by with a day for each. */
export const MOST_WAVES = 100;

/** The tenants of each wave: first those of `order`, then the others as they are listed. */
export function wavesOf({ of, size, order = [] }: Waves): string[][] {
  const first = order.filter((name) => of.includes(name));
  const named = new Set(first);
  const all = [...first, ...of.filter((name) => !named.has(name))];
  return Array.from({ length: Math.ceil(all.length / size) }, (_, wave) =>
    all.slice(wave * size, (wave + 1) * size),
  );
}

/** The plan with a stage for each wave, which has all else of the stage that it comes from: `tenants 1/3`. */
export function withWaves(plan: Plan): Plan {
  if (plan.stages.every(({ waves }) => waves === undefined)) return plan;
  return { ...plan, stages: plan.stages.flatMap(stagesOf) };
}

function stagesOf({ waves, ...stage }: Stage): Stage[] {
  if (waves === undefined) return [stage];
  const groups = wavesOf(waves);
  return groups.map((tenants, index) => ({
    ...stage,
    name: `${stage.name} ${index + 1}/${groups.length}`,
    audience: { tenants },
  }));
}
