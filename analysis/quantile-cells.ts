import type { ComparisonRow } from '../plans/comparison.ts';
import { laterText, quantileName } from '../plans/comparison-cells.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets } from '../plans/sample.ts';
import { partName } from '../plans/slices.ts';
import { assumedDispersion, type Dispersion } from './dispersion.ts';
import { quantileDifference } from './quantile-interval.ts';
import { quantileDispersion } from './quantile-noise.ts';
import type { Visit } from './replay.ts';

interface Look {
  visit: Visit;
  plan: Plan;
  metric: { name: string };
  /** The part of the traffic; null: all of it. */
  slice: string | null;
  quantile: number;
  baseline: Buckets;
  canary: Buckets;
}

/** The confidence sequence of a quantile's difference, or why there is none and what is known instead. */
export function quantileCells(look: Look): Pick<ComparisonRow, 'interval' | 'note'> {
  const { visit, plan, metric, slice, quantile } = look;
  const series = visit.quantiles[partName({ metric: metric.name, slice })];
  if (series === undefined) return { interval: null, note: null };
  const found = quantileDifference(
    {
      baseline: { buckets: look.baseline, squares: series.squares.baseline },
      canary: { buckets: look.canary, squares: series.squares.canary },
    },
    {
      quantile,
      polls: series.polls,
      dispersion: dispersionOf(look),
      alpha: plan.analysis.falseRollback,
    },
  );
  const name = quantileName(quantile);
  if (found === null) return { interval: null, note: `too few requests for an interval of ${name}` };
  const { lower, upper } = found;
  if (lower !== null && upper !== null) return { interval: [lower, upper], note: null };
  if (lower !== null)
    return {
      interval: null,
      note: `the difference of ${name} is at least ${laterText(lower)}: the canary's may lie beyond the last bucket edge`,
    };
  if (upper !== null)
    return {
      interval: null,
      note: `the difference of ${name} is at most ${laterText(upper)}: the baseline's may lie beyond the last bucket edge`,
    };
  return { interval: null, note: `${name} of both cohorts may lie beyond the last bucket edge: no interval` };
}

/** A part of the traffic scatters no less than the whole: until its own halves tell, the larger of that and of the assumption stands in. */
function dispersionOf({ visit, plan, metric, slice, quantile }: Look): Dispersion {
  const noiseIn = (part: string | null) =>
    visit.quantiles[partName({ metric: metric.name, slice: part })]?.noises.find(
      (one) => one.quantile === quantile,
    );
  const assumed = assumedDispersion(plan.analysis.noise);
  const own = noiseIn(slice);
  if (own === undefined) return assumed;
  if (slice === null) return quantileDispersion(own, { plan });
  const whole = noiseIn(null);
  const beside = whole === undefined ? assumed : quantileDispersion(whole, { plan });
  return quantileDispersion(own, { plan, fallback: (n) => Math.max(assumed(n), beside(n)) });
}
