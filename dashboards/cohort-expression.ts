import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { type Matcher, matchersOf, withMatchers, withName } from '../plans/promql.ts';
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

/** The line that the canary must not cross: the baseline and a margin. */
export function marginExpression(baseline: string, margin: Margin): string {
  const { absolute, relative, direction } = margin;
  const sign = direction === 'increase' ? '+' : '-';
  const share = relative === null ? null : `abs(${baseline}) * ${relative}`;
  if (share === null) return `(${baseline}) ${sign} ${absolute ?? 0}`;
  // Of two margins the smaller one holds.
  return `(${baseline}) ${sign} ${absolute === null ? share : `clamp_max(${share}, ${absolute})`}`;
}

function cohortMatchers({ source: { cohorts } }: Plan, cohort: Cohort): Matcher[] {
  if ('label' in cohorts) return [{ label: cohorts.label, op: '=', value: cohorts[cohort] }];
  return matchersOf(cohorts[cohort]);
}
