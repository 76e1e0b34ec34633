import type { Limit } from './limit.ts';
import type { Metric } from './metric.ts';
import { perPlan } from './per-plan.ts';
import type { Plan } from './plan.ts';
import { quote } from './promql-text.ts';
import type { Stage } from './stage.ts';
import { isAlike, isShadowing } from './stages.ts';

/** How the journal calls the limit on what the two paths answer differently. */
export const PARITY = 'parity of the shadow';

/** How the journal calls the limit on what tells two cohorts of the same path apart. */
export const ALIKE = 'two cohorts of the old path';

/** How the journal calls the limit on what would be a stop, were the noise of the canary known. */
export const DOUBT = 'stop by few canary instances';

/** What a stop means where both cohorts have the old path. */
export const ALIKE_TEXT = 'old path on both sides: the cohorts differ by themselves or are measured wrongly';

/** Polls over which parity is counted, and the seconds that this is at least. */
const POLLS = 4;
const LEAST = 15;

/** True for a metric that counts the runs that nobody was served by. */
export function isOfShadow({ of }: Metric): boolean {
  return of === 'shadow';
}

/**
 * The plan as the gate of stage `index` sees it: where nobody is served, with the metrics of the shadow runs and the limit on
 * parity; elsewhere without them. Where both cohorts have the old path no limit rolls back. The same object for the same stage each time.
 */
export function planInStage(plan: Plan, index: number): Plan {
  return inStages(plan)[index] ?? servedPlan(plan);
}

/** The plan without the metrics of shadow runs: what is known before a rollout, and after it. */
export function servedPlan(plan: Plan): Plan {
  return served(plan);
}

const served = perPlan((plan): Plan => {
  const metrics = plan.metrics.filter((metric) => !isOfShadow(metric));
  return metrics.length === plan.metrics.length ? plan : { ...plan, metrics };
});

const inStages = perPlan((plan): readonly Plan[] =>
  plan.stages.map((stage) => {
    if (isShadowing(stage)) return shadowPlan(plan, stage);
    return isAlike(stage) ? alikePlan(plan) : served(plan);
  }),
);

/** There is nothing to lower, and what is too high is so on the old path: people look at it. */
function alikePlan(plan: Plan): Plan {
  const limits = plan.limits.map((limit) => ({ ...limit, action: 'pause' as const }));
  return { ...served(plan), limits, coverage: [] };
}

function shadowPlan(plan: Plan, stage: Stage): Plan {
  const parity = parityLimit(plan, stage);
  const { users: _, ...source } = plan.source;
  return {
    ...plan,
    source,
    metrics: plan.metrics.filter(isOfShadow),
    limits: [...plan.limits.filter(({ name }) => name !== PARITY), ...(parity === null ? [] : [parity])],
    coverage: [],
  };
}

/** The share of the compared requests in which the paths differed, as a limit. Null where it is not to be watched. */
export function parityLimit({ flag, source }: Plan, { shadow, dark }: Stage): Limit | null {
  const above = (shadow ?? dark)?.parity;
  if (above === undefined || !Number.isFinite(above)) return null;
  const span = Math.max(LEAST, POLLS * source.poll);
  const counted = (more: string) =>
    `sum(increase(tidegate_parity_total{flag=${quote(flag.key)}${more}}[${span}s]))`;
  const differing = counted(',result=~"mismatch|error|timeout"');
  return {
    name: PARITY,
    // A result that has never been seen has no series: that is none, and not an unknown number.
    expr: `(${differing} or vector(0)) / (${counted('')} > 0)`,
    cohort: 'canary',
    above: { kind: 'value', value: above },
    for: 0,
    action: 'pause',
  };
}
