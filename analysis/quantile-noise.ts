import type { LatencyMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets, CohortSample, HistorySample, SliceSample } from '../plans/sample.ts';
import { assumedDispersion, type Dispersion, type Knots } from './dispersion.ts';
import { addHalves, type Halves, NO_HALVES } from './halves.ts';
import { addHistograms, countAbove, countAt, histogramTotal } from './histogram.ts';
import { curveOf } from './history.ts';
import { bucketFault } from './soundness.ts';
import { dispersionsOf } from './stage.ts';
import type { Steps } from './unhurried.ts';

/** Quantiles that people ask for, beside that of the plan; of a slice that of the plan alone. */
const QUANTILES = [0.5, 0.95, 0.99] as const;
/** Baseline requests from which the edge is chosen at which the noise of a quantile is measured. */
const FEWEST_REQUESTS = 1000;

/** What a comparison needs to know of one quantile of a latency beside its histograms. */
export interface QuantileNoise {
  quantile: number;
  /** The edge nearest the baseline's quantile: there the baseline's halves are compared. Null: none yet. */
  edge: number | null;
  halves: Halves;
  /** The curve at that edge before the rollout; null: not known. */
  learnt: Knots | null;
}

/** The same of all of them, and what one visit of a stage has seen. A gate does not know it: nothing is decided by a quantile. */
export interface QuantileSeries {
  noises: readonly QuantileNoise[];
  /** The baseline until edges can be chosen. */
  before: Buckets | null;
  polls: number;
  /** Sums over the polls of the squared number of requests. */
  squares: { baseline: number; canary: number };
}

/** Those of a table: of the whole the usual ones and the plan's, of a slice the plan's. */
export function shownQuantiles({ quantile }: LatencyMetric, slice: string | null): number[] {
  const shown = slice === null ? [...QUANTILES, quantile] : [quantile];
  return [...new Set(shown)].sort((a, b) => a - b);
}

interface Past {
  metric: LatencyMetric;
  slice: string | null;
  noise: number;
  history: readonly HistorySample[];
}

/** What the time before tells: where there was enough, the edges and the noise at them, a curve a step. */
export function* openQuantiles({ metric, slice, noise, history }: Past): Steps<QuantileSeries> {
  let seen: Buckets | null = null;
  for (const { baseline } of history) {
    const here = soundOf(baseline, metric);
    if (here !== null) seen = addHistograms(seen, here);
  }
  const noises: QuantileNoise[] = [];
  for (const one of chosen(seen, shownQuantiles(metric, slice))) {
    yield;
    const { edge } = one;
    const learnt = edge === null ? null : curveOf(history, noise, (half) => aboveIn(half, metric, edge));
    noises.push({ ...one, learnt });
  }
  return { noises, before: seen, polls: 0, squares: { baseline: 0, canary: 0 } };
}

/** A stage is entered: its counts begin, what is known of the noise stays. */
export function enterQuantiles(series: QuantileSeries): QuantileSeries {
  return { ...series, polls: 0, squares: { baseline: 0, canary: 0 } };
}

/** One poll, of the whole or of a slice. */
export function observeQuantiles(
  series: QuantileSeries,
  { metric, slice }: Pick<Past, 'metric' | 'slice'>,
  { baseline, canary, halves }: SliceSample,
): QuantileSeries {
  const [ours, theirs] = [soundOf(canary, metric), soundOf(baseline, metric)];
  if (ours === null || theirs === null) return series;
  const [nc, nb] = [histogramTotal(ours), histogramTotal(theirs)];
  const next = {
    ...series,
    polls: series.polls + 1,
    squares: {
      baseline: series.squares.baseline + nb * nb,
      canary: series.squares.canary + nc * nc,
    },
  };
  const shown = shownQuantiles(metric, slice);
  const known = shown.map((quantile) => series.noises.find((one) => one.quantile === quantile));
  if (known.every((one) => one !== undefined && one.edge !== null)) {
    next.noises = known.flatMap((one) => (one === undefined ? [] : [halved(one, metric, halves)]));
    return next;
  }
  // Chosen from the polls up to this one, measured on those after it.
  next.before = addHistograms(series.before, theirs);
  const fresh = chosen(next.before, shown);
  next.noises = fresh.map((one, i) => {
    const before = known[i];
    return before === undefined || before.edge === null ? one : halved(before, metric, halves);
  });
  return next;
}

/** How much the share beyond each quantile differs between equal cohorts, by the age of a stage. */
export function quantileDispersion(
  { edge, halves, learnt }: QuantileNoise,
  { plan, fallback }: { plan: Plan; fallback?: Dispersion },
): Dispersion {
  if (edge === null) return fallback ?? assumedDispersion(plan.analysis.noise);
  const name = 'quantile';
  const context = {
    stageIndex: 0,
    edges: { [name]: [edge] },
    edgeDispersion: { [name]: [learnt] },
    ...(fallback === undefined ? {} : { fallback }),
  };
  const [found = assumedDispersion(plan.analysis.noise)] = dispersionsOf(
    { plan, context, metric: name },
    { halves: [halves], edges: [edge] },
  );
  return found;
}

function soundOf({ histograms }: Pick<CohortSample, 'histograms'>, { name }: LatencyMetric): Buckets | null {
  const found = histograms[name];
  return found === undefined || bucketFault(found) !== null ? null : found;
}

/** Requests of a half above an edge; null where its buckets do not tell. */
function aboveIn(half: CohortSample, metric: LatencyMetric, edge: number) {
  const here = soundOf(half, metric);
  if (here === null || countAt(here, edge) === null) return null;
  return { events: countAbove(here, edge), total: histogramTotal(here) };
}

function halved(one: QuantileNoise, metric: LatencyMetric, halves: SliceSample['halves']): QuantileNoise {
  if (one.edge === null || halves === undefined) return one;
  const [first, second] = [aboveIn(halves[0], metric, one.edge), aboveIn(halves[1], metric, one.edge)];
  if (first === null || second === null) return one;
  const counts = {
    canaryEvents: first.events,
    canaryTotal: first.total,
    baselineEvents: second.events,
    baselineTotal: second.total,
  };
  return { ...one, halves: addHalves(one.halves, counts) };
}

/** For each quantile the edge beyond which nearest to `1 - quantile` of the baseline lies. */
function chosen(seen: Buckets | null, quantiles: readonly number[]): QuantileNoise[] {
  const total = seen === null ? 0 : histogramTotal(seen);
  const known = total < FEWEST_REQUESTS || seen === null ? [] : seen;
  return quantiles.map((quantile) => {
    let edge: number | null = null;
    let nearest = Number.POSITIVE_INFINITY;
    for (const [at, count] of known) {
      const above = total - count;
      const distance = Math.abs(Math.log(above / total / (1 - quantile)));
      if (at === '+Inf' || above <= 0 || count <= 0 || distance >= nearest) continue;
      edge = at;
      nearest = distance;
    }
    return { quantile, edge, halves: NO_HALVES, learnt: null };
  });
}
