import type { Holding, LimitAssessment, MetricAssessment } from '../plans/assessment.ts';
import { quantileName } from '../plans/comparison-cells.ts';
import { doubtText, quietText } from '../plans/holding-words.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Rejection } from '../plans/sample.ts';
import { partName } from '../plans/slices.ts';
import { duration, inGroups } from '../plans/words.ts';
import type { Evidence } from './evidence.ts';
import type { LatencyFacts } from './latency-facts.ts';

/** The polls behind an estimate, those of the stage, and the seconds of one. */
export interface Span {
  polls: number;
  stage: number;
  poll: number;
}

/**
 * "errors: canary 3.1 % against 0.5 %, +2.6 pp (at least +1.2 pp) beyond the soft margin of +0.1 pp". Values and the bound are those of
 * the stage; where the evidence is of another time, and says something else, that has its own: "errors: canary 1.6 % against 0.98 %
 * over the stage; +9.3 pp in the last 45 s, beyond the hard margin of +2 pp".
 */
export function stopReason(
  assessment: MetricAssessment,
  { metric, span, latency }: { metric: Metric; span: Span | null; latency: LatencyFacts | null },
): string {
  const { estimate, soft, hard, interval, verdict } = assessment;
  const against = `${partName(assessment)}: ${cohortsText(assessment, { metric, latency })}`;
  const name = (verdict === 'hard' && hard !== null) || soft === null ? 'hard' : 'soft';
  const margin = name === 'hard' ? hard : soft;
  // The bound is shown where it adds something: beyond the margin, and no larger than the estimate.
  const fewer = (margin ?? 0) < 0;
  const bound = interval === null ? null : interval[fewer ? 1 : 0];
  const telling =
    bound !== null &&
    margin !== null &&
    Math.abs(bound) <= Math.abs(estimate) &&
    (fewer ? bound < margin : bound > margin);
  const least = telling ? ` (at least ${differenceText(bound, metric)})` : '';
  const beyond =
    margin === null
      ? 'beyond its margin'
      : `beyond the ${name} margin of ${marginText(margin, { metric, slowdown: latency?.[name] ?? null })}`;
  const what =
    latency === null
      ? ''
      : ` of requests above ${latency.edge === null ? 'the edge' : seconds(latency.edge)}`;
  const difference = `${differenceText(estimate, metric)}${what}`;
  if (span === null || isOfStage(assessment, { kind: metric.kind, span }))
    return `${against}, ${difference}${least} ${beyond}`;
  return `${against} over the stage${least}; ${difference} in the last ${duration(span.polls * span.poll)}, ${beyond}`;
}

/** "canary 1.9 % against 0.5 %"; of a latency "canary p95 over 10 s against 250 ms". */
function cohortsText(
  { canary, baseline }: Pick<MetricAssessment, 'canary' | 'baseline'>,
  { metric, latency }: { metric: Metric; latency: LatencyFacts | null },
): string {
  const value = valueText(metric);
  if (latency === null) return `canary ${value(canary)} against ${value(baseline)}`;
  const { quantile, beyond } = latency;
  const told = (of: 'canary' | 'baseline', quantileValue: number | null) =>
    `${beyond[of] ? 'over ' : ''}${value(quantileValue)}`;
  return `canary ${quantileName(quantile)} ${told('canary', canary)} against ${told('baseline', baseline)}`;
}

/** "+0.1 pp"; of a latency as the plan has it, with the share of requests that this is at the edge: "+20 % (+1.6 pp)". */
function marginText(
  margin: number,
  { metric, slowdown }: { metric: Metric; slowdown: number | null },
): string {
  const difference = differenceText(margin, metric);
  return slowdown === null ? difference : `+${digits(slowdown * 100)} % (${difference})`;
}

/** The estimate may differ from what the stage's values say by so much of itself. */
const ALIKE = 0.2;

/** Whether the stage's own values say what the evidence says. Those of a latency are no shares: then its time must be the stage's. */
function isOfStage(
  { estimate, canary, baseline }: MetricAssessment,
  { kind, span }: { kind: Metric['kind']; span: Span },
): boolean {
  if (span.polls === span.stage) return true;
  if (kind === 'latency' || canary === null || baseline === null) return false;
  return Math.abs(canary - baseline - estimate) <= ALIKE * Math.abs(estimate);
}

export function limitReason(limit: LimitAssessment, plan: Plan): string {
  const written = plan.limits.find(({ name }) => name === limit.limit);
  const metric = plan.metrics.find(({ name }) => name === written?.metric);
  const value = metric === undefined ? plain : valueText(metric);
  const held = written === undefined || written.for === 0 ? '' : ` for ${duration(written.for)}`;
  return `limit "${limit.limit}": ${value(limit.value)} is above ${value(limit.threshold)}${held}`;
}

