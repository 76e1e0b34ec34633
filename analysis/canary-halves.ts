import type { BlockSize } from './dispersion.ts';
import { estimateDispersion, FEWEST_BLOCKS } from './dispersion.ts';
import type { PollCounts } from './kernel.ts';
import { score } from './kernel.ts';

/** Sums over a block of polls: of the score, of its variance by counting as it was and as it was to be expected, and of Q. */
type Block = readonly [Y: number, V: number, Q: number, expected: number];

/** Blocks in a row that are held against their mean: their number, the sums of (Y^2 - V)/Q, V/Q and Y/sqrt(Q). */
type Group = readonly [blocks: number, excess: number, ratio: number, sum: number];

/** Full groups whose V/Q lie close together: which, their degrees of freedom, the sums of (Y^2 - V)/Q about the means and of V/Q. */
type Bin = readonly [key: number, free: number, excess: number, ratio: number];

/** Blocks of one size. */
interface Level {
  /** A complete block that waits for the second half of the next larger one. */
  open: Block | null;
  group: Group;
  bins: readonly Bin[];
}

/**
 * What the canary's two halves have shown since the rollout began: level k holds blocks of 2^k polls. A regression of all instances
 * cannot hide in it, and one of a single instance cannot for long: blocks are held against the mean of the 64 polls they lie in,
 * so that a difference that stays, or that begins once, is no noise.
 */
export type CanaryHalves = readonly Level[];

export const NO_CANARY_HALVES: CanaryHalves = [];

/** Blocks of 1, 2, 4 and 8 polls. */
const LEVELS = 4;
const TOGETHER = 64;
const GROUP = Math.log(1.25);
const OTHER = 3;
const NO_GROUP: Group = [0, 0, 0, 0];

export interface CanaryPoll {
  /** Half one of the canary as `canary*`, half two as `baseline*`. */
  halves: PollCounts;
  cohorts: PollCounts;
  /** Both cohorts in the stage, this poll included. */
  soFar: PollCounts;
}

/**
 * One poll. Its noise is taken as shares of the rate that both cohorts would have, were the canary as the baseline: a regression multiplies
 * what its instances differ by, and would hide in it. Shares of what the canary had in that poll would count least where one of its
 * instances is worst.
 */
export function addCanaryHalves(known: CanaryHalves, poll: CanaryPoll): CanaryHalves {
  const { canaryTotal: one, baselineTotal: two } = poll.halves;
  const nH = one > 0 && two > 0 ? (one * two) / (one + two) : 0;
  const lift = liftOf(poll.soFar);
  const { cohorts } = poll;
  const weight = nH * rateOf({ ...cohorts, canaryEvents: cohorts.canaryEvents / lift });
  const { y, V } = score(poll.halves, 0);
  const next = known.slice();
  let block: Block | null = [y / lift, V / lift ** 2, 2 * weight ** 2, weight / lift];
  for (let k = 0; k < LEVELS && block !== null; k++) {
    const level: Level = next[k] ?? { open: null, group: NO_GROUP, bins: [] };
    const { open } = level;
    next[k] = { ...into(level, block, TOGETHER / 2 ** k), open: open === null ? block : null };
    block = open === null ? null : together(open, block);
  }
  return next;
}

function together(a: Block, b: Block): Block {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}

function into({ group, bins }: Level, [Y, V, Q, expected]: Block, size: number): Omit<Level, 'open'> {
  if (!(expected > 0) || !(Q > 0)) return { group, bins };
  const ratio = expected / Q;
  const known = isAnother(group, ratio) ? { group: NO_GROUP, bins: close(group, bins) } : { group, bins };
  const [blocks, excess, ratios, sum] = known.group;
  const grown: Group = [blocks + 1, excess + (Y * Y - V) / Q, ratios + ratio, sum + Y / Math.sqrt(Q)];
  return grown[0] < size
    ? { group: grown, bins: known.bins }
    : { group: NO_GROUP, bins: close(grown, known.bins) };
}

/** True of a block that would not weigh as the group does: another stage, or an incident, begins. */
function isAnother([blocks, , ratios]: Group, ratio: number): boolean {
  const factor = (ratio * blocks) / ratios;
  return blocks > 0 && !(factor < OTHER && factor > 1 / OTHER);
}

function close(group: Group, bins: Level['bins']): Level['bins'] {
  const [blocks, , ratios] = group;
  if (blocks < 2) return bins;
  const key = Math.floor(Math.log(ratios / blocks) / GROUP);
  const own = centred(group);
  const at = bins.findIndex(([other]) => other === key);
  const [, free, excess, ratio] = bins[at] ?? [key, 0, 0, 0];
  const bin: Bin = [key, free + own.blocks, excess + own.excess, ratio + own.ratio * own.blocks];
  return at < 0 ? [...bins, bin] : bins.with(at, bin);
}

/** A group about its mean, which takes one of its blocks. */
function centred([blocks, excess, ratio, sum]: Group): { blocks: number; excess: number; ratio: number } {
  return {
    blocks: blocks - 1,
    excess: excess + (ratio - sum * sum) / blocks,
    ratio: ratio / blocks,
  };
}

/** What blocks of 1, 2, 4 and 8 polls show, as far as there are enough of them. */
export function canarySizes(halves: CanaryHalves): readonly BlockSize[] {
  const known = sizes.get(halves);
  if (known !== undefined) return known;
  const all = halves.map(sizeOf);
  const end = all.findIndex(({ blocks }) => !(blocks >= FEWEST_BLOCKS - 1));
  const enough = end < 0 ? all : all.slice(0, end);
  sizes.set(halves, enough);
  return enough;
}

function sizeOf(level: Level): BlockSize {
  const known = measured.get(level);
  if (known !== undefined) return known;
  const { group, bins } = level;
  const size = estimateDispersion([
    ...bins.map(([, blocks, excess, ratio]) => ({ blocks, excess, ratio: ratio / blocks })),
    ...(group[0] >= 2 ? [centred(group)] : []),
  ]);
  measured.set(level, size);
  return size;
}

/** A level changes once in 2^k polls. */
const measured = new WeakMap<Level, BlockSize>();

/** Asked for several times in each poll. */
const sizes = new WeakMap<CanaryHalves, readonly BlockSize[]>();

function rateOf({ canaryEvents, canaryTotal, baselineEvents, baselineTotal }: PollCounts): number {
  const total = canaryTotal + baselineTotal;
  return total > 0 ? (canaryEvents + baselineEvents) / total : 0;
}

/** Events that a canary is taken to have had as expected before it is believed to be another: few say little. */
const FEW = 5;

/** How many times as many events as the baseline's the canary has; at least 1. */
function liftOf({ canaryEvents, canaryTotal, baselineEvents, baselineTotal }: PollCounts): number {
  if (!(baselineTotal > 0)) return 1;
  const expected = (canaryTotal * baselineEvents) / baselineTotal;
  return Math.max(1, (canaryEvents + FEW) / (expected + FEW));
}
