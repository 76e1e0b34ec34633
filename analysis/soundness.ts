import type { Buckets, CohortSample, Rejection, Sample } from '../plans/sample.ts';

/** What makes a sample no evidence, whoever made it: it is rejected and counted, and never becomes a zero. */
export function faultsOf(sample: Sample): Rejection[] {
  return [...cohortFaults('baseline', sample.baseline), ...cohortFaults('canary', sample.canary)];
}

export function cohortFaults(cohort: string, sample: CohortSample): Rejection[] {
  const faults: Rejection[] = [];
  const invalid = (metric: string, detail: string) =>
    faults.push({ kind: 'invalid', metric, detail: `${cohort}: ${detail}` });
  if (!isCount(sample.requests)) invalid('requests', `${sample.requests} requests`);
  for (const [metric, { events, total }] of Object.entries(sample.ratios)) {
    if (!isCount(events) || !isCount(total)) invalid(metric, `${events} of ${total} is no count`);
    else if (events > total) invalid(metric, `${events} events among ${total} trials`);
  }
  for (const [metric, { sum, count }] of Object.entries(sample.means ?? {})) {
    if (!Number.isFinite(sum) || !isCount(count)) invalid(metric, `${sum} over ${count} is no mean`);
  }
  for (const [metric, value] of Object.entries(sample.gauges ?? {})) {
    if (!Number.isFinite(value)) invalid(metric, `${value} is no value`);
  }
  for (const [metric, buckets] of Object.entries(sample.histograms)) {
    const fault = bucketFault(buckets);
    if (fault !== null) invalid(metric, fault);
  }
  return faults;
}

/** What is wrong with cumulative counts; null: nothing. */
export function bucketFault(buckets: Buckets): string | null {
  if (buckets.at(-1)?.[0] !== '+Inf') return 'the buckets do not end with +Inf';
  let edge = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const [next, here] of buckets) {
    if (!isCount(here) || here < count) return 'the bucket counts are not cumulative';
    if (next !== '+Inf' && !(next > edge)) return 'the bucket edges do not rise';
    edge = next === '+Inf' ? edge : next;
    count = here;
  }
  return null;
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
