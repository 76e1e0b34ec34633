import { lnGamma } from './gamma.ts';

/**
 * The chance of `events` or more among `trials` of probability `p`. 1 where no fewer are to be expected, as nothing is then to be
 * shown; counts need not be whole numbers.
 */
export function upperTail(events: number, { trials, p }: { trials: number; p: number }): number {
  if (!(events > trials * p) || !(p < 1)) return 1;
  if (!(p > 0)) return 0;
  let term = Math.exp(
    lnGamma(trials + 1) -
      lnGamma(events + 1) -
      lnGamma(trials - events + 1) +
      events * Math.log(p) +
      (trials - events) * Math.log1p(-p),
  );
  let sum = 0;
  for (let k = events; k <= trials && term > 1e-18 * sum; k++) {
    sum += term;
    term *= ((trials - k) / (k + 1)) * (p / (1 - p));
  }
  return Math.min(1, sum);
}
