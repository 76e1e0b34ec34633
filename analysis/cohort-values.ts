import type { MetricAssessment } from '../plans/assessment.ts';
import type { Metric } from '../plans/metric.ts';
import type { MetricEvidence, RatioEvidence, ValueEvidence } from './evidence.ts';
import { quantileOf } from './histogram.ts';

type Values = Pick<MetricAssessment, 'baseline' | 'canary' | 'baselineRequests' | 'canaryRequests'>;

/** What each cohort's own figure is in this stage, and of how many requests; null: of none. */
export function valuesOf(metric: Metric, evidence: MetricEvidence): Values {
  if (evidence.kind === 'ratio')
    return ratesOf(evidence, metric.kind === 'ratio' && metric.good !== undefined);
  if (evidence.kind === 'value') return meansOf(evidence);
  const { baseline, canary } = evidence;
  const quantile = metric.kind === 'latency' ? metric.quantile : 0.95;
  return {
    baseline: baseline === null ? null : quantileOf(baseline, quantile),
    canary: canary === null ? null : quantileOf(canary, quantile),
    baselineRequests: baseline?.at(-1)?.[1] ?? 0,
    canaryRequests: canary?.at(-1)?.[1] ?? 0,
  };
}

function ratesOf({ baseline, canary }: RatioEvidence, good: boolean): Values {
  const rate = ({ events, total }: { events: number; total: number }) =>
    total > 0 ? (good ? total - events : events) / total : null;
  return {
    baseline: rate(baseline),
    canary: rate(canary),
    baselineRequests: baseline.total,
    canaryRequests: canary.total,
  };
}

function meansOf({ baseline, canary }: ValueEvidence): Values {
  const mean = ([sum, weight]: readonly [number, number]) => (weight > 0 ? sum / weight : null);
  return {
    baseline: mean(baseline),
    canary: mean(canary),
    baselineRequests: baseline[1],
    canaryRequests: canary[1],
  };
}
