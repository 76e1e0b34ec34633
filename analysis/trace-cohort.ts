import { z } from 'zod';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Buckets, CohortSample, Count, Sample } from '../plans/sample.ts';

/** A number that is null in the file was no number at its source; the gate rejects such a sample and counts it. */
const Amount = z.number().nullable();
const BucketCounts = z
  .record(z.string(), Amount)
  .refine(
    (counts) => Object.hasOwn(counts, '+Inf'),
    'expected cumulative counts by upper edge, the last "+Inf"',
  )
  .refine(
    (counts) =>
      Object.keys(counts).every(
        (edge) => edge === '+Inf' || (edge.trim() !== '' && Number.isFinite(Number(edge))),
      ),
    'every key is an edge in seconds or "+Inf"',
  );
const BadCount = z.strictObject({ bad: Amount, total: Amount });
const MeanSums = z.strictObject({ sum: Amount, count: Amount });
const Counted = z.union([Amount, BadCount, MeanSums, BucketCounts], {
  error: 'expected a number, {"bad":n,"total":n}, {"sum":x,"count":n} or cumulative counts by upper edge',
});
type Counted = z.infer<typeof Counted>;

const cohort = {
  requests: Amount,
  latency: BucketCounts.optional(),
  users: z.number().optional(),
  gauges: z.record(z.string(), Amount).optional(),
  /** Bucket edges of a latency that only some processes have, by its name. */
  uncommon: z.record(z.string(), z.array(z.number())).optional(),
};
export const Cohort = z.object(cohort).catchall(Counted);
type Cohort = z.infer<typeof Cohort>;
export const Halved = z.object({ ...cohort, halves: z.tuple([Cohort, Cohort]).optional() }).catchall(Counted);
export type Halved = z.infer<typeof Halved>;

/** A cohort of a line as a sample has it, the baseline with its halves. */
export function readBaseline(line: Halved, plan: Plan): Pick<Sample, 'baseline' | 'halves'> {
  const halves = readHalves(line, plan);
  return { baseline: readCohort(line, plan), ...(halves === undefined ? {} : { halves }) };
}

/** The same of the canary. */
export function readCanary(line: Halved, plan: Plan): Pick<Sample, 'canary' | 'canaryHalves'> {
  const halves = readHalves(line, plan);
  return { canary: readCohort(line, plan), ...(halves === undefined ? {} : { canaryHalves: halves }) };
}

function readHalves({ halves }: Halved, plan: Plan): Sample['halves'] {
  if (halves === undefined) return undefined;
  const [first, second] = halves;
  return [readCohort(first, plan), readCohort(second, plan)];
}

/** A plan's only latency stands under `latency`; of several each stands under its own name. */
function latencyKey(plan: Plan, metric: Metric): string {
  return plan.metrics.filter(({ kind }) => kind === 'latency').length === 1 ? 'latency' : metric.name;
}

/** What stands under a metric's name and is not what its kind is written as: left out, it would be missing without a word. */
export function shapeFaults(line: Cohort, plan: Plan): string[] {
  return plan.metrics.flatMap((metric) => {
    const key = metric.kind === 'latency' ? latencyKey(plan, metric) : metric.name;
    const value: Counted | undefined = Object.hasOwn(line, key) ? line[key] : undefined;
    if (metric.kind === 'gauge' || value === undefined) return [];
    switch (metric.kind) {
      case 'latency':
        return isBuckets(value) ? [] : [`${key}: expected cumulative counts by upper edge, the last "+Inf"`];
      case 'mean':
        return isMean(value) ? [] : [`${key}: expected {"sum":x,"count":n}`];
      case 'ratio':
        return value === null || typeof value === 'number' || isBadCount(value)
          ? []
          : [`${key}: expected a count, or {"bad":n,"total":n}`];
    }
  });
}

export function writeBaseline({ baseline, halves }: Pick<Sample, 'baseline' | 'halves'>, plan: Plan) {
  return { ...writeCohort(baseline, plan), ...writeHalves(halves, plan) };
}

export function writeCanary({ canary, canaryHalves }: Pick<Sample, 'canary' | 'canaryHalves'>, plan: Plan) {
  return { ...writeCohort(canary, plan), ...writeHalves(canaryHalves, plan) };
}

