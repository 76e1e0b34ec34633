/**
 * Which of many hypotheses to reject so that the expected share of false rejections is at most `level`, whatever the
 * dependence between them: with e-values in falling order, the first k for the largest k with k*e_k >= K/level.
 * Wang & Ramdas, "False discovery rate control with e-values" (e-BH). `lnEs` are natural logs; the result is aligned.
 */
export function discoveries(lnEs: readonly number[], level: number): boolean[] {
  const ranked = lnEs.filter((lnE) => !Number.isNaN(lnE)).sort((a, b) => b - a);
  let least = Number.POSITIVE_INFINITY;
  for (const [index, lnE] of ranked.entries())
    if (lnE >= Math.log(lnEs.length / (level * (index + 1)))) least = lnE;
  return lnEs.map((lnE) => lnE >= least);
}
