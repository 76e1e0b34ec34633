import { isJudged, type MetricAssessment } from '../plans/assessment.ts';
import type { ComparedValue, ComparisonRow } from '../plans/comparison.ts';
import type { LatencyMetric, Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets } from '../plans/sample.ts';
import { type MarginLook, marginWords, slowdownWords } from './acceptable.ts';
import type { LatencyEvidence, MetricEvidence, RatioEvidence } from './evidence.ts';
import { countAbove, countAt, histogramTotal, isBeyond, quantileOf } from './histogram.ts';
import { quantileCells } from './quantile-cells.ts';
import { shownQuantiles } from './quantile-noise.ts';
import type { Visit } from './replay.ts';
import { unitOf, type ValueMetric, worseOf } from './value.ts';

interface Look {
  visit: Visit;
  plan: Plan;
  metric: Metric;
  /** The part of the traffic; null: all of it. */
  slice: string | null;
  compared: boolean;
  assessment: MetricAssessment;
}

/** What a gate knows of one metric, side by side. */
export function metricRows(look: Look): ComparisonRow[] {
  const { visit, metric, assessment, plan } = look;
  const evidence = evidenceIn(look);
  const at = {
    look,
    assessment,
    margins: { plan, metric, assessment, evidence, stageIndex: visit.stageIndex },
  };
  if (metric.kind === 'latency')
    return latencyRows(at, metric, evidence?.kind === 'latency' ? evidence : null);
  if (metric.kind === 'ratio') return [ratioRow(at, evidence?.kind === 'ratio' ? evidence : null)];
  return [valueRow(at, metric)];
}

function evidenceIn({ visit: { evidence }, slice, metric }: Look): MetricEvidence | undefined {
  return (slice === null ? evidence : evidence.slices[slice])?.metrics[metric.name];
}

interface At {
  look: Look;
  assessment: MetricAssessment;
  margins: MarginLook;
}

/** What every row of a metric has. */
function row(at: At, more: Pick<ComparisonRow, 'kind' | 'baseline' | 'canary'>): ComparisonRow {
  const { look, assessment } = at;
  const { evidence } = look.visit;
  // Where nobody has looked there may have been requests.
  const unseen = evidence.t === null || evidenceIn(look)?.missing != null;
  const seen = (one: ComparedValue) => (unseen && one.value === null ? { ...one, of: null } : one);
  return {
    ...more,
    baseline: seen(more.baseline),
    canary: seen(more.canary),
    metric: look.metric.name,
    slice: look.slice,
    quantile: null,
    edge: null,
    difference: null,
    relative: null,
    interval: null,
    acceptable: look.compared ? (marginWords(at.margins) ?? 'no margin: advisory') : null,
    verdict: evidence.t === null || !isJudged(assessment, look.compared) ? null : assessment.verdict,
    proven: assessment.proven,
    note: null,
  };
}

function differing(one: ComparisonRow, difference: number | null): ComparisonRow {
  const relative = (difference ?? Number.NaN) / Math.abs(one.baseline.value ?? 0);
  // Of a base of nothing, or of next to nothing, no share can be told.
  return { ...one, difference, relative: Number.isFinite(relative) ? relative : null };
}

function ratioRow(at: At, evidence: RatioEvidence | null): ComparisonRow {
  const { assessment, look } = at;
  const { metric } = look;
  const one = row(at, {
    kind: 'ratio',
    baseline: valueOf(assessment.baseline, assessment.baselineRequests),
    canary: valueOf(assessment.canary, assessment.canaryRequests),
  });
  if (!look.compared || evidence === null) return one;
  const sign = metric.kind === 'ratio' && metric.good !== undefined ? -1 : 1;
  const { Y, nH } = evidence.interval;
  const difference = nH > 0 ? (sign * Y) / nH + 0 : null;
  return { ...differing(one, difference), ...intervalOf(assessment) };
}

function valueRow(at: At, metric: ValueMetric): ComparisonRow {
  const { assessment, look } = at;
  const evidence = evidenceIn(look);
  const one = row(at, {
    kind: metric.kind,
    baseline: valueOf(assessment.baseline, assessment.baselineRequests),
    canary: valueOf(assessment.canary, assessment.canaryRequests),
  });
  if (metric.kind === 'gauge' && metric.compare === 'canary')
    return {
      ...one,
      baseline: valueOf(null, null),
      acceptable: null,
      note: 'the baseline has no such value: only limits decide',
    };
  if (!look.compared || evidence?.kind !== 'value') return one;
  const [S, W] = evidence.difference;
  const difference = W > 0 ? (worseOf(metric) * unitOf(evidence) * S) / W + 0 : null;
  return { ...differing(one, difference), ...intervalOf(assessment) };
}

function intervalOf({ interval }: MetricAssessment): Pick<ComparisonRow, 'interval' | 'note'> {
  return interval === null
    ? { interval: null, note: 'too few polls for an interval' }
    : { interval: [interval[0], interval[1]], note: null };
}

/**
 * The quantiles, and the share of requests above the edge nearest the plan's quantile: that is what is tested. A quantile's verdict is that of its latency, at the plan's own quantile only.
 */
function latencyRows(at: At, metric: LatencyMetric, evidence: LatencyEvidence | null): ComparisonRow[] {
  const { look, assessment } = at;
  const edge = evidence?.edges?.[0] ?? null;
  const baseline = evidence?.baseline ?? null;
  const canary = evidence?.canary ?? null;
  const rows = shownQuantiles(metric, look.slice).map((quantile): ComparisonRow => {
    const one = row(at, {
      kind: 'quantile',
      baseline: quantileValue(baseline, quantile),
      canary: quantileValue(canary, quantile),
    });
    const own = quantile === metric.quantile;
    const known = !one.baseline.beyond && !one.canary.beyond && one.baseline.value !== null;
    const difference =
      known && one.canary.value !== null ? one.canary.value - (one.baseline.value ?? 0) : null;
    return {
      ...(look.compared ? differing(one, difference) : one),
      quantile,
      acceptable: look.compared && own ? (slowdownWords(at.margins) ?? 'no margin: advisory') : null,
      verdict: own ? one.verdict : null,
      proven: own ? one.proven : null,
      ...(look.compared && baseline !== null && canary !== null
        ? quantileCells({ ...look, baseline, canary, quantile })
        : {}),
    };
  });
  if (!look.compared || edge === null || evidence === null) return rows;
  const { Y, nH } = evidence.interval;
  const slow: ComparisonRow = {
    ...row(at, { kind: 'slow', baseline: slowShare(baseline, edge), canary: slowShare(canary, edge) }),
    edge,
    ...intervalOf(assessment),
  };
  return [...rows, differing(slow, nH > 0 ? Y / nH : null)];
}

function valueOf(value: number | null, of: number | null): ComparedValue {
  return { value, of, beyond: false };
}

function quantileValue(buckets: Buckets | null, quantile: number): ComparedValue {
  if (buckets === null) return valueOf(null, null);
  const total = histogramTotal(buckets);
  return { value: quantileOf(buckets, quantile), of: total, beyond: isBeyond(buckets, quantile) };
}

function slowShare(buckets: Buckets | null, edge: number): ComparedValue {
  const total = buckets === null ? 0 : histogramTotal(buckets);
  // An edge that is gone cannot be told.
  return buckets === null || !(total > 0) || countAt(buckets, edge) === null
    ? valueOf(null, total)
    : valueOf(countAbove(buckets, edge) / total, total);
}
