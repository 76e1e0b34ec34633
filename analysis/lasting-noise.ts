import type { Dispersion, Knots } from './dispersion.ts';
import { measuredDispersion } from './dispersion.ts';

/** Polls of a block from which on a longer one is extrapolated as it is for a stop: four hours hold fifteen of them. */
const LONG = 64;

/** True where blocks were seen beyond which noise is taken to grow as it is for a stop. */
export function isLong(longest: number): boolean {
  return longest >= LONG;
}

/** Polls of the longest block of a curve; 0: it has none. */
export function longestOf(knots: Knots): number {
  return knots.length === 0 ? 0 : 2 ** (knots.length - 1);
}

/**
 * Polls of the blocks, and how many times as much as single polls they differ by, at which noise lasts. Measured over 24 hours it is 1.0 to 1.5 times where noise is over with
 * its poll, 2.3 to 3.4 at AR 0.5 per poll and 5.2 or more at AR 0.8 (60 courses of S2, A5 and S3 each, a script of its own).
 */
const SOME = 16;
const MORE = 2;

/**
 * True where noise lasts from poll to poll, so that the variance of a mean does not fall with the polls that it is of, and where too little was seen to know.
 * @param curve what counts now, which may be more than the knots that were measured
 */
export function mayLast(knots: Knots, curve = measuredDispersion(knots)): boolean {
  return !isLong(longestOf(knots)) || curve(SOME) > MORE * curve(1);
}

export interface Seen {
  usual: Dispersion;
  /** What the plan takes for granted of the service. */
  assumed: Dispersion;
  /** The curve from before the rollout, and that of its own blocks that came four times; empty: none. */
  before: Knots;
  since: Knots;
}

/**
 * Noise that counts as lasting beyond the longest block that was seen. The standard deviation of a sum of equal parts is at most the sum
 * of theirs, so no steady noise, however it lasts, exceeds `G(B)*n/B`. It is at least what is assumed there.
 */
export function lasting({ usual, assumed, before, since }: Seen): Dispersion {
  const longest = longestOf(since.length > before.length ? since : before);
  // Nothing was seen (the assumption stands, and a warning says so), or all that is ever measured.
  if (longest === 0 || isLong(longest)) return usual;
  const own = measuredDispersion(since);
  const seen: Dispersion = since.length > before.length ? (n) => Math.max(usual(n), own(n)) : usual;
  return beyond(longest, { seen, usual, assumed });
}

export function beyond(
  longest: number,
  { seen, usual, assumed }: { seen: Dispersion; usual: Dispersion; assumed: Dispersion },
): Dispersion {
  return (n) => (n <= longest ? seen(n) : Math.max(usual(n), assumed(n), (seen(longest) * n) / longest));
}
