import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { type Matcher, matchersOf, withMatchers, withName } from '../plans/promql.ts';
import { stageMetric } from '../plans/stages.ts';
import type { Margin } from '../plans/units.ts';

export type Cohort = 'baseline' | 'canary';

/** What one cohort's metric is over a window, as PromQL. `window`: a duration or a variable of Grafana. */
export interface CohortExpression {
  expr: string;
  /** As Grafana names units. */
  unit: 'percentunit' | 's' | 'short';
}

/** People look at what the gate decides on; the gate itself counts differences of raw samples and not rates. */
export function cohortExpression(
  plan: Plan,
  metric: Metric,
  { cohort, window }: { cohort: Cohort; window: string },
): CohortExpression {
  const of = (selector: string) => withMatchers(selector, cohortMatchers(plan, cohort));
  const rate = (selector: string) => `sum(rate(${of(selector)}[${window}]))`;
  switch (metric.kind) {
    case 'ratio':
      return {
        expr: `${rate(metric.bad ?? metric.good ?? metric.total)} / ${rate(metric.total)}`,
        unit: 'percentunit',
      };
    case 'latency': {
      const buckets = withName(metric.histogram, (name) =>
        name.endsWith('_bucket') ? name : `${name}_bucket`,
      );
      const native = withName(metric.histogram, (name) => name.replace(/_bucket$/, ''));
      const quantile = (inner: string) => `histogram_quantile(${metric.quantile}, ${inner})`;
      return {
        // Whichever of the two kinds of histogram there is.
        expr:
          `${quantile(`sum by (le) (rate(${of(buckets)}[${window}]))`)} ` +
          `or ${quantile(`sum(rate(${of(native)}[${window}]))`)}`,
        unit: 's',
      };
    }
    case 'mean':
      return { expr: `${rate(metric.sum)} / ${rate(metric.count)}`, unit: 'short' };
    case 'gauge':
      return { expr: `avg(${of(metric.gauge)})`, unit: 'short' };
  }
}

/**
 * How far the canary may be from the baseline in the stage that runs, as the server tells it: of two margins the smaller one. Without
 * labels; nothing while no rollout runs.
 */
export function runningMargin(
  plan: Plan,
  { metric, baseline, margin, direction }: MarginOf & { metric: string; baseline: string },
): string {
  const of = (unit: string) =>
    `tidegate_rollout_margin{flag="${plan.flag.key}",environment="${plan.environment}",metric="${metric}",margin="${margin}",direction="${direction}",unit="${unit}"}`;
  const share = `abs(${baseline}) * on () max(${of('ratio')})`;
  return `min(max by (unit) (${of('absolute')}) or label_replace(${share}, "unit", "ratio", "", ""))`;
}

export interface MarginOf {
  margin: 'soft' | 'hard';
  direction: Margin['direction'];
}

/** The directions that any stage of the plan has for a metric's margin: one, but for very odd plans. */
export function directionsOf(plan: Plan, metric: string, margin: MarginOf['margin']): Margin['direction'][] {
  const all = plan.stages.flatMap((_, index) => stageMetric(plan, index, metric)[margin]?.direction ?? []);
  return [...new Set(all)];
}

function cohortMatchers({ source: { cohorts } }: Plan, cohort: Cohort): Matcher[] {
  if ('label' in cohorts) return [{ label: cohorts.label, op: '=', value: cohorts[cohort] }];
  return matchersOf(cohorts[cohort]);
}
