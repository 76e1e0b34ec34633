import type { Exposure } from '../plans/exposure.ts';
import { isFailure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import type { AlertRule, LabelValues, PreflightFinding, ServedSplit } from '../plans/preflight.ts';
import { selectorParts } from '../plans/promql.ts';

/** Values of a label beyond which a drill-down tells only the busiest apart. */
const MOST_VALUES = 100;

/** Labels that tell nothing apart, or too much. */
export function labelFindings(labels: readonly LabelValues[]): PreflightFinding[] {
  return labels.flatMap(({ metric, label, values, series, labelled }): PreflightFinding[] => {
    const at = { check: 'labels', where: `${metric}: ${label}` } as const;
    if (series === 0) return [];
    if (labelled === 0)
      return [
        {
          ...at,
          severity: 'warning',
          message: `no series has the label ${label}`,
          instead: 'a label that the series have, or none',
        },
      ];
    if (values > MOST_VALUES)
      return [
        {
          ...at,
          severity: 'warning',
          message: `${label} has ${values} values: only the ${MOST_VALUES - 1} busiest are told apart, and each poll reads ${series} series`,
          instead: 'a label with few values',
        },
      ];
    if (values === 1)
      return [
        { ...at, severity: 'note', message: `${label} has one value: it tells nothing apart`, instead: '' },
      ];
    return [];
  });
}

/** The rules that are about this plan: one of their labels names its service or flag, or their expression its series. */
export function rulesAbout(plan: Plan, rules: readonly AlertRule[]): AlertRule[] {
  const names = new Set(seriesOf(plan));
  const said = [plan.metadata.service, plan.flag.key].filter((name) => name !== undefined);
  return rules.filter(
    ({ expr, labels }) =>
      Object.values(labels).some((value) => said.includes(value)) ||
      wordsOf(expr).some((word) => names.has(word)) ||
      said.some((name) => expr.includes(`"${name}"`)),
  );
}

export function alertFindings(plan: Plan, rules: readonly AlertRule[] | null): PreflightFinding[] {
  const at = { check: 'alerts', where: `source ${plan.source.prometheus}` } as const;
  if (rules === null)
    return [
      {
        ...at,
        severity: 'note',
        message: 'it serves no alerting rules: whether the service has alerts is not known',
        instead: '',
      },
    ];
  const about = rulesAbout(plan, rules);
  if (about.length === 0)
    return [
      {
        ...at,
        severity: 'warning',
        message:
          rules.length === 0
            ? 'it has no alerting rule'
            : `none of its ${rules.length} alerting rules names the service or the plan's series`,
        instead: 'alerts for the service: they see what no metric of the plan looks at',
      },
    ];
  return about
    .filter(({ healthy }) => !healthy)
    .map(({ name }) => ({
      ...at,
      severity: 'warning',
      message: `the alerting rule ${name} cannot be evaluated`,
      instead: 'mend the rule',
    }));
}

function seriesOf(plan: Plan): string[] {
  const selectors = plan.metrics.flatMap((metric) => {
    switch (metric.kind) {
      case 'ratio':
        return [metric.total, metric.bad ?? metric.good ?? metric.total];
      case 'latency':
        return [metric.histogram];
      case 'mean':
        return [metric.sum, metric.count];
      case 'gauge':
        return [metric.gauge];
    }
  });
  return selectors.flatMap((selector) => {
    try {
      const { name } = selectorParts(selector);
      return [name, `${name}_bucket`, `${name}_count`, `${name}_sum`];
    } catch (error) {
      // A broken selector is a finding of its own.
      if (isFailure(error)) return [];
      throw error;
    }
  });
}

function wordsOf(expr: string): string[] {
  return expr.match(/[a-zA-Z_:][a-zA-Z0-9_:]*/g) ?? [];
}

/** By this factor the odds of the canary may differ from the flag's: users differ in how much they ask. */
const PLAUSIBLE = 2;
/** Standard deviations of counting beyond the band. */
const BEYOND = 4;

/**
 * Whether the requests are split as the flag says: a wide band, as requests are not users. Segments only raise the
 * canary's share, by as much as nobody knows. Null: too few requests to say anything.
 */
export function splitFinding(split: ServedSplit, exposure: Exposure): PreflightFinding | null {
  const { baseline, canary, seconds } = split;
  const total = baseline + canary;
  if (total < 100) return null;
  const share = canary / total;
  const said = exposure.percent / 100;
  const odds = said / (1 - said);
  const bound = (factor: number) => (said >= 1 ? 1 : (odds * factor) / (1 + odds * factor));
  const error = (at: number) => BEYOND * Math.sqrt(Math.max(at * (1 - at), 1 / total) / total);
  const [low, high] = [bound(1 / PLAUSIBLE), bound(PLAUSIBLE)];
  const tooMany = exposure.segments.length === 0 && share > high + error(high);
  const tooFew = share < low - error(low);
  if (!tooMany && !tooFew) return null;
  const percent = (value: number) => `${Number((value * 100).toPrecision(3))} %`;
  const band = said <= 0 ? 'nobody' : `${percent(said)} (plausible: ${percent(low)} to ${percent(high)})`;
  return {
    severity: 'warning',
    check: 'split',
    where: `the last ${Math.round(seconds / 60)} min`,
    message: `${percent(share)} of the requests are the canary's, the flag gives it to ${band}`,
    instead:
      'check the cohort label and that every caller asks the flag; just after a change of the flag, wait a quarter of an hour',
  };
}
