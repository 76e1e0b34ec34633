import type { Plan } from '../plans/plan.ts';
import { quote } from '../plans/promql-text.ts';
import type { Cohort, CohortQuery, Role } from './plan-queries.ts';
import type { QueryAnswer, RawSeries } from './prometheus-api.ts';

/** A series with its place in the plan. */
export interface CohortSeries extends RawSeries {
  /** Canonical text, for a fixed order of summation and for messages. */
  id: string;
  metric: string;
  role: Role;
  cohort: Cohort;
  /** The scraped process that exposes it. */
  target: string;
  /** Value of the plan's `source.replicas` label; empty where the series has none. */
  replica: string;
}

/** `name{a="1",b="2"}` with the labels in order. */
export function seriesText(labels: Readonly<Record<string, string>>): string {
  const { __name__: name = '', ...others } = labels;
  const pairs = Object.keys(others)
    .sort()
    .map((label) => `${label}=${quote(others[label] ?? '')}`);
  return `${name}{${pairs.join(',')}}`;
}

/** What all series of one histogram have in common, classic buckets and a native one alike. */
export function histogramText(labels: Readonly<Record<string, string>>): string {
  const { le: _edge, __name__: _name, ...others } = labels;
  return seriesText(others);
}

/** Samples outside (`after`, `until`] (milliseconds) are left out: servers differ on whether a range includes its left edge. */
export function cohortSeries(
  request: { plan: Plan; query: CohortQuery; after: number; until: number },
  answer: QueryAnswer,
): CohortSeries[] {
  const { plan, query, after, until } = request;
  const isNative = query.role === 'native';
  const series = answer.series.filter(({ natives }) => (natives !== undefined) === isNative);
  return series.map(({ labels, times, values, natives }) => {
    const id = seriesText(labels);
    const replica = labels[plan.source.replicas] ?? '';
    const begin = times.findIndex((time) => time > after);
    const end = times.findLastIndex((time) => time <= until) + 1;
    return {
      id,
      labels,
      times: begin === -1 ? [] : times.slice(begin, end),
      values: begin === -1 ? [] : values.slice(begin, end),
      ...(natives === undefined ? {} : { natives: begin === -1 ? [] : natives.slice(begin, end) }),
      metric: query.metric,
      role: query.role,
      cohort: cohortOf(query, labels),
      target: targetOf(labels, replica, id),
      replica,
    };
  });
}

function cohortOf({ cohort }: CohortQuery, labels: Readonly<Record<string, string>>): Cohort {
  if (typeof cohort === 'string') return cohort;
  return (labels[cohort.label] ?? '') === cohort.canary ? 'canary' : 'baseline';
}

/** A series that names no process (a recording rule, an aggregated push) is a target of its own. */
function targetOf(labels: Readonly<Record<string, string>>, replica: string, id: string): string {
  const instance = labels['instance'] ?? '';
  if (instance === '' && replica === '') return id;
  return seriesText({ job: labels['job'] ?? '', instance, ...(replica === instance ? {} : { replica }) });
}
