import type { Plan } from '../plans/plan.ts';
import type { Dispersion, Knots } from './dispersion.ts';
import { assumedDispersion, measuredDispersion } from './dispersion.ts';
import { earlyKnotsOf, FEWEST_EARLY } from './halves.ts';
import type { GateContext, UnderTest } from './stage.ts';
import { dispersionsOf, measuredBefore } from './stage.ts';

/** Polls of a block from which on a longer one is extrapolated as it is for a stop: four hours hold fifteen of them. */
const LONG = 64;

/**
 * How much equal cohorts may differ where a canary is to be shown safe, for each series under test. A stop may extrapolate
 * what short blocks have shown: its restarts are many, and each has a small share. A proof is one look at the whole stage, at an age that
 * no block has had: beyond the longest block that was seen (in the time before the rollout, or four times since it began)
 * the noise counts as lasting. The standard deviation of a sum of equal parts is at most the sum of theirs, so no
 * steady noise, however it lasts, exceeds `G(B)*n/B`. It is at least the plan's `noise` there. Once
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

function lasting(of: { usual: Dispersion; assumed: Dispersion; before: Knots; since: Knots }): Dispersion {
  const { usual, assumed, before, since } = of;
  const sizes = Math.max(before.length, since.length);
  // Nothing was seen (the assumption stands, and a warning says so), or all that is ever measured.
  if (sizes === 0) return usual;
  const longest = 2 ** (sizes - 1);
  if (longest >= LONG) return usual;
  const own = measuredDispersion(since);
  const seen: Dispersion = since.length > before.length ? (n) => Math.max(usual(n), own(n)) : usual;
  return beyond(longest, { seen, usual, assumed });
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
  if (before === undefined || before.length === 0) return usual;
  const known = 2 ** (before.length - 1);
  const assumed = assumedDispersion(noise);
  return (n) => {
    const longest = Math.max(known, 2 ** Math.floor(Math.log2(Math.max(1, n / FEWEST_EARLY))));
    return longest >= LONG ? usual(n) : beyond(longest, { seen: usual, usual, assumed })(n);
  };
}

function beyond(
  longest: number,
  { seen, usual, assumed }: { seen: Dispersion; usual: Dispersion; assumed: Dispersion },
): Dispersion {
  return (n) => (n <= longest ? seen(n) : Math.max(usual(n), assumed(n), (seen(longest) * n) / longest));
}
