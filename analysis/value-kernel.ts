import { logSumExp } from './kernel.ts';
import { lnPhi } from './normal.ts';

/**
 * The mixture's parameter that makes it tightest at `planned` polls:
 * r2 = (-2 ln alpha + ln(-2 ln alpha + 1)) / planned.
 * Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit theory and asymptotic confidence
 * sequences".
 */
export function mixtureScale(alpha: number, planned: number): number {
  const twice = -2 * Math.log(alpha);
  return (twice + Math.log(twice + 1)) / planned;
}

/** Half the width of the confidence sequence of a mean over n values of standard deviation s, same source. */
export function halfWidth(of: { n: number; deviation: number; alpha: number; planned: number }): number {
  const { n, deviation, alpha, planned } = of;
  const r2 = mixtureScale(alpha, planned);
  const v = n * r2 + 1;
  return deviation * Math.sqrt(((2 * v) / (n * n * r2)) * Math.log(Math.sqrt(v) / alpha));
}

/**
 * ln of the one-sided evidence against "the mean is at most 0": the same normal mixture, kept to positive means.
 * `z` is the sum of n values over its standard deviation. No unit of the values has a part in it. Averaged over
 * `scales` (r2 of several lengths), so that it is near its best for a few polls and for a day of them.
 */
export function lnValueEvidence(of: { z: number; n: number; scales: readonly number[] }): number {
  const { z, n, scales } = of;
  if (!(n > 0) || !Number.isFinite(z) || scales.length === 0) return 0;
  return logSumExp(scales.map((r2) => lnOneScale(z, n, r2))) - Math.log(scales.length);
}

function lnOneScale(z: number, n: number, r2: number): number {
  const v = n * r2 + 1;
  const share = (n * r2) / v;
  return 0.5 * share * z * z - 0.5 * Math.log(v) + Math.LN2 + lnPhi(z * Math.sqrt(share));
}
