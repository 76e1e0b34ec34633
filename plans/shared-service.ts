import type { Metric } from './metric.ts';
import type { Plan } from './plan.ts';
import { selectorParts } from './promql.ts';

/** An active rollout of the same service. */
export interface Peer {
  id: string;
  plan: Plan;
}

/**
 * What the submitter and the journal are told of other rollouts that move the same service: which metrics of this plan count
 * both flags' users under the same labels, so that a difference may be the other one's.
 */
export function sharedNotes(plan: Plan, peers: readonly Peer[]): string[] {
  return peers.map(({ id, plan: other }) => {
    const begin = `${id} (${other.flag.key}) moves ${plan.metadata.service ?? 'the same service'} as well`;
    const mixed = mixedMetrics(plan, other);
    const theirs = mixedMetrics(other, plan);
    if (mixed.length === 0 && theirs.length === 0)
      return `${begin}; every metric of this plan tells the two apart.`;
    const names = mixed.length > 0 ? mixed.join(', ') : `${theirs.join(', ')} of ${id}`;
    return `${begin}: ${names} cannot be told apart, since no label of the selectors names the flag and both plans have the same cohorts.${CHOICE[plan.policy.sharedService]}`;
  });
}

const CHOICE: Record<Plan['policy']['sharedService'], string> = {
  apart: ' This rollout waits for its end; `policy.sharedService: note` goes on beside it.',
  wait: ' This rollout waits for its end.',
  note: ' `policy.sharedService: note` goes on beside it all the same.',
};

/** True where a metric of either counts the users of both flags as the same cohorts: a difference may be the other one's. */
export function mixes(a: Plan, b: Plan): boolean {
  return mixedMetrics(a, b).length > 0 || mixedMetrics(b, a).length > 0;
}

/** The metrics of a plan that cannot tell its cohorts from those of another one. */
function mixedMetrics(plan: Plan, other: Plan): string[] {
  if (!sameCohorts(plan, other)) return [];
  return plan.metrics.filter((metric) => !namesFlag(metric, plan)).map(({ name }) => name);
}

/** Cohorts by other labels or matchers are other series: their users were drawn apart. */
function sameCohorts({ source: { cohorts: a } }: Plan, { source: { cohorts: b } }: Plan): boolean {
  const label = (cohorts: Plan['source']['cohorts']) => ('label' in cohorts ? cohorts.label : null);
  return label(a) === label(b) && a.baseline === b.baseline && a.canary === b.canary;
}

function namesFlag(metric: Metric, { flag }: Plan): boolean {
  return selectorsOf(metric).every((selector) =>
    selectorParts(selector).matchers.some(({ op, value }) => op === '=' && value === flag.key),
  );
}

function selectorsOf(metric: Metric): string[] {
  switch (metric.kind) {
    case 'ratio':
      return [metric.total, metric.bad, metric.good].filter((selector) => selector !== undefined);
    case 'latency':
      return [metric.histogram];
    case 'mean':
      return [metric.sum, metric.count];
    case 'gauge':
      return [metric.gauge];
  }
}
