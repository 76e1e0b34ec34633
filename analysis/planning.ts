/**
 * Canary requests needed to prove that a rate is not worse by `margin`: n_c = 11 (p + m)(1 + n_c/n_b)/m^2.
 * `rate` is the baseline's, `ratio` canary requests per baseline request. Infinite without a margin.
 */
export function plannedRequests(planned: { rate: number; margin: number; ratio: number }): number {
  const { rate, margin, ratio } = planned;
  if (!(margin > 0)) return Number.POSITIVE_INFINITY;
  return Math.ceil((11 * (rate + margin) * (1 + ratio)) / (margin * margin));
}
