import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import type { Knots } from './dispersion.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { planOf, poisson, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;
const POLLS = 240;
const PERCENT = [1, 5, 25, 50];

export interface SlicedRollout {
  seed: number;
  /** Requests a second of both cohorts. */
  rate: number;
  /** Shares of the traffic that are slices, one after the other; the rest is in none. */
  slices: readonly number[];
  /** Whether the plan names them. */
  watched: boolean;
  /** Error rate added to the canary in the first slice alone, or in all traffic. */
  extra: number;
  where: 'first' | 'all';
  /** Coefficient of variation of the noise that each cohort has of its own in every slice and in the rest. */
  noise: number;
  /** Correlation of that noise from poll to poll; absent: none. */
  lasting?: number;
  /** First stage, into `PERCENT`. */
  from: number;
}

const nameOf = (index: number) => `tier=t${index}`;

/** A plan of four stages of an hour that names so many slices. */
export function slicedPlan(slices: number): Plan {
  return planOf({
    coverage: Array.from({ length: slices }, (_, index) => ({ slice: nameOf(index), minRequests: 1 })),
  });
}

/** When and why a rollout of sliced traffic is stopped, seconds from its beginning; null: never. */
export function slicedRollout(of: SlicedRollout, history?: Knots) {
  const random = randomOf(of.seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const { lasting = 0 } = of;
  const drifts = new Map<string, number>();
  const drift = (key: string) => {
    const known = drifts.get(key) ?? normal();
    const next = lasting * known + Math.sqrt(1 - lasting ** 2) * normal();
    drifts.set(key, next);
    return next;
  };
  const plan = slicedPlan(of.watched ? of.slices.length : 0);
  const shares = [...of.slices, 1 - of.slices.reduce((sum, share) => sum + share, 0)];
  const context = { brief: true, ...(history === undefined ? {} : { dispersion: { errors: history } }) };
  let evidence = openEvidence(plan);
  for (let stageIndex = of.from; stageIndex < PERCENT.length; stageIndex++) {
    const percent = PERCENT[stageIndex] ?? 0;
    for (let i = 0; i < POLLS; i++) {
      const t = ((stageIndex - of.from) * POLLS + i + 1) * STEP;
      const parts = shares.map((share, index) => {
        const cohort = (name: string, weight: number, extra: number) => {
          const total = poisson(random, of.rate * STEP * share * weight);
          const spread =
            of.noise === 0 ? 1 : Math.exp(of.noise * drift(`${name} ${index}`) - of.noise ** 2 / 2);
          const events = Math.min(total, poisson(random, total * (0.005 * spread + extra)));
          return { events, total };
        };
        const extra = of.where === 'all' || index === 0 ? of.extra : 0;
        return { baseline: cohort('b', 1 - percent / 100, 0), canary: cohort('c', percent / 100, extra) };
      });
      const sum = (which: 'baseline' | 'canary') =>
        cohortOf(
          parts.reduce((all, part) => all + part[which].events, 0),
          parts.reduce((all, part) => all + part[which].total, 0),
        );
      const sample: Sample = {
        stage: `${percent}%`,
        t,
        baseline: sum('baseline'),
        canary: sum('canary'),
        slices: Object.fromEntries(
          parts.slice(0, of.slices.length).map(({ baseline, canary }, index) => [
            nameOf(index),
            {
              baseline: cohortOf(baseline.events, baseline.total),
              canary: cohortOf(canary.events, canary.total),
            },
          ]),
        ),
      };
      evidence = observe(evidence, plan, reading(sample), { stageIndex, ...context });
      // Every fourth poll is enough to see a false stop; a true one is timed at each.
      if (of.extra === 0 && i % 4 !== 3) continue;
      const at = assess(evidence, plan, { stageIndex, ...context });
      if (at.verdict === 'soft' || at.verdict === 'hard')
        return { verdict: at.verdict, t, slice: at.slice ?? null, whole: at.metrics[0]?.lnE ?? 0 };
    }
    if (of.extra > 0) return null;
  }
  return null;
}

function cohortOf(events: number, total: number): CohortSample {
  return { requests: total, ratios: { errors: { events, total } }, histograms: {} };
}
