/** Seconds of polls without a break after which a doubtful stop is one, if it is still so. */
export const STANDS = 30 * 60;
