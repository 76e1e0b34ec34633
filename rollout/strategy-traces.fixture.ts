import { latencyBuckets, poisson, randomOf } from '../analysis/traffic.fixture.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import { planInStage } from '../plans/shadow.ts';
import { planSlices } from '../plans/slices.ts';
import { isAlike, isShadowing, stageExposure, stageShare } from '../plans/stages.ts';

/** What becomes of the new path, from the second half of each stage on. */
export const SCENARIOS = ['good', 'failing', 'slow', 'no data', 'out of hours'] as const;
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
          rate: bad && scenario === 'failing' ? 0.08 : 0.005,
          mean: bad && scenario === 'slow' ? 2.5 * MEAN : MEAN,
        });
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
