import type { BlockSize, Dispersion, Knots } from './dispersion.ts';
import {
  estimateDispersion,
  FEWEST_BLOCKS,
  knotsThrough,
  LARGEST_BLOCK,
  measuredDispersion,
  tells,
} from './dispersion.ts';
import type { PollCounts } from './kernel.ts';
import { score } from './kernel.ts';

/** Blocks whose V/Q lie close together: which group, how many, the sum of (Y^2 - V)/Q and the sum of V/Q. */
type Bin = readonly [key: number, blocks: number, excess: number, ratio: number];

/** Blocks of one size. */
interface Level {
  /** A complete block that waits for the second half of the next larger one. */
  open: readonly [Y: number, V: number, Q: number] | null;
  bins: readonly Bin[];
}

/**
 * What the baseline's two halves have shown since the rollout began, of bounded size: level k holds blocks of 2^k
 * polls. Blocks are grouped by V/Q, as that alone sets their weight; within a group it differs by at most a quarter.
 */
export type Halves = readonly Level[];

export const NO_HALVES: Halves = [];

const LEVELS = Math.log2(LARGEST_BLOCK) + 1;
const GROUP = Math.log(1.25);

/** One poll of the halves, in the counts that the metric is tested by. */
export function addHalves(halves: Halves, counts: PollCounts): Halves {
  const { y, V, Q } = score(counts, 0);
  const next = halves.slice();
  let block: Level['open'] = [y, V, Q];
  for (let k = 0; k < LEVELS && block !== null; k++) {
    const level: Level = next[k] ?? { open: null, bins: [] };
    const { open } = level;
    next[k] = { open: open === null ? block : null, bins: into(level.bins, block) };
    block = open === null ? null : [open[0] + block[0], open[1] + block[1], open[2] + block[2]];
  }
  return next;
}

function into(bins: Level['bins'], [Y, V, Q]: readonly [number, number, number]): Level['bins'] {
  if (!(V > 0) || !(Q > 0)) return bins;
  const key = Math.floor(Math.log(V / Q) / GROUP);
  const at = bins.findIndex(([known]) => known === key);
  const [, blocks, excess, ratio] = bins[at] ?? [key, 0, 0, 0];
  const grown: Bin = [key, blocks + 1, excess + (Y * Y - V) / Q, ratio + V / Q];
  return at < 0 ? [...bins, grown] : bins.with(at, grown);
}

/** The curve of `measureDispersion` from the sums; null while there are too few polls to measure anything. */
export function knotsOf(halves: Halves, noise?: number): Knots | null {
  return knotsThrough(sizesOf(halves, FEWEST_BLOCKS), noise);
}

/** Blocks of a size that are enough where nothing else is known of that size. */
export const FEWEST_EARLY = 4;

/** The same through every size of which there were four blocks, however uncertain they are; empty: of none. */
export function earlyKnotsOf(halves: Halves): Knots {
  return knotsThrough(sizesOf(halves, FEWEST_EARLY)) ?? [];
}

function sizesOf(halves: Halves, fewest: number): readonly BlockSize[] {
  const all = allSizes(halves);
  const end = all.findIndex(({ blocks }) => blocks < fewest);
  return end < 0 ? all : all.slice(0, end);
}

/** Asked for several times in each poll, and a level changes only once in 2^k of them. */
const sizes = new WeakMap<Halves, readonly BlockSize[]>();

function allSizes(halves: Halves): readonly BlockSize[] {
  const before = sizes.get(halves);
  if (before !== undefined) return before;
  const all = halves.map(({ bins }) => sizeOf(bins));
  sizes.set(halves, all);
  return all;
}

/** True where any size of blocks tells more than the plan's assumption. */
export function isMeasured(halves: Halves, noise: number): boolean {
  return sizesOf(halves, FEWEST_BLOCKS).some((size, k) => tells(size, k, noise));
}

/** Standard errors by which blocks of one size must exceed a curve to contradict it. */
const CONTRADICTION = 2;

/**
 * True where blocks of any size differ by more than a curve from before explains: by so many standard errors of what
 * they would differ by if it were true.
 */
export function contradict(halves: Halves, before: Knots): boolean {
  return errorsBeyond(sizesOf(halves, FEWEST_BLOCKS), measuredDispersion(before)) > CONTRADICTION;
}

/** The most standard errors by which blocks of 1, 2, 4 ... polls differ by more than is expected of them; below 0: none does. */
export function errorsBeyond(sizes: readonly BlockSize[], expected: Dispersion): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const [k, { blocks, found, error }] of sizes.entries()) {
    const G = expected(2 ** k);
    // The error is that of the variance found, counting noise and all: at the curve it is smaller.
    const each = Math.sqrt(blocks / 2);
    const counting = error * each - Math.max(0, found);
    const beyond = ((found - G) * each) / (counting + G);
    // No number where nothing was found and nothing expected.
    if (beyond > most) most = beyond;
  }
  return most;
}

const measured = new WeakMap<Level['bins'], BlockSize>();

function sizeOf(bins: Level['bins']): BlockSize {
  const before = measured.get(bins);
  if (before !== undefined) return before;
  const size = estimateDispersion(
    bins.map(([, blocks, excess, ratio]) => ({ blocks, excess, ratio: ratio / blocks })),
  );
  measured.set(bins, size);
  return size;
}
