import type { Buckets } from '../plans/sample.ts';
import type { Dispersion } from './dispersion.ts';
import { histogramTotal } from './histogram.ts';
import { lnEvidence } from './kernel.ts';

/** Requests of a cohort over a stage by bucket, and the sum over its polls of the squared number of requests. */
export interface QuantileCohort {
  buckets: Buckets;
  squares: number;
}

export interface QuantileLook {
  quantile: number;
  /** Polls of the stage. */
  polls: number;
  dispersion: Dispersion;
}

/** Seconds between which a quantile lies; `upper` null: the last edge is not known to be beyond it. */
export interface QuantileBounds {
  lower: number;
  upper: number | null;
}

/**
 * Between which bucket edges the quantile of a cohort lies, each bound wrong with a chance of about `alpha` at most,
 * however often one looks. An edge lies below the quantile when more than `1 - quantile` of the requests are slower: each
 * edge is that test of a share, by the bets of the kernel, and an edge further out is rejected only with the nearer
 * ones, so that asking all of them costs nothing. The variance is that of counting and of what lasts between equal cohorts.
 */
export function quantileBounds(
  { buckets, squares }: QuantileCohort,
  { quantile, polls, dispersion, alpha }: QuantileLook & { alpha: number },
): QuantileBounds {
  const total = histogramTotal(buckets);
  const slower = 1 - quantile;
  const V = total * slower * quantile;
  const Q = squares * slower * slower;
  const enough = Math.log(1 / alpha);
  const G = dispersion(polls);
  const shown = (S: number, c: number) => S > 0 && lnEvidence([{ S, V, Q, c }], G) >= enough;
  const bounds: QuantileBounds = { lower: 0, upper: null };
  if (!(total > 0)) return bounds;
  for (const [edge, count] of buckets) {
    if (edge === '+Inf') continue;
    const beyond = total - count - total * slower;
    // A request scores what it is above the share: at most `quantile`, and at least `-slower`.
    if (shown(beyond, quantile)) bounds.lower = edge;
    else if (bounds.upper === null && shown(-beyond, slower)) bounds.upper = edge;
  }
  return bounds;
}

/** Bounds of canary minus baseline in seconds; null: that side is open, as a quantile may lie beyond the last edge. */
export interface QuantileDifference {
  lower: number | null;
  upper: number | null;
}

/**
 * The difference of both cohorts' quantiles at `1 - alpha`, a quarter of which goes to each end of each cohort. Both ends are
 * differences of bucket edges, as nothing is known of what lies between two edges. Null: a cohort has too few requests.
 */
export function quantileDifference(
  cohorts: { baseline: QuantileCohort; canary: QuantileCohort },
  look: QuantileLook & { alpha: number },
): QuantileDifference | null {
  const at = { ...look, alpha: look.alpha / 4 };
  const baseline = quantileBounds(cohorts.baseline, at);
  const canary = quantileBounds(cohorts.canary, at);
  if (isOpen(baseline) || isOpen(canary)) return null;
  return {
    lower: baseline.upper === null ? null : canary.lower - baseline.upper,
    upper: canary.upper === null ? null : canary.upper - baseline.lower,
  };
}

function isOpen({ lower, upper }: QuantileBounds): boolean {
  return lower === 0 && upper === null;
}
