import type { Metric } from '../plans/metric.ts';
import type { EvidenceSeries, MetricSeries, SeriesDifference } from '../plans/report.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import { bandIn } from './bands.ts';
import { assess } from './gate.ts';
import { addHistograms, quantileOf } from './histogram.ts';
import { marginsOfLatency } from './latency.ts';
import { isCompared } from './margins.ts';
import { type Replay, type StoredPoll, soundSample, type Visit } from './replay.ts';
import { thresholdOf } from './stops.ts';
import type { Steps } from './unhurried.ts';
import { valueOf } from './value.ts';

/** Points that a chart can show. */
const MOST_POINTS = 240;
const POINTS_AT_ONCE = 8;

interface Group {
  visit: Visit;
  t: number;
  polls: StoredPoll[];
}

/** Both cohorts of every metric, and the evidence, over the rollout: neighbouring polls of a stage as one point, some points a step. */
export function* seriesOf(
  replay: Replay,
  polls: readonly StoredPoll[],
): Steps<{ metrics: MetricSeries[]; evidence: EvidenceSeries }> {
  const { plan } = replay;
  const groups = grouped(replay, polls);
  const metrics: MetricSeries[] = [];
  for (const metric of plan.metrics)
    metrics.push({
      metric: metric.name,
      kind: metric.kind,
      quantile: metric.kind === 'latency' ? metric.quantile : null,
      points: yield* pointsOf(metric, groups),
    });
  return {
    metrics,
    evidence: {
      threshold: thresholdOf(plan),
      points: groups.map(({ t, polls: own }) => ({ t, lnE: highest(own) })),
    },
  };
}

function grouped(replay: Replay, polls: readonly StoredPoll[]): Group[] {
  const known = polls.flatMap((poll) => {
    const visit = poll.t < 0 ? null : replay.visitAt(poll.t);
    return visit === null ? [] : [{ poll, visit }];
  });
  const size = Math.max(1, Math.ceil(known.length / MOST_POINTS));
  const groups: Group[] = [];
  for (const { poll, visit } of known) {
    const last = groups.at(-1);
    if (last !== undefined && last.visit === visit && last.polls.length < size) {
      last.polls.push(poll);
      last.t = poll.t;
    } else groups.push({ visit, t: poll.t, polls: [poll] });
  }
  return groups;
}

function highest(polls: readonly StoredPoll[]): number | null {
  const found = polls.flatMap(({ assessment }) => (assessment === null ? [] : [assessment.lnE]));
  return found.length === 0 ? null : Math.max(...found);
}

type Bound = (baseline: number) => number | null;
const NONE: Bound = () => null;

function* pointsOf(metric: Metric, groups: readonly Group[]): Steps<MetricSeries['points']> {
  const bounds = new Map<Visit, { soft: Bound; hard: Bound }>();
  const points: MetricSeries['points'] = [];
  for (const { visit, t, polls } of groups) {
    if (points.length % POINTS_AT_ONCE === 0) yield;
    const samples = polls.map(soundSample).filter((sample) => sample !== null);
    const baseline = valueIn(metric, samples, 'baseline');
    const known = bounds.get(visit) ?? boundsOf(metric, visit);
    bounds.set(visit, known);
    points.push({
      t,
      baseline,
      canary: valueIn(metric, samples, 'canary'),
      soft: baseline === null ? null : known.soft(baseline),
      hard: baseline === null ? null : known.hard(baseline),
      baselineBand: bandIn(metric, samples, 'baseline'),
      canaryBand: bandIn(metric, samples, 'canary'),
      difference: differenceIn(metric, polls),
    });
  }
  return points;
}

/** What the gate said last; null: it said nothing. */
function differenceIn(metric: Metric, polls: readonly StoredPoll[]): SeriesDifference | null {
  const { assessment } = polls.findLast((poll) => poll.assessment !== null) ?? {};
  const found = assessment?.metrics.find((one) => one.metric === metric.name && one.slice === undefined);
  if (found === undefined || !Number.isFinite(found.estimate)) return null;
  const { estimate, interval, soft, hard } = found;
  const known = interval?.every(Number.isFinite) === true;
  return { estimate, interval: known ? [...interval] : null, soft, hard };
}

/** What the canary may show beside a baseline's value, by the margins of a visit. */
function boundsOf(metric: Metric, visit: Visit): { soft: Bound; hard: Bound } {
  const { plan } = visit;
  if (!isCompared(plan.stages[visit.stageIndex])) return { soft: NONE, hard: NONE };
  const known = visit.evidence.metrics[metric.name];
  if (known?.kind === 'latency') {
    const { soft, hard } = marginsOfLatency(plan, {
      stage: visit.stageIndex,
      metric: metric.name,
      evidence: known,
    });
    const slower = (margin: number | null): Bound =>
      margin === null ? NONE : (baseline) => baseline * (1 + margin);
    return { soft: slower(soft), hard: slower(hard) };
  }
  const found = assess(visit.evidence, plan, { ...visit.context, brief: true }).metrics.find(
    (one) => one.metric === metric.name,
  );
  const beside = (margin: number | null): Bound => (margin === null ? NONE : (baseline) => baseline + margin);
  return { soft: beside(found?.soft ?? null), hard: beside(found?.hard ?? null) };
}

/** Of several polls together; null: none of them has any. */
function valueIn(metric: Metric, samples: readonly Sample[], cohort: 'baseline' | 'canary'): number | null {
  const cohorts = samples.map((sample) => sample[cohort]);
  switch (metric.kind) {
    case 'ratio':
      return rateIn(metric.name, cohorts);
    case 'latency': {
      const found = cohorts.flatMap(({ histograms }) => {
        const own = histograms[metric.name];
        return own === undefined ? [] : [own];
      });
      const [first, ...others] = found;
      if (first === undefined) return null;
      return quantileOf(others.reduce(addHistograms, first), metric.quantile);
    }
    case 'mean':
    case 'gauge': {
      let [sum, weight] = [0, 0];
      for (const one of cohorts) {
        const value = valueOf(metric, one);
        if (value === null || !Number.isFinite(value.value)) continue;
        sum += value.value * value.weight;
        weight += value.weight;
      }
      return weight > 0 ? sum / weight : null;
    }
    default:
      return unreachable(metric);
  }
}

function rateIn(name: string, cohorts: readonly CohortSample[]): number | null {
  let [events, total] = [0, 0];
  for (const { ratios } of cohorts) {
    events += ratios[name]?.events ?? 0;
    total += ratios[name]?.total ?? 0;
  }
  return total > 0 && Number.isFinite(events) ? events / total : null;
}

function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}
