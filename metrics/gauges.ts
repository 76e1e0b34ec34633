import type { GaugeMetric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Rejection } from '../plans/sample.ts';
import { gaugeAt } from './changes.ts';
import { byTarget } from './differences.ts';
import type { CohortSeries } from './series.ts';
import { observeTarget, type Window } from './targets.ts';

/** A gauge series and its value at the window's end. */
export interface Gauged {
  series: CohortSeries;
  value: number;
}

/** The gauges of a plan at the window's end. A series whose target is gone, or that it no longer exposes, has none. */
export function gaugesAt(all: readonly CohortSeries[], window: Window): Gauged[] {
  const found: Gauged[] = [];
  for (const members of byTarget(all).values()) {
    const target = observeTarget(members, window);
    for (const series of members) {
      if (series.role !== 'gauge') continue;
      const value = gaugeAt(series, target);
      if (value !== undefined) found.push({ series, value });
    }
  }
  return found.sort((a, b) => (a.series.id < b.series.id ? -1 : a.series.id > b.series.id ? 1 : 0));
}

/** One cohort's gauges, each combined over its series as the plan says. A gauge without series is absent. */
export function cohortGauges(plan: Plan, gauged: readonly Gauged[]): Pick<CohortSample, 'gauges'> {
  const gauges: Record<string, number> = {};
  for (const metric of plan.metrics) {
    if (metric.kind !== 'gauge') continue;
    const values = gauged.filter(({ series }) => series.metric === metric.name).map(({ value }) => value);
    if (values.length > 0) gauges[metric.name] = combined(metric, values);
  }
  return Object.keys(gauges).length === 0 ? {} : { gauges };
}

function combined({ combine }: GaugeMetric, values: readonly number[]): number {
  if (combine === 'max') return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return combine === 'sum' ? sum : sum / values.length;
}

/** A gauge that is no number says nothing about its cohort. */
export function badGauges(gauged: readonly Gauged[]): Rejection[] {
  return gauged
    .filter(({ value }) => !Number.isFinite(value))
    .map(({ series, value }) => ({
      kind: 'invalid',
      metric: series.metric,
      detail: `${series.id}: ${value} is no value`,
    }));
}
