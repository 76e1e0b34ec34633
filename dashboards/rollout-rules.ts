import { stringify } from 'yaml';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { stageMetric } from '../plans/stages.ts';
import { cohortExpression } from './cohort-expression.ts';

const WINDOW = '5m';
const COHORTS = ['baseline', 'canary'] as const;

/**
 * Prometheus rules for a plan, as YAML: both cohorts of each metric as recorded series, and an alert that watches for
 * people while a canary is served. It does not decide: the gate does, by a test that alerts cannot make.
 */
export function rolloutRules(plan: Plan): string {
  const rules = plan.metrics.flatMap((metric) => [
    ...COHORTS.map((cohort) => recording(plan, metric, cohort)),
    ...alerts(plan, metric),
  ]);
  const { metadata, environment } = plan;
  const name = `tidegate-${metadata.name}-${environment}`;
  const head = `# Made by \`tidegate dashboards generate\` of the plan ${metadata.name}. Make it again when the plan changes.\n`;
  return `${head}${stringify({ groups: [{ name, rules }] }, { lineWidth: 0 })}`;
}

function labelsOf(plan: Plan, metric: Metric) {
  return { flag: plan.flag.key, environment: plan.environment, metric: metric.name };
}

function recording(plan: Plan, metric: Metric, cohort: (typeof COHORTS)[number]) {
  return {
    record: 'tidegate:cohort_metric:rate5m',
    expr: cohortExpression(plan, metric, { cohort, window: WINDOW }).expr,
    labels: { ...labelsOf(plan, metric), cohort },
  };
}

function alerts(plan: Plan, metric: Metric): object[] {
  const hard = plan.stages
    .map((_, index) => stageMetric(plan, index, metric.name).hard)
    .find((one) => one !== null);
  if (hard == null) return [];
  const labels = labelsOf(plan, metric);
  const series = (cohort: string) =>
    `tidegate:cohort_metric:rate5m{flag="${labels.flag}",environment="${labels.environment}",metric="${metric.name}",cohort="${cohort}"}`;
  const more = hard.direction === 'increase';
  const [worse, better] = more ? ['canary', 'baseline'] : ['baseline', 'canary'];
  const limits = [
    ...(hard.absolute === null ? [] : [`${hard.absolute}`]),
    ...(hard.relative === null ? [] : [`abs(${series('baseline')}) * ${hard.relative}`]),
  ];
  // Of two margins the smaller one holds, so crossing either of them is enough.
  const difference = `(${series(worse)} - ignoring (cohort) ${series(better)})`;
  const crossed = limits.map((limit) => compare(difference, limit)).join(' or ');
  return [
    {
      alert: 'TidegateCanaryWorse',
      expr: crossed,
      for: '5m',
      labels: { ...labels, severity: 'warning' },
      annotations: {
        summary: `The canary of ${labels.flag} is beyond its hard margin in ${metric.name}.`,
        description:
          'For five minutes, by the plain rates. If the rollout has not stopped by itself, look with `tidegate status`.',
      },
    },
  ];
}

function compare(difference: string, limit: string): string {
  return limit.includes('{') ? `${difference} > ignoring (cohort) ${limit}` : `${difference} > ${limit}`;
}
