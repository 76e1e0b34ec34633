import { stringify } from 'yaml';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { stageMetric } from '../plans/stages.ts';
import type { Margin } from '../plans/units.ts';
import { cohortExpression, directionsOf, runningMargin } from './cohort-expression.ts';

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

/**
 * The alert watches the margin of the stage that runs, as the server tells it. While no server does (it is away, or no rollout runs and
 * the canary is served) it watches the first hard margin of the plan: silence would look like health.
 */
function alerts(plan: Plan, metric: Metric): object[] {
  const labels = labelsOf(plan, metric);
  const of = `flag="${labels.flag}",environment="${labels.environment}",metric="${metric.name}"`;
  const series = (cohort: string) => `tidegate:cohort_metric:rate5m{${of},cohort="${cohort}"}`;
  return directionsOf(plan, metric.name, 'hard').flatMap((direction) => {
    const baseline = `max(${series('baseline')})`;
    const running = runningMargin(plan, { metric: metric.name, baseline, margin: 'hard', direction });
    const written = writtenMargin(plan, { metric: metric.name, baseline, direction });
    const [worse, better] = direction === 'increase' ? ['canary', 'baseline'] : ['baseline', 'canary'];
    return [
      {
        record: 'tidegate:cohort_margin:hard',
        expr: `${running} or ${written}`,
        labels: { ...labels, direction },
      },
      {
        alert: 'TidegateCanaryWorse',
        expr: `(${series(worse)} - ignoring (cohort) ${series(better)}) > ignoring (direction) tidegate:cohort_margin:hard{${of},direction="${direction}"}`,
        for: '5m',
        labels: { ...labels, severity: 'warning' },
        annotations: {
          summary: `The canary of ${labels.flag} is beyond its hard margin in ${metric.name}.`,
          description:
            'For five minutes, by the plain rates. If the rollout has not stopped by itself, look with `tidegate status`.',
        },
      },
    ];
  });
}

function writtenMargin(
  plan: Plan,
  { metric, baseline, direction }: { metric: string; baseline: string; direction: Margin['direction'] },
): string {
  const { absolute, relative } = plan.stages
    .map((_, index) => stageMetric(plan, index, metric).hard)
    .find((one) => one?.direction === direction) ?? { absolute: 0, relative: null };
  if (relative === null) return `vector(${absolute ?? 0})`;
  const share = `abs(${baseline}) * ${relative}`;
  return absolute === null ? share : `clamp_max(${share}, ${absolute})`;
}
