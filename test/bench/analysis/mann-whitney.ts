/** 0.99 quantile of the standard normal: a two-sided interval at 98 %. */
const QUANTILE = 2.3263;

/**
 * The shift between two samples as Kayenta's judge computes it: the Hodges-Lehmann estimate and the lower end of the
 * asymptotic 98 % interval of Mann and Whitney, both from the ordered differences of all pairs.
 */
export function shiftOf(
  canary: readonly number[],
  baseline: readonly number[],
): { estimate: number; lower: number } {
  const [m, n] = [canary.length, baseline.length];
  const differences = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < n; k++) differences[i * n + k] = (canary[i] ?? 0) - (baseline[k] ?? 0);
  }
  differences.sort();
  const deviation = Math.sqrt((m * n * (m + n + 1)) / 12);
  const rank = Math.max(0, Math.floor((m * n) / 2 - QUANTILE * deviation));
  const middle = Math.floor((m * n) / 2);
  return { estimate: differences[middle] ?? 0, lower: differences[rank] ?? 0 };
}
