/** Blocks of one size: the open one, how many there were, and their sums of Y^2/W, Y and W. */
interface Level {
  open: readonly [Y: number, W: number] | null;
  blocks: number;
  square: number;
  Y: number;
  W: number;
}

/**
 * How a series of weighted values scatters, for blocks of 1, 2, 4 ... 256 polls, of bounded size: values that wander
 * slowly scatter more in large blocks than independent ones would. Y is the weight times the value.
 */
export type Scatter = readonly Level[];

export const NO_SCATTER: Scatter = [];

const LEVELS = 9;
/** Blocks of a size before which their scatter is not told. */
export const FEWEST_BLOCKS = 8;
/** Values before which their scatter is not known well enough to be evidence of anything. */
const FEWEST_VALUES = 12;

export function addScatter(scatter: Scatter, value: { Y: number; W: number }): Scatter {
  const next = [...scatter];
  let block: Level['open'] = [value.Y, value.W];
  for (let k = 0; k < LEVELS && block !== null; k++) {
    const { open, blocks, square, Y, W } = next[k] ?? { open: null, blocks: 0, square: 0, Y: 0, W: 0 };
    const [y, w]: readonly [number, number] = block;
    next[k] = {
      open: open === null ? block : null,
      blocks: blocks + 1,
      square: square + (y * y) / w,
      Y: Y + y,
      W: W + w,
    };
    block = open === null ? null : [open[0] + y, open[1] + w];
  }
  return next;
}

/**
 * What the blocks scatter around: zero (halves of one cohort: no difference is real), or their own mean, as a
 * difference that lasts is what is being tested. `since`: a component's own part of the sums. What it differs by
 * from the time before is no scatter either, else a regression would hide itself.
 */
export type About = { kind: 'zero' } | { kind: 'mean'; since: { Y: number; W: number } | null };

/**
 * Variance of a sum over n polls per unit of weight. A standard error is added and it never falls with n. Beyond the
 * largest block it grows as it did up to there, at least as a cube root; of one block size alone as if the values
 * lasted for ever. Null while there are too few values.
 */
export function varianceOf(scatter: Scatter, about: About): ((n: number) => number) | null {
  const knots: number[] = [];
  const all = scatter[0];
  if (all === undefined || all.blocks < FEWEST_VALUES) return null;
  const step = about.kind === 'zero' || about.since === null ? null : stepBetween(all, about.since);
  for (const { blocks, square, Y, W } of scatter) {
    if (blocks < FEWEST_BLOCKS) break;
    const centred =
      about.kind === 'zero'
        ? square / blocks
        : Math.max(0, square - (Y * Y) / W - (step ?? 0)) / (blocks - (step === null ? 1 : 2));
    knots.push(Math.max(centred * (1 + Math.sqrt(2 / blocks)), knots.at(-1) ?? 0));
  }
  const last = knots.length - 1;
  const growth =
    last < 1 ? 1 : Math.min(1, Math.max(1 / 3, Math.log2((knots[last] ?? 0) / (knots[last - 1] ?? 0)) || 0));
  return (n) => {
    const at = Math.log2(Math.max(1, n));
    const lower = Math.floor(at);
    if (lower >= last) return (knots[last] ?? 0) * (n / 2 ** last) ** growth;
    const left = knots[lower] ?? 0;
    return left + ((knots[lower + 1] ?? left) - left) * (at - lower);
  };
}

/** True where blocks of any size scatter about their mean by two standard errors more than a variance explains. */
export function exceeds(scatter: Scatter, variance: (n: number) => number): boolean {
  if ((scatter[0]?.blocks ?? 0) < FEWEST_VALUES) return false;
  return scatter.some(({ blocks, square, Y, W }, k) => {
    if (blocks < FEWEST_BLOCKS) return false;
    const found = Math.max(0, square - (Y * Y) / W) / (blocks - 1);
    return found > variance(2 ** k) * (1 + 2 * Math.sqrt(2 / (blocks - 1)));
  });
}

/** Sum of squares that one step of the mean explains, as in a test of two groups; null: nothing was before. */
function stepBetween(all: { Y: number; W: number }, since: { Y: number; W: number }): number | null {
  const W = all.W - since.W;
  if (!(W > 1e-9 * all.W) || !(since.W > 0)) return null;
  const step = since.Y / since.W - (all.Y - since.Y) / W;
  return ((W * since.W) / all.W) * step * step;
}

/** What blocks of 1, 2, 4 ... scatter about zero, per unit of weight; of sizes of which there are enough. */
export function squaresOf(scatter: Scatter): number[] {
  if ((scatter[0]?.blocks ?? 0) < FEWEST_VALUES) return [];
  return scatter.filter(({ blocks }) => blocks >= FEWEST_BLOCKS).map(({ square, blocks }) => square / blocks);
}

/** What `values` values are expected to show where blocks scatter like this; longer blocks like the longest. */
export function expectedScatter(squares: readonly number[], values: number): Scatter {
  const levels: Level[] = [];
  for (let k = 0; k < LEVELS && 2 ** k <= values; k++) {
    const blocks = Math.floor(values / 2 ** k);
    const square = squares[k] ?? squares.at(-1) ?? 0;
    levels.push({ open: null, blocks, square: blocks * square, Y: 0, W: 0 });
  }
  return levels;
}
