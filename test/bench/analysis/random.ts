import { lnGamma } from '../../../analysis/gamma.ts';

/** Uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * A stream of its own for each seed and name, so that traces of one seed share all that they have in common: the same
 * baseline under every size of regression. Small fast counting generator (sfc32): long period, cheap in JavaScript.
 */
export function streamOf(seed: number, name: string): Random {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  let [a, b, c, counter] = [seed | 0, hash | 0, Math.floor(seed / 2 ** 32) | 0, 1];
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 20; i++) next();
  return next;
}

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Exact below a mean of 200, rounded normal above. */
export function poisson(random: Random, mean: number): number {
  if (mean > 200) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const floor = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > floor; product *= random()) count++;
  return count;
}

/** Standard deviations below its mean at which a count begins that is not begun at none: e^-mean is a number up to about 700. */
const FAR = 26;

/** By one uniform number, so that a larger mean never gives fewer events from the same stream. */
export function coupledPoisson(random: Random, mean: number): number {
  const u = random();
  if (!(mean > 0)) return 0;
  const first = Math.max(0, Math.floor(mean - FAR * Math.sqrt(mean)));
  const floor = first === 0 ? Math.exp(-mean) : Math.exp(first * Math.log(mean) - mean - lnGamma(first + 1));
  let [count, chance, below] = [first, floor, floor];
  // The end is for a number so near to one that rounding never lets the sum reach it.
  while (below < u && count < mean + 60 * Math.sqrt(mean) + 60) {
    count++;
    chance *= mean / count;
    below += chance;
  }
  return count;
}

/** A factor of mean 1 for each poll: exp of a Gaussian, with `lasting` as its correlation from one poll to the next. */
export function noiseOf(random: Random, of: { cv: number; lasting: number }): () => number {
  if (of.cv === 0) return () => 1;
  const variance = Math.log(1 + of.cv * of.cv);
  const deviation = Math.sqrt(variance);
  const fresh = Math.sqrt(1 - of.lasting * of.lasting);
  let state = normal(random);
  return () => {
    const factor = Math.exp(deviation * state - variance / 2);
    state = of.lasting * state + fresh * normal(random);
    return factor;
  };
}
