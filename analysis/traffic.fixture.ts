import { Plan } from '../plans/plan.ts';
import type { Buckets, Reading, Sample } from '../plans/sample.ts';

/** A plan of the simulations: 15 s polls, error margins +0.1 pp and +0.5 pp, stages of an hour. */
export function planOf(more: Record<string, unknown> = {}): Plan {
  return Plan.parse({
    metadata: { name: 'pricing-v2' },
    flag: { key: 'pricing-v2' },
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp', hard: '+0.5pp' }],
    stages: [1, 5, 25, 50].map((percent) => ({ name: `${percent}%`, percent, bake: '1h' })),
    ...more,
  });
}

/** Seeded random numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function poisson(random: () => number, mean: number): number {
  if (mean > 200) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const floor = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > floor; product *= random()) count++;
  return count;
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export interface Traffic {
  /** Requests per poll of both cohorts together. */
  requests: number;
  share: number;
  baseline: number;
  canary: number;
}

/** One poll of errors among requests. */
export function errorsPoll(random: () => number, at: Traffic & { stage: string; t: number }): Sample {
  const cohort = (share: number, rate: number) => {
    const requests = poisson(random, at.requests * share);
    return {
      requests,
      ratios: { errors: { events: Math.min(requests, poisson(random, requests * rate)), total: requests } },
      histograms: {},
    };
  };
  return {
    stage: at.stage,
    t: at.t,
    baseline: cohort(1 - at.share, at.baseline),
    canary: cohort(at.share, at.canary),
  };
}

/** A histogram of exponential response times. */
export function latencyBuckets(
  random: () => number,
  { requests, mean }: { requests: number; mean: number },
): Buckets {
  const edges = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5];
  const counts = edges.map(() => 0);
  for (let i = 0; i < requests; i++) {
    const time = -mean * Math.log(1 - random());
    edges.forEach((edge, k) => {
      if (time <= edge) counts[k] = (counts[k] ?? 0) + 1;
    });
  }
  return [...edges.map((edge, k): [number, number] => [edge, counts[k] ?? 0]), ['+Inf', requests]];
}

export function reading(sample: Sample, expressions: Record<string, number> = {}): Reading {
  return { kind: 'sample', sample, expressions, queries: [] };
}

export function rejected(t: number): Reading {
  return {
    kind: 'rejected',
    t,
    rejections: [{ kind: 'source-down', detail: 'connection refused' }],
    queries: [],
  };
}
