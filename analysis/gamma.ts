/** Terms B_2k / (2k(2k - 1)) of Stirling's series: 1/(12x) - 1/(360x^3) + ... (Abramowitz & Stegun 6.1.41). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156];
/** From here on the terms above leave an error below 1e-16. */
const LARGE = 15;
const HALF_LN_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * ln of the gamma function of a positive number, to the last digits of a double. Stirling's series after the recurrence
 * has lifted small arguments: unlike Lanczos' fit it gets more exact with the argument, and counts of users are large.
 */
export function lnGamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  let shift = 1;
  let at = x;
  for (; at < LARGE; at++) shift *= at;
  const inverse = 1 / (at * at);
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series * inverse + (STIRLING[k] ?? 0);
  return (at - 0.5) * Math.log(at) - at + HALF_LN_TWO_PI + series / at - Math.log(shift);
}
