import { lnGamma } from './gamma.ts';

/** One class of a multinomial: how many fell into it, its planned probability, its weight in the Dirichlet prior. */
export interface Category {
  count: number;
  theta: number;
  prior: number;
}

/**
 * ln of the Bayes factor against the planned probabilities, which sum to 1 (Lindon & Malek, "Anytime-valid inference for
 * multinomial count data", 2022). Over units that fall independently it reaches 1/alpha with a chance of at most alpha
 * under the plan, however often one looks at the counts.
 */
export function lnBayesFactor(categories: readonly Category[]): number {
  let counts = 0;
  let priors = 0;
  let ln = 0;
  for (const { count, theta, prior } of categories) {
    counts += count;
    priors += prior;
    ln += lnGamma(prior + count) - lnGamma(prior);
    if (count > 0) ln -= count * Math.log(theta);
  }
  return ln + lnGamma(priors) - lnGamma(priors + counts);
}
