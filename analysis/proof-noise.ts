import type { Plan } from '../plans/plan.ts';
import type { Dispersion, Knots } from './dispersion.ts';
import { assumedDispersion } from './dispersion.ts';
import { earlyKnotsOf, FEWEST_EARLY } from './halves.ts';
import { beyond, isLong, lasting, longestOf } from './lasting-noise.ts';
import type { GateContext, UnderTest } from './stage.ts';
import { dispersionsOf, measuredBefore } from './stage.ts';

/**
 * How much equal cohorts may differ where a canary is to be shown safe, for each series under test. A stop may extrapolate
 * what short blocks have shown: its restarts are many, and each has a small share. A proof is one look at the whole stage, at an age that
 * no block has had: beyond the longest block that was seen (in the time before the rollout, or four times since it began)
 * the noise counts as lasting, and is at least the plan's `noise` there. Once
 * blocks of 64 polls were seen it is what a stop takes: noise that still grows as fast at that length was not simulated.
 */
export function proofDispersionsOf(
  at: { plan: Plan; context: GateContext; metric: string },
  series: UnderTest,
): Dispersion[] {
  const before = measuredBefore(at, series);
  const assumed = assumedDispersion(at.plan.analysis.noise);
  return dispersionsOf(at, series).map((usual, i) => {
    const since = earlyKnotsOf(series.halves[i] ?? []);
    return lasting({ usual, assumed, before: before[i] ?? [], since });
  });
}

/**
 * The same for a stage that is planned: what will be seen of the rollout is taken to be like what was seen `before` it. A
 * block counts once the stage has had four of its length.
 */
export function plannedProofDispersion(of: {
  usual: Dispersion;
  before: Knots | undefined;
  noise: number;
}): Dispersion {
  const { usual, before, noise } = of;
  const known = longestOf(before ?? []);
  if (known === 0) return usual;
  const assumed = assumedDispersion(noise);
  return (n) => {
    const longest = Math.max(known, 2 ** Math.floor(Math.log2(Math.max(1, n / FEWEST_EARLY))));
    return isLong(longest) ? usual(n) : beyond(longest, { seen: usual, usual, assumed })(n);
  };
}
