import type { Dispersion, Knots } from './dispersion.ts';
import { assumedDispersion, measuredDispersion } from './dispersion.ts';
import type { Halves } from './halves.ts';
import { earlyKnotsOf } from './halves.ts';

/** Polls of a block from which on a longer one is extrapolated as it is for a stop: four hours hold fifteen of them. */
export const LONG = 64;

/**
 * The usual curve, and beyond the longest block that was seen (in the time before the rollout, or four times since it began) noise
 * that counts as lasting. The standard deviation of a sum of equal parts is at most the sum of theirs, so no steady noise,
 * however it lasts, exceeds `G(B)*n/B`. It is at least the plan's `noise` there. Once blocks of 64 polls were seen it is the usual
 * curve: noise that still grows as fast at that length was not simulated.
 */
export function lastingNoise(
  usual: Dispersion,
  { before = [], halves, noise }: { before: Knots | undefined; halves: Halves | undefined; noise: number },
): Dispersion {
  const since = halves === undefined ? [] : earlyKnotsOf(halves);
  const sizes = Math.max(before.length, since.length);
  // Nothing was seen (the assumption stands, and a warning says so), or all that is ever measured.
  if (sizes === 0) return usual;
  const longest = 2 ** (sizes - 1);
  if (longest >= LONG) return usual;
  const own = measuredDispersion(since);
  const seen: Dispersion = since.length > before.length ? (n) => Math.max(usual(n), own(n)) : usual;
  return beyond(longest, { seen, usual, assumed: assumedDispersion(noise) });
}

/** Noise that lasts beyond a block of that many polls. */
export function beyond(
  longest: number,
  { seen, usual, assumed }: { seen: Dispersion; usual: Dispersion; assumed: Dispersion },
): Dispersion {
  return (n) => (n <= longest ? seen(n) : Math.max(usual(n), assumed(n), (seen(longest) * n) / longest));
}