function writeHalves(halves: Sample['halves'], plan: Plan) {
  return halves === undefined ? {} : { halves: halves.map((half) => writeCohort(half, plan)) };
}

export function writeCohort(sample: CohortSample, plan: Plan): Record<string, unknown> {
  const line: Record<string, unknown> = { requests: sample.requests };
  for (const metric of plan.metrics) {
    if (metric.kind === 'latency') {
      const buckets = sample.histograms[metric.name];
      if (buckets === undefined) continue;
      line[latencyKey(plan, metric)] = Object.fromEntries(
        buckets.map(([edge, count]) => [String(edge), count]),
      );
      continue;
    }
    if (metric.kind === 'mean') {
      const mean = sample.means?.[metric.name];
      if (mean !== undefined) line[metric.name] = mean;
      continue;
    }
    if (metric.kind === 'gauge') continue;
    const count = sample.ratios[metric.name];
    if (count === undefined) continue;
    const bad = metric.good === undefined ? count.events : count.total - count.events;
    line[metric.name] = count.total === sample.requests ? count.events : { bad, total: count.total };
  }
  if (sample.gauges !== undefined) line['gauges'] = sample.gauges;
  if (sample.uncommon !== undefined) line['uncommon'] = sample.uncommon;
  return sample.users === undefined ? line : { ...line, users: sample.users };
}

export function readCohort(line: Cohort, plan: Plan): CohortSample {
  const requests = line.requests ?? Number.NaN;
  const ratios: Record<string, Count> = {};
  const histograms: Record<string, Buckets> = {};
  const means: NonNullable<CohortSample['means']> = {};
  const gauges: NonNullable<CohortSample['gauges']> = {};
  for (const metric of plan.metrics) {
    if (metric.kind === 'gauge') {
      const value =
        line.gauges !== undefined && Object.hasOwn(line.gauges, metric.name)
          ? line.gauges[metric.name]
          : undefined;
      if (value !== undefined) gauges[metric.name] = value ?? Number.NaN;
      continue;
    }
    const key = metric.kind === 'latency' ? latencyKey(plan, metric) : metric.name;
    const value: Counted | undefined = Object.hasOwn(line, key) ? line[key] : undefined;
    if (value === undefined) continue;
    if (metric.kind === 'latency') {
      if (isBuckets(value)) histograms[metric.name] = bucketsOf(value);
    } else if (metric.kind === 'mean') {
      if (isMean(value))
        means[metric.name] = { sum: value.sum ?? Number.NaN, count: value.count ?? Number.NaN };
    } else if (value === null || typeof value === 'number') {
      ratios[metric.name] = { events: value ?? Number.NaN, total: requests };
    } else if (isBadCount(value)) {
      const total = value.total ?? Number.NaN;
      const bad = value.bad ?? Number.NaN;
      ratios[metric.name] = { events: metric.good === undefined ? bad : total - bad, total };
    }
  }
  return {
    requests,
    ratios,
    histograms,
    ...(Object.keys(means).length === 0 ? {} : { means }),
    ...(Object.keys(gauges).length === 0 ? {} : { gauges }),
    ...(line.users === undefined ? {} : { users: line.users }),
    ...(line.uncommon === undefined ? {} : { uncommon: line.uncommon }),
  };
}

function isBuckets(value: Counted): value is Record<string, number | null> {
  return typeof value === 'object' && value !== null && '+Inf' in value;
}

function isMean(value: Counted): value is z.infer<typeof MeanSums> {
  return typeof value === 'object' && value !== null && 'sum' in value && !('+Inf' in value);
}

function isBadCount(value: Counted): value is z.infer<typeof BadCount> {
  return typeof value === 'object' && value !== null && 'bad' in value && !('+Inf' in value);
}

/** Keys of an object come in no useful order: by edge. */
function bucketsOf(counts: Record<string, number | null>): Buckets {
  return Object.entries(counts)
    .map(([edge, count]): [number | '+Inf', number] => [
      edge === '+Inf' ? '+Inf' : Number(edge),
      count ?? Number.NaN,
    ])
    .sort(([a], [b]) => (a === '+Inf' ? 1 : b === '+Inf' ? -1 : a - b));
}
