import type { Buckets, CohortSample, HistorySample, Sample } from '../../../plans/sample.ts';
import { noiseOf, poisson, streamOf } from './random.ts';
import { STEP } from './traffic.ts';

/**
 * Response times are log-normal: median 80 ms, sigma 0.6, so the 95th percentile is 215 ms. An instance's own noise is a
 * factor on all its times, drawn anew in each poll; CV 0.09 is CV 0.3 on the share above the 95th percentile. The canary
 * is one instance, the baseline two. Both share a factor of the same CV. A regression multiplies all times.
 */
const MEDIAN = 0.08;
const SIGMA = 0.6;
const REQUESTS = 200;

const EDGES = {
  fine: [0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5],
  /** The default buckets of Prometheus's clients. */
  default: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
} as const;

export interface LatencyTraffic {
  share: number;
  stage: number;
  factor: number;
  buckets: 'fine' | 'default';
  /** 1: seconds, 1000: milliseconds. */
  unit: number;
  /** Coefficient of variation of an instance's factor. */
  noise: number;
  polls: number;
}

export function latencySamples(seed: number, at: LatencyTraffic): { stage: number; sample: Sample }[] {
  const { baseline, canary } = {
    baseline: timesOf(seed, { ...at, name: 'baseline', instances: 2 }),
    canary: timesOf(seed, { ...at, name: 'canary', instances: 1 }),
  };
  const shared = noiseOf(streamOf(seed, 'shocks'), { cv: at.noise, lasting: 0 });
  return Array.from({ length: at.polls }, (_, i) => {
    const shock = shared();
    const halves = baseline({ requests: REQUESTS * STEP * (1 - at.share), factor: shock });
    const [one] = canary({ requests: REQUESTS * STEP * at.share, factor: shock * at.factor });
    const pair = [cohort(halves[0]), cohort(halves[1])] as const;
    return {
      stage: at.stage,
      sample: {
        stage: '',
        t: (i + 1) * STEP,
        baseline: cohort(plus(halves[0], halves[1])),
        canary: cohort(one),
        halves: pair,
      },
    };
  });
}

export function latencyHistory(seed: number, at: LatencyTraffic): HistorySample[] {
  const baseline = timesOf(seed, { ...at, name: 'history', instances: 2 });
  const shared = noiseOf(streamOf(seed, 'shocks before'), { cv: at.noise, lasting: 0 });
  return Array.from({ length: at.polls }, (_, i) => {
    const halves = baseline({ requests: REQUESTS * STEP, factor: shared() });
    return {
      stage: 'history',
      t: (i - at.polls + 1) * STEP,
      baseline: cohort(plus(halves[0], halves[1])),
      halves: [cohort(halves[0]), cohort(halves[1])],
    };
  });
}

type Times = (at: { requests: number; factor: number }) => [Buckets, Buckets];

function timesOf(seed: number, of: LatencyTraffic & { name: string; instances: 1 | 2 }): Times {
  const random = streamOf(seed, of.name);
  const noises = [0, 1].map((i) => noiseOf(streamOf(seed, `${of.name} ${i}`), { cv: of.noise, lasting: 0 }));
  return ({ requests, factor }) => {
    const halves = noises.map((noise): Buckets => {
      const median = MEDIAN * factor * noise();
      let [below, count] = [0, 0];
      const buckets: [number | '+Inf', number][] = [];
      for (const edge of [...EDGES[of.buckets], Infinity]) {
        const share = edge === Infinity ? 1 : distribution(Math.log(edge / median) / SIGMA);
        // Independent Poisson counts in each bucket are a Poisson number of independent requests.
        count += poisson(random, (requests / of.instances) * Math.max(0, share - below));
        below = share;
        buckets.push([edge === Infinity ? '+Inf' : edge * of.unit, count]);
      }
      return buckets;
    });
    return [halves[0] ?? [], halves[1] ?? []];
  };
}

/** The standard normal distribution to 1e-7 (Abramowitz and Stegun 26.2.17). */
function distribution(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const sum =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
  return z > 0 ? 1 - tail : tail;
}

function cohort(buckets: Buckets): CohortSample {
  return { requests: buckets.at(-1)?.[1] ?? 0, ratios: {}, histograms: { latency: buckets } };
}

function plus(a: Buckets, b: Buckets): Buckets {
  return a.map(([edge, count], i) => [edge, count + (b[i]?.[1] ?? 0)]);
}