/** `holding`: what the gate lacks, where its windows were good and a metric of them is not; `metrics`: those that no window has. */
export function noDataReason(
  { t, rejectedSince, rejections }: Evidence,
  {
    slices,
    holding,
    metrics,
  }: { slices: readonly string[]; holding: readonly Holding[]; metrics: readonly string[] },
): string {
  const lasting = t === null || rejectedSince === null ? '' : ` for ${duration(t - rejectedSince)}`;
  const lacks = holding.flatMap((one) => (one.kind === 'data' ? one.rejections : []));
  const wrong = lacks.filter((one) => one.kind === 'invalid' && !slices.includes(one.metric));
  const why = [
    ...[...rejections, ...wrong].map(rejectionText),
    ...slices.map((slice) => `no series with ${slice}`),
  ];
  const said = why.length > 0 ? [...new Set(why)] : metrics.map((metric) => `the samples lack ${metric}`);
  return `no usable data${lasting}: ${said.length > 0 ? said.join('; ') : 'metrics of the plan are missing from the samples'}`;
}

/** The first things that stand in the way, the one that lasts longest or matters most first. */
export function holdReason(holding: readonly Holding[], { t }: Evidence): string {
  return holding.map((one) => holdingText(one, t ?? 0)).join('; ');
}

export function passReason(metrics: readonly MetricAssessment[], compared: boolean): string {
  if (!compared)
    return 'the bake time is over and no limit was crossed; the cohorts are not compared in this stage';
  const proven = metrics.filter((metric) => metric.proven === true).map(({ metric }) => metric);
  const proof = proven.length === 0 ? '' : `; proven safe: ${proven.join(', ')}`;
  const open = metrics.filter(isOpen).map(partName);
  const doubt =
    open.length === 0
      ? ''
      : `; not excluded by what was seen: a difference beyond the margin of ${open.join(', ')}`;
  return `the bake time is over and nothing speaks against the canary${proof}${doubt}`;
}

/** Whether what was seen is compatible with a difference beyond the hard margin, or the soft one where there is no other. */
function isOpen({ soft, hard, interval, proven }: MetricAssessment): boolean {
  const margin = hard ?? soft;
  if (margin === null || interval === null || proven === true) return false;
  return margin < 0 ? interval[0] <= margin : interval[1] >= margin;
}

function holdingText(holding: Holding, t: number): string {
  switch (holding.kind) {
    case 'bake':
      return `baking, ${duration(holding.until - t)} to go`;
    case 'requests':
      return `${Math.floor(holding.have)} of ${holding.need} canary requests seen`;
    case 'users':
      return `${holding.have} of ${holding.need} canary users seen`;
    case 'coverage':
      return `${Math.floor(holding.have)} of ${holding.need} canary ${holding.of} with ${holding.slice} seen`;
    case 'proof':
      return `not yet proven safe: ${holding.metrics.join(', ')}`;
    case 'improvement':
      return `not yet shown to be better: ${holding.metrics.join(', ')}`;
    case 'exceedances':
      return `${holding.metric}: ${holding.have} of ${holding.need} canary requests above the edge`;
    case 'quiet':
      return quietText(holding, t);
    case 'clean':
      return holding.since === null
        ? 'the old path is still in use'
        : `the old path has been unused for ${duration(holding.have)} of ${duration(holding.need)}`;
    case 'references':
      return holding.detail;
    case 'split':
      return `data problem, the traffic is not split as planned: ${holding.detail}`;
    case 'doubt':
      return doubtText(holding, t);
    case 'data':
      return holding.rejections.length > 0
        ? [...new Set(holding.rejections.map(rejectionText))].join('; ')
        : 'many polls of this stage were rejected';
    default:
      return unreachable(holding);
  }
}

function rejectionText(rejection: Rejection): string {
  switch (rejection.kind) {
    case 'source-down':
      return `the metric source does not answer (${rejection.detail})`;
    case 'no-baseline':
      return `${rejection.metric}: no series of the baseline`;
    case 'no-canary':
      return `${rejection.metric}: no series of the canary`;
    case 'reset':
      return `${rejection.metric}: a counter was reset (${rejection.series})`;
    case 'gap':
      return `${rejection.metric}: a gap in ${rejection.series}`;
    case 'invalid':
      return `${rejection.metric}: ${rejection.detail}`;
    default:
      return unreachable(rejection);
  }
}

function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}

/** How a metric's own value reads. */
function valueText({ kind }: Metric): (value: number | null) => string {
  if (kind === 'ratio') return percent;
  return kind === 'latency' ? seconds : plain;
}

function percent(rate: number | null): string {
  return rate === null ? 'no value' : `${digits(rate * 100)} %`;
}

/** A difference with its sign: shares in percentage points, values in their unit. */
function differenceText(difference: number, { kind }: Metric): string {
  const sign = difference < 0 ? '-' : '+';
  return kind === 'ratio' || kind === 'latency'
    ? `${sign}${digits(Math.abs(difference) * 100)} pp`
    : `${sign}${digits(Math.abs(difference))}`;
}

function seconds(value: number | null): string {
  if (value === null) return 'no value';
  return value < 1 ? `${digits(value * 1000)} ms` : `${digits(value)} s`;
}

function plain(value: number | null): string {
  return value === null ? 'no value' : digits(value);
}

function digits(value: number): string {
  const rounded = Number(value.toPrecision(Math.abs(value) < 10 ? 2 : 3));
  return Math.abs(rounded) < 10_000 ? String(rounded) : inGroups(rounded);
}
