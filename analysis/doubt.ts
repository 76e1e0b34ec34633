/** Seconds of polls without a break after which a doubtful stop is one, if it is still so. */
export const STANDS = 30 * 60;

/** Seconds that something gross is of at least: a poll in which a single instance is as bad comes by chance. */
export const GROSS_FOR = 120;

/** How many times as bad as the baseline over that time. */
const GROSS = 11;

/** The power of a longer time by which it is less: noise that lasts for minutes comes to less over more of them. */
const EASES = 0.3;

/** How many times as bad as the baseline no noise of a few instances looks like over so many seconds. */
export function grossOver(seconds: number): number {
  return GROSS * (GROSS_FOR / Math.min(seconds, STANDS)) ** EASES;
}
