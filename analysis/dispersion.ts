import type { PollCounts } from './kernel.ts';
import { score } from './kernel.ts';

/** How much equal cohorts differ beyond counting: `gup` for blocks of 1, 2, 4 ... polls, never falling. */
export type Knots = readonly number[];

/** G(n): the factor of the variance between polls at the age of n polls. */
export type Dispersion = (n: number) => number;

export const LARGEST_BLOCK = 256;
export const FEWEST_BLOCKS = 8;

/**
 * Measures the curve on two halves of the baseline, poll by poll (half one as `canary*`, half two as `baseline*`):
 * a regression of the canary cannot hide in it. Null when there are too few polls to measure anything. With `noise`
 * what is too uncertain to say more than the plan's assumption is left to that.
 */
export function measureDispersion(polls: readonly PollCounts[], noise?: number): Knots | null {
  const scores = polls.map((poll) => score(poll, 0));
  const sizes: BlockSize[] = [];
  for (let b = 1; b <= LARGEST_BLOCK; b *= 2) {
    const groups: BlockGroup[] = [];
    for (let i = 0; i + b <= scores.length; i += b) {
      let [Y, V, Q] = [0, 0, 0];
      for (let k = i; k < i + b; k++) {
        const one = scores[k];
        Y += one?.y ?? 0;
        V += one?.V ?? 0;
        Q += one?.Q ?? 0;
      }
      if (V > 0) groups.push({ blocks: 1, excess: (Y * Y - V) / Q, ratio: V / Q });
    }
    if (groups.length < FEWEST_BLOCKS) break;
    sizes.push(estimateDispersion(groups));
  }
  return knotsThrough(sizes, noise);
}

/**
 * The curve through blocks of 1, 2, 4 ... polls, never falling. Few polls of few events say little: where a standard
 * error is larger than what is assumed, and than half of what was found, the assumption stands at that size.
 */
export function knotsThrough(sizes: readonly BlockSize[], noise?: number): Knots | null {
  const knots: number[] = [];
  let measured = false;
  let highest = 0;
  for (let k = 0; k < sizes.length; k++) {
    const size = sizes[k];
    if (size === undefined) continue;
    const clear = tells(size, k, noise);
    measured ||= clear;
    const upper = clear ? Math.max(0, size.found + 0.5 * size.error) : assumedKnot(k, noise ?? 0);
    highest = Math.max(upper, highest);
    knots.push(highest);
  }
  return measured ? knots : null;
}

/** True where blocks of 2^k polls say more than the assumption does. */
export function tells({ found, error }: BlockSize, k: number, noise?: number): boolean {
  return noise === undefined || error <= Math.max(assumedKnot(k, noise), found / 2);
}

function assumedKnot(k: number, noise: number): number {
  return noise * noise * (ROOTS[k] ?? Math.cbrt(2 ** k));
}

const ROOTS = Array.from({ length: Math.log2(LARGEST_BLOCK) + 1 }, (_, k) => Math.cbrt(2 ** k));

/** Blocks of one size and about one V/Q: their number, the sum of (Y^2 - V)/Q, and V/Q. */
export interface BlockGroup {
  blocks: number;
  excess: number;
  ratio: number;
}

/** What blocks of one size show: how many they are, the variance between them, and its standard error. */
export interface BlockSize {
  blocks: number;
  found: number;
  error: number;
}

/** Moment estimate of the variance between blocks, weighted by precision. */
export function estimateDispersion(groups: readonly BlockGroup[]): BlockSize {
  let g = 0.1;
  for (let round = 0; round < 3; round++) {
    const { excess, scale } = moments(groups, g);
    g = Math.max(0, excess / scale);
  }
  const { excess, scale } = moments(groups, g);
  const blocks = groups.reduce((sum, group) => sum + group.blocks, 0);
  return { blocks, found: excess / scale, error: Math.sqrt(2 * blocks) / scale };
}

/** Sums of w*(Y^2 - V) and w*Q with w = 1/(V + g*Q), both divided through by Q. */
function moments(groups: readonly BlockGroup[], g: number): { excess: number; scale: number } {
  let excess = 0;
  let scale = 0;
  for (const group of groups) {
    const w = 1 / (group.ratio + g);
    excess += w * group.excess;
    scale += w * group.blocks;
  }
  return { excess, scale };
}

/** The curve through measured knots: linear in ln n between blocks, a cube root beyond the last. */
export function measuredDispersion(knots: Knots): Dispersion {
  return (n) => through(knots, n);
}

function through(knots: Knots, n: number): number {
  const last = knots.length - 1;
  if (last < 0) return 0;
  if (n >= 2 ** last) return (knots[last] ?? 0) * Math.cbrt(n / 2 ** last);
  const at = Math.log2(Math.max(1, n));
  const lower = Math.floor(at);
  const left = knots[lower] ?? 0;
  return left + ((knots[lower + 1] ?? left) - left) * (at - lower);
}

/** The curve where nothing could be measured: noise^2 * n^(1/3), `noise` the plan's coefficient of variation. */
export function assumedDispersion(noise: number): Dispersion {
  return (n) => noise * noise * Math.cbrt(n);
}

/** The larger of two curves at every age; of none of them the assumed one. */
export function largestDispersion(
  curves: readonly [Knots | null | undefined, (Knots | null)?],
  noise: number,
): Dispersion {
  const [first, second] = curves.filter((knots): knots is Knots => knots != null && knots.length > 0);
  if (first === undefined) return assumedDispersion(noise);
  if (second === undefined) return measuredDispersion(first);
  return (n) => Math.max(through(first, n), through(second, n));
}
