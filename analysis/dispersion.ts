import type { PollCounts } from './kernel.ts';
import { score } from './kernel.ts';

/** How much equal cohorts differ beyond counting: `gup` for blocks of 1, 2, 4 ... polls, never falling. */
export type Knots = readonly number[];

/** G(n): the factor of the variance between polls at the age of n polls. */
export type Dispersion = (n: number) => number;

const LARGEST_BLOCK = 256;
const FEWEST_BLOCKS = 8;

/**
 * Measures the curve on two halves of the baseline, poll by poll (half one as `canary*`, half two as `baseline*`):
 * a regression of the canary cannot hide in it. Null when there are too few polls to measure anything.
 */
export function measureDispersion(polls: readonly PollCounts[]): Knots | null {
  const scores = polls.map((poll) => score(poll, 0));
  const knots: number[] = [];
  for (let b = 1; b <= LARGEST_BLOCK; b *= 2) {
    const blocks = Math.floor(scores.length / b);
    if (blocks < FEWEST_BLOCKS) break;
    const sums: Block[] = [];
    for (let i = 0; i < blocks; i++) {
      const block = { Y: 0, V: 0, Q: 0 };
      for (const { y, V, Q } of scores.slice(i * b, (i + 1) * b)) {
        block.Y += y;
        block.V += V;
        block.Q += Q;
      }
      if (block.V > 0) sums.push(block);
    }
    if (sums.length === 0) break;
    knots.push(Math.max(upperDispersion(sums), knots.at(-1) ?? 0));
  }
  return knots.length > 0 ? knots : null;
}

interface Block {
  Y: number;
  V: number;
  Q: number;
}

/** Moment estimate of the variance between blocks, weighted by precision, plus half a standard error. */
function upperDispersion(blocks: readonly Block[]): number {
  let g = 0.1;
  for (let round = 0; round < 3; round++) {
    const { excess, scale } = moments(blocks, g);
    g = Math.max(0, excess / scale);
  }
  const { excess, scale } = moments(blocks, g);
  return Math.max(0, (excess + 0.5 * Math.sqrt(2 * blocks.length)) / scale);
}

function moments(blocks: readonly Block[], g: number): { excess: number; scale: number } {
  let excess = 0;
  let scale = 0;
  for (const { Y, V, Q } of blocks) {
    const w = 1 / (V + g * Q);
    excess += w * (Y * Y - V);
    scale += w * Q;
  }
  return { excess, scale };
}

/** The curve through measured knots: linear in ln n between blocks, a cube root beyond the last. */
export function measuredDispersion(knots: Knots): Dispersion {
  const last = knots.length - 1;
  return (n) => {
    if (last < 0) return 0;
    const at = Math.log2(Math.max(1, n));
    const lower = Math.floor(at);
    if (lower >= last) return (knots[last] ?? 0) * (n / 2 ** last) ** (1 / 3);
    const left = knots[lower] ?? 0;
    return left + ((knots[lower + 1] ?? left) - left) * (at - lower);
  };
}

/** The curve where nothing could be measured: noise^2 * n^(1/3), `noise` the plan's coefficient of variation. */
export function assumedDispersion(noise: number): Dispersion {
  return (n) => noise * noise * Math.cbrt(n);
}
