import type { Buckets, CohortSample, Rejection, Sample } from '../plans/sample.ts';

/** What makes a sample no evidence, whoever made it: it is rejected and counted, and never becomes a zero. */
export function faultsOf(sample: Sample): Rejection[] {
  return [
    ...cohortFaults('baseline', sample.baseline),
    ...cohortFaults('canary', sample.canary),
    ...splitFaults(sample),
  ];
}

export function splitFaults({ split }: Sample): Rejection[] {
  if (split == null || (isCount(split.baseline) && isCount(split.canary))) return [];
  return [{ kind: 'invalid', metric: 'users', detail: `split: ${split.baseline} to ${split.canary} users` }];
}

/** The sample without halves that contradict themselves: they would measure nothing, and it is evidence without them. */
export function withSoundHalves(sample: Sample): Sample {
  const { halves, canaryHalves, ...others } = sample;
  if (isSoundPair(halves) && isSoundPair(canaryHalves)) return sample;
  return {
    ...others,
    ...(halves !== undefined && isSoundPair(halves) ? { halves } : {}),
    ...(canaryHalves !== undefined && isSoundPair(canaryHalves) ? { canaryHalves } : {}),
  };
}

function isSoundPair(pair: Sample['halves']): boolean {
  return pair === undefined || pair.every((half) => cohortFaults('halves', half).length === 0);
}

export function cohortFaults(cohort: string, sample: CohortSample): Rejection[] {
  const faults: Rejection[] = [];
  const { means = {}, gauges = {} } = sample;
  const invalid = (metric: string, detail: string) =>
    faults.push({ kind: 'invalid', metric, detail: `${cohort}: ${detail}` });
  if (!isCount(sample.requests)) invalid('requests', `${sample.requests} requests`);
  if (sample.users !== undefined && !isCount(sample.users)) invalid('users', `${sample.users} users`);
  for (const metric of Object.keys(sample.ratios)) {
    const { events, total } = sample.ratios[metric] ?? NOT_A_COUNT;
    if (!isCount(events) || !isCount(total)) invalid(metric, `${events} of ${total} is no count`);
    else if (events > total) invalid(metric, `${events} events among ${total} trials`);
  }
  for (const metric of Object.keys(means)) {
    const { sum, count } = means[metric] ?? NOT_A_MEAN;
    if (!isValue(sum) || !isCount(count) || (count > 0 && !isValue(sum / count)))
      invalid(metric, `${sum} over ${count} is no mean`);
  }
  for (const metric of Object.keys(gauges)) {
    const value = gauges[metric] ?? Number.NaN;
    if (!isValue(value)) invalid(metric, `${value} is no value`);
  }
  for (const metric of Object.keys(sample.histograms)) {
    const fault = bucketFault(sample.histograms[metric] ?? []);
    if (fault !== null) invalid(metric, fault);
  }
  return faults;
}

const NOT_A_COUNT = { events: Number.NaN, total: Number.NaN };
const NOT_A_MEAN = { sum: Number.NaN, count: Number.NaN };

/** What is wrong with cumulative counts; null: nothing. */
export function bucketFault(buckets: Buckets): string | null {
  if (buckets.at(-1)?.[0] !== '+Inf') return 'the buckets do not end with +Inf';
  let edge = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const [next, here] of buckets) {
    if (!isCount(here) || here < count) return 'the bucket counts are not cumulative';
    if (next !== '+Inf' && !(next > edge && next < Number.POSITIVE_INFINITY))
      return 'the bucket edges do not rise';
    if (next !== '+Inf' && next < 0) return 'a bucket edge is negative, and a time is not';
    edge = next === '+Inf' ? edge : next;
    count = here;
  }
  return null;
}

/** What a counter can count one by one; of weighted ones a share, but none that no quotient survives. */
function isCount(value: number): boolean {
  return value === 0 || (value >= 1e-9 && value <= 2 ** 53);
}

/** What can be squared, weighed and summed for weeks without leaving the range of numbers. */
function isValue(value: number): boolean {
  return Math.abs(value) <= LARGEST_VALUE;
}

const LARGEST_VALUE = 1e60;
