import type { Plan } from '../plans/plan.ts';
import type { PreflightFinding } from '../plans/preflight.ts';
import { assumedDispersion, measuredDispersion } from './dispersion.ts';
import type { Learnt } from './history.ts';

/** How much equal halves of the baseline differ, as coefficients of variation (the root of G), by block length. */
export interface NoiseCurve {
  metric: string;
  /** Block lengths in polls: 1, 2, 4 ... */
  polls: number[];
  measured: number[];
  assumed: number[];
}

/** The measured curves beside the plan's assumption; metrics whose noise could not be measured are absent. */
export function noiseCurves(plan: Plan, learnt: Learnt): NoiseCurve[] {
  const expected = assumedDispersion(plan.analysis.noise);
  return Object.entries(learnt.dispersion).map(([metric, knots]) => {
    const polls = knots.map((_, k) => 2 ** k);
    const G = measuredDispersion(knots);
    return {
      metric,
      polls,
      measured: polls.map((n) => Math.sqrt(G(n))),
      assumed: polls.map((n) => Math.sqrt(expected(n))),
    };
  });
}

/** Warns of a service that is noisier than the plan assumes, and says whose noise is not known. */
export function noiseFindings(plan: Plan, learnt: Learnt): PreflightFinding[] {
  const found: PreflightFinding[] = [];
  for (const { metric, polls, measured, assumed } of noiseCurves(plan, learnt)) {
    const worst = polls.findLast((_, k) => (measured[k] ?? 0) > (assumed[k] ?? 0));
    if (worst === undefined) continue;
    const k = polls.indexOf(worst);
    const percent = (cv: number | undefined) => `${Math.round((cv ?? 0) * 100)} %`;
    found.push({
      severity: 'warning',
      check: 'noise',
      where: metric,
      message: `equal halves of the baseline differ by ${percent(measured[k])} over ${worst} polls, the plan assumes ${percent(assumed[k])}`,
      instead:
        'find out what makes instances differ; until then regressions take longer to find, as planned below',
    });
  }
  for (const { name, kind } of plan.metrics) {
    if (kind === 'mean' || kind === 'gauge' || learnt.dispersion[name] !== undefined) continue;
    found.push({
      severity: 'note',
      check: 'noise',
      where: name,
      message: `how much equal cohorts differ could not be measured: ${plan.analysis.noise} is assumed`,
      instead: 'two instances of the baseline (`source.replicas` tells them apart) and more history',
    });
  }
  return found;
}
