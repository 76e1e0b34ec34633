import type { Holding } from '../plans/assessment.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import { isTested } from '../plans/stages.ts';
import { histogramTotal } from './histogram.ts';

type Cohort = 'baseline' | 'canary';

/** Polls without a break that no metric could use. `since`: end of the last one that some could, seconds since the rollout began. */
export interface Quiet {
  since: number;
  /** The cohorts without requests. */
  lacks: readonly Cohort[];
}

/** What the cohorts have counted of one metric in the stage, and which of them counts nothing any more while the other goes on. */
export interface Flow {
  /** Trials until both had some for the last time. */
  baseline: number;
  canary: number;
  silent: { cohort: Cohort; since: number; other: number } | null;
}

/** What of a gate's evidence this is about. */
interface Seen {
  last: 'used' | 'ignored' | 'rejected' | null;
  polls: { used: number };
  quiet?: Quiet;
  flows?: Readonly<Record<string, Flow>>;
}

/** Trials that a cohort should have had by its share before its silence is no chance: of a Poisson count one in 5e8. */
const MISSED = 20;

/** The quiet after one more poll; absent: the poll was used. */
export function observeQuiet(
  before: Quiet | undefined,
  { sample, used, poll, compared }: { sample: Sample; used: boolean; poll: number; compared: boolean },
): Quiet | undefined {
  if (used) return undefined;
  const needed: Cohort[] = compared ? ['baseline', 'canary'] : ['canary'];
  const lacks = needed.filter((cohort) => !(sample[cohort].requests > 0));
  return { since: before?.since ?? sample.t - poll, lacks };
}

/** The same of each metric by itself: others may go on. */
export function observeFlows(
  before: Readonly<Record<string, Flow>> | undefined,
  { plan, sample }: { plan: Plan; sample: Sample },
): Readonly<Record<string, Flow>> {
  const next = { ...before };
  for (const metric of plan.metrics) {
    const baseline = trialsOf(metric, sample.baseline);
    const canary = trialsOf(metric, sample.canary);
    if (baseline === null || canary === null || baseline + canary === 0) continue;
    const since = sample.t - plan.source.poll;
    next[metric.name] = flowAfter(next[metric.name] ?? NO_FLOW, { baseline, canary, since });
  }
  return next;
}

const NO_FLOW: Flow = { baseline: 0, canary: 0, silent: null };

function flowAfter(flow: Flow, poll: Record<Cohort | 'since', number>): Flow {
  const cohort = poll.canary === 0 ? 'canary' : poll.baseline === 0 ? 'baseline' : null;
  if (cohort !== null && cohort === flow.silent?.cohort) {
    const other = flow.silent.other + poll[otherOf(cohort)];
    return { ...flow, silent: { ...flow.silent, other } };
  }
  // A silence that is over belongs to the counts: they would tell too large a share else.
  const missed = flow.silent;
  const known =
    missed === null
      ? flow
      : { ...flow, [otherOf(missed.cohort)]: flow[otherOf(missed.cohort)] + missed.other };
  if (cohort !== null)
    return { ...known, silent: { cohort, since: poll.since, other: poll[otherOf(cohort)] } };
  return { baseline: known.baseline + poll.baseline, canary: known.canary + poll.canary, silent: null };
}

function otherOf(cohort: Cohort): Cohort {
  return cohort === 'canary' ? 'baseline' : 'canary';
}

/** What a metric was counted among; null: the sample lacks it, or it is no count. */
function trialsOf(metric: Metric, cohort: CohortSample): number | null {
  switch (metric.kind) {
    case 'ratio':
      return cohort.ratios[metric.name]?.total ?? null;
    case 'mean':
      return cohort.means?.[metric.name]?.count ?? null;
    case 'latency': {
      const buckets = cohort.histograms[metric.name];
      return buckets === undefined ? null : histogramTotal(buckets);
    }
    case 'gauge':
      return null;
  }
}

/**
 * What is quiet. The whole gate waits for the next poll that it can use; a metric of which one cohort has fallen silent waits for
 * that cohort, as what was counted before says nothing of now. A metric that some few trials are missing of is let be.
 */
export function quietHoldings(
  { last, polls, quiet, flows }: Seen,
  { plan, compared }: { plan: Plan; compared: boolean },
): Holding[] {
  if (last !== 'used' || (compared && polls.used === 0))
    return [{ kind: 'quiet', metric: null, lacks: [...(quiet?.lacks ?? [])], since: quiet?.since ?? null }];
  if (!compared) return [];
  return plan.metrics.flatMap((metric): Holding[] => {
    const flow = flows?.[metric.name];
    if (flow === undefined || flow.silent === null || !isTested(plan, metric)) return [];
    const { cohort, since, other } = flow.silent;
    const missed = other * (flow[cohort] / flow[otherOf(cohort)]);
    return missed >= MISSED ? [{ kind: 'quiet', metric: metric.name, lacks: [cohort], since }] : [];
  });
}
