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
    const mixed = sameCohorts(plan, other) ? plan.metrics.filter((metric) => !namesFlag(metric, plan)) : [];
    const [head, ...rest] = mixed.map(({ name }) => name);
    if (head === undefined) return `${begin}; every metric of this plan tells the two apart.`;
    const names = [head, ...rest].join(', ');
    const wait =
      plan.policy.sharedService === 'wait' ? '' : ' `policy.sharedService: wait` waits for its end.';
    return `${begin}: ${names} cannot be told apart, since no label of the selectors names the flag and both plans have the same cohorts.${wait}`;
  });
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
