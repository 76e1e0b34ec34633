import { addHistograms } from '../analysis/histogram.ts';
import { latencyBuckets, poisson, randomOf } from '../analysis/traffic.fixture.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import { planInStage } from '../plans/shadow.ts';
import { planSlices, severable, sliceMetrics } from '../plans/slices.ts';
import { isAlike, isShadowing, stageExposure, stageShare } from '../plans/stages.ts';

/** What becomes of the new path, from the second half of each stage on. */
export const SCENARIOS = ['good', 'failing', 'slow', 'no data', 'out of hours', 'one slice'] as const;
export type Scenario = (typeof SCENARIOS)[number];

const POLL = 30;
/** Requests of a poll: a busy service, and the same at night. */
const BUSY = 1500;
const NIGHT = 4;
const USERS = 20_000;
/** Share of the traffic that segments and tenants are. */
const AUDIENCE = 0.02;
const MEAN = 0.12;

/** One rollout of a plan through all of its stages, each for its bake time and a little more, the same for the same seed. */
export function strategyTrace(plan: Plan, scenario: Scenario, seed: number): Sample[] {
  const random = randomOf(seed);
  const samples: Sample[] = [];
  let t = 0;
  plan.stages.forEach((stage, index) => {
    if (stage.decommission !== undefined) return;
    const polls = Math.ceil(stage.bake / POLL) + 8;
    for (let i = 0; i < polls; i += 1) {
      t += POLL;
      const turned = i >= polls / 2 && !isAlike(stage);
      // Prometheus is away for longer than the plan bears.
      if (scenario === 'no data' && i >= polls / 4 && i < (polls * 3) / 4) continue;
      const requests = scenario === 'out of hours' ? NIGHT : BUSY;
      const canary = shareOf(plan, index);
      const of = (share: number, bad: boolean): CohortSample =>
        cohort(random, planInStage(plan, index).metrics, {
          requests: poisson(random, requests * share),
          rate: bad && (scenario === 'failing' || scenario === 'one slice') ? 0.08 : 0.005,
          mean: bad && scenario === 'slow' ? 2.5 * MEAN : MEAN,
        });
      if (scenario === 'one slice') {
        samples.push({ stage: stage.name, t, ...withOneWorse(plan, index, { of, turned, canary }) });
        continue;
      }
      const baseline = isShadowing(stage) ? canary : 1 - canary;
      const users = (share: number) =>
        plan.source.users === undefined || isShadowing(stage) ? {} : { users: Math.round(USERS * share) };
      samples.push({
        stage: stage.name,
        t,
        baseline: { ...of(baseline, false), ...users(baseline) },
        canary: { ...of(canary, turned), ...users(canary) },
        ...slicesOf(plan, (share, bad) => ({
          baseline: of(baseline * share, false),
          canary: of(canary * share, bad && turned),
        })),
      });
    }
  });
  return samples;
}

/** Each slice is a tenth of the traffic, and goes the way of the whole. */
function slicesOf(
  plan: Plan,
  part: (share: number, bad: boolean) => Record<'baseline' | 'canary', CohortSample>,
): Pick<Sample, 'slices'> {
  const slices = planSlices(plan).map((slice) => [slice, part(0.1, true)] as const);
  return slices.length === 0 ? {} : { slices: Object.fromEntries(slices) };
}

/** Each slice is a tenth of the traffic and part of the whole, and the first that can be taken off alone is the one that turns bad. */
function withOneWorse(
  plan: Plan,
  index: number,
  {
    of,
    turned,
    canary,
  }: { of: (share: number, bad: boolean) => CohortSample; turned: boolean; canary: number },
): Pick<Sample, 'baseline' | 'canary' | 'slices'> {
  const [worse] = severable(plan).keys();
  const slices = planSlices(plan);
  const { percent, segments } = stageExposure(plan, index);
  const parts = slices.map((slice) => {
    const share = segments.includes(slice) ? 1 : percent / 100;
    const metrics = sliceMetrics(plan, slice).map(({ name }) => name);
    const part = {
      baseline: only(metrics, of(0.1 * (1 - share), false)),
      canary: only(metrics, of(0.1 * share, turned && slice === worse)),
    };
    return [slice, part] as const;
  });
  const others = 1 - 0.1 * slices.length;
  const baseline = isShadowing(plan.stages[index]) ? canary : 1 - canary;
  return {
    baseline: parts.reduce((sum, [, part]) => plus(sum, part.baseline), of(others * baseline, false)),
    canary: parts.reduce((sum, [, part]) => plus(sum, part.canary), of(others * canary, false)),
    slices: Object.fromEntries(parts),
  };
}

function only(metrics: readonly string[], { requests, ratios, histograms }: CohortSample): CohortSample {
  const kept = <T>(all: Record<string, T>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => metrics.includes(name)));
  return { requests, ratios: kept(ratios), histograms: kept(histograms) };
}

function plus(whole: CohortSample, part: CohortSample): CohortSample {
  const ratios = Object.entries(whole.ratios).map(([name, { events, total }]) => {
    const more = part.ratios[name] ?? { events: 0, total: 0 };
    return [name, { events: events + more.events, total: total + more.total }] as const;
  });
  const histograms = Object.entries(whole.histograms).map(
    ([name, buckets]) => [name, addHistograms(part.histograms[name] ?? null, buckets)] as const,
  );
  return {
    requests: whole.requests + part.requests,
    ratios: Object.fromEntries(ratios),
    histograms: Object.fromEntries(histograms),
  };
}

function shareOf(plan: Plan, index: number): number {
  const { percent, mode } = stageExposure(plan, index);
  if (mode === 'shadow') return 1;
  return mode === 'dark' || mode === 'aa' ? percent / 100 : Math.max(stageShare(plan, index), AUDIENCE);
}

function cohort(
  random: () => number,
  metrics: readonly Metric[],
  { requests, rate, mean }: { requests: number; rate: number; mean: number },
): CohortSample {
  const sample: CohortSample = { requests, ratios: {}, histograms: {} };
  for (const metric of metrics) {
    if (metric.kind === 'ratio') {
      const chance = metric.good === undefined ? rate : 0.1;
      const events = Math.min(requests, poisson(random, requests * chance));
      sample.ratios[metric.name] = { events, total: requests };
    } else if (metric.kind === 'latency') {
      sample.histograms[metric.name] = latencyBuckets(random, { requests, mean });
    }
  }
  return sample;
}
