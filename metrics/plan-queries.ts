import { excludedNames } from '../plans/exclusion.ts';
import { isFailure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import { type Matcher, matchersOf, selectorParts, selectorText } from '../plans/promql.ts';
import { goneSlices } from '../plans/slices.ts';

export type Cohort = 'baseline' | 'canary';

/**
 * What the series of a query are counted as. `events` are the good or the bad ones of a ratio, `buckets` those of a
 * classic histogram, `native` a histogram that is one series.
 */
export type Role = 'events' | 'total' | 'buckets' | 'native' | 'sum' | 'count' | 'gauge' | 'users';

/** What is read at the window's end, and not as a difference over it. */
export function isGauge(role: Role): boolean {
  return role === 'gauge' || role === 'users';
}

/** A selector of the plan narrowed to one cohort, or to both where a label of the series tells them apart. */
export interface CohortQuery {
  metric: string;
  role: Role;
  /** Canonical text, so that plans that differ in spaces only still share the query. */
  selector: string;
  cohort: Cohort | { label: string; baseline: string; canary: string };
}

/** A selector that is none. */
export interface BrokenSelector {
  metric: string;
  query: string;
  detail: string;
}

/** An expression of the plan; `owner` is the limit or stage that it belongs to. */
export interface ExpressionQuery {
  owner: string;
  expr: string;
}

/** Every counter, histogram and gauge selector of a plan with its cohort matchers, in the plan's order. */
export function cohortQueries(plan: Plan): { queries: CohortQuery[]; broken: BrokenSelector[] } {
  const queries: CohortQuery[] = [];
  const broken: BrokenSelector[] = [];
  for (const { metric, role, selector } of selectorsOf(plan)) {
    try {
      queries.push(...perCohort(plan, selector, role).map((query) => ({ metric, role, ...query })));
    } catch (error) {
      if (!isFailure(error)) throw error;
      broken.push({ metric, query: selector, detail: error.message });
    }
  }
  return { queries, broken };
}

function selectorsOf(plan: Plan): { metric: string; role: Role; selector: string }[] {
  const selectors: { metric: string; role: Role; selector: string }[] = [];
  for (const metric of plan.metrics) {
    switch (metric.kind) {
      case 'ratio': {
        const events = metric.bad ?? metric.good;
        selectors.push({ metric: metric.name, role: 'total', selector: metric.total });
        if (events !== undefined) selectors.push({ metric: metric.name, role: 'events', selector: events });
        break;
      }
      case 'latency':
        selectors.push({ metric: metric.name, role: 'buckets', selector: metric.histogram });
        selectors.push({ metric: metric.name, role: 'native', selector: metric.histogram });
        break;
      case 'mean':
        selectors.push({ metric: metric.name, role: 'count', selector: metric.count });
        selectors.push({ metric: metric.name, role: 'sum', selector: metric.sum });
        break;
      case 'gauge':
        selectors.push({ metric: metric.name, role: 'gauge', selector: metric.gauge });
        break;
    }
  }
  if (plan.source.users !== undefined) {
    selectors.push({ metric: 'users', role: 'users', selector: plan.source.users });
  }
  return selectors;
}

function perCohort(plan: Plan, selector: string, role: Role): Pick<CohortQuery, 'selector' | 'cohort'>[] {
  const { cohorts } = plan.source;
  const { name, matchers } = selectorParts(selector);
  const series = role === 'buckets' && !name.endsWith('_bucket') ? `${name}_bucket` : name;
  const narrowed = (more: readonly Matcher[]) =>
    selectorText({ name: series, matchers: [...matchers, ...more, ...othersOnly(plan)] });
  if ('label' in cohorts) {
    const value = [cohorts.baseline, cohorts.canary].map(literally).join('|');
    return [{ selector: narrowed([{ label: cohorts.label, op: '=~', value }]), cohort: cohorts }];
  }
  return [
    { selector: narrowed(matchersOf(cohorts.baseline)), cohort: 'baseline' },
    { selector: narrowed(matchersOf(cohorts.canary)), cohort: 'canary' },
  ];
}

/**
 * Who is excluded is served by the old path alone and would be compared with nobody: series that tell them apart are read of
 * neither cohort. Series without the label match as well, and count them with the baseline.
 */
function othersOnly(plan: Plan): Matcher[] {
  const byLabel = new Map<string, string[]>();
  for (const name of new Set([...excludedNames(plan), ...goneSlices(plan)])) {
    const at = name.indexOf('=');
    const label = name.slice(0, Math.max(0, at));
    if (!/^[a-zA-Z_]\w*$/.test(label)) continue;
    byLabel.set(label, [...(byLabel.get(label) ?? []), name.slice(at + 1)]);
  }
  return [...byLabel].map(([label, values]) => ({
    label,
    op: '!~',
    value: values.map(literally).join('|'),
  }));
}

/** An RE2 expression for exactly this text. */
function literally(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** The expressions of the limits, and `unused` of the stages that decommission, each text once. */
export function expressionQueries(plan: Plan): ExpressionQuery[] {
  const owners = new Map<string, string>();
  for (const limit of plan.limits) {
    if (limit.expr !== undefined && !owners.has(limit.expr)) owners.set(limit.expr, limit.name);
  }
  for (const stage of plan.stages) {
    const unused = stage.decommission?.unused;
    if (unused !== undefined && !owners.has(unused)) owners.set(unused, stage.name);
  }
  return [...owners].map(([expr, owner]) => ({ owner, expr }));
}
