import { z } from 'zod';
import { Failure } from '../plans/failures.ts';
import type { Metric, Plan } from '../plans/plan.ts';
import type { Buckets, CohortSample, Count, HistorySample, Sample } from '../plans/sample.ts';
import { cohortFaults } from './soundness.ts';

/** A number that is null in the file was no number at its source; the gate rejects such a sample and counts it. */
const Amount = z.number().nullable();
const BucketCounts = z
  .record(z.string(), Amount)
  .refine(
    (counts) => Object.hasOwn(counts, '+Inf'),
    'expected cumulative counts by upper edge, the last "+Inf"',
  )
  .refine(
    (counts) => Object.keys(counts).every((edge) => edge === '+Inf' || Number.isFinite(Number(edge))),
    'every key is an edge in seconds or "+Inf"',
  );
const BadCount = z.strictObject({ bad: Amount, total: Amount });
const MeanSums = z.strictObject({ sum: Amount, count: Amount });
const Counted = z.union([Amount, BadCount, MeanSums, BucketCounts]);
type Counted = z.infer<typeof Counted>;

const cohort = {
  requests: Amount,
  latency: BucketCounts.optional(),
  users: z.number().optional(),
  gauges: z.record(z.string(), Amount).optional(),
};
const Cohort = z.object(cohort).catchall(Counted);
type Cohort = z.infer<typeof Cohort>;
const Baseline = z.object({ ...cohort, halves: z.tuple([Cohort, Cohort]).optional() }).catchall(Counted);

const Line = z.strictObject({
  rollout: z.string(),
  stage: z.string(),
  t: z.number(),
  baseline: Baseline,
  canary: Cohort.optional(),
  split: z
    .strictObject({ by: z.string().nullable(), baseline: z.number(), canary: z.number() })
    .nullable()
    .optional(),
});
type Line = z.infer<typeof Line>;

/** The stage name of lines from before the rollout: the baseline alone. */
const HISTORY = 'history';

/** One line of a trace: a poll of a rollout, or the baseline before it (negative `t`). */
export type TraceEntry =
  | { kind: 'sample'; rollout: string; sample: Sample }
  | {
      kind: 'history';
      rollout: string;
      t: number;
      baseline: CohortSample;
      halves?: readonly [CohortSample, CohortSample];
    };

/**
 * A sample, or a poll of the baseline before the rollout, as a line of a trace (without the line's end). Counts of the plan's metrics only; a metric whose trials
 * are the requests is a plain number. `TraceReader` gives the same sample back.
 */
export function traceLine(sample: Sample | HistorySample, of: { rollout: string; plan: Plan }): string {
  const write = (one: CohortSample) => writeCohort(one, of.plan);
  const { halves } = sample;
  return JSON.stringify({
    rollout: of.rollout,
    stage: sample.stage,
    t: sample.t,
    baseline: { ...write(sample.baseline), ...(halves === undefined ? {} : { halves: halves.map(write) }) },
    ...('canary' in sample ? { canary: write(sample.canary) } : {}),
    ...('split' in sample && sample.split !== undefined ? { split: sample.split } : {}),
  });
}

/** The most problems that are told one by one. */
const MOST_PROBLEMS = 20;

/**
 * Reads a trace line by line. Which counts are good and which bad, and what the latency is called, is the plan's; counts
 * of metrics that the plan does not have are left out. Lines of several rollouts may be mixed; those of one stand in
 * the order of time.
 */
export class TraceReader {
  readonly #plan: Plan;
  readonly #stages: ReadonlySet<string>;
  readonly #times = new Map<string, number>();
  readonly #problems: [line: number, problem: string][] = [];
  #wrong = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#stages = new Set([HISTORY, ...plan.stages.map(({ name }) => name)]);
  }

  /** The entry of a line; null for an empty one, and for one that is wrong, which `faults` tells. */
  read(line: string, number: number): TraceEntry | null {
    if (line.trim() === '') return null;
    const parsed = parseLine(line, this.#plan);
    const problem = typeof parsed === 'string' ? parsed : this.#problemOf(parsed);
    if (problem === null && typeof parsed !== 'string') return parsed;
    this.#wrong += 1;
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push([number, problem ?? '']);
    return null;
  }

  faults(): TraceFaults {
    return { rollouts: this.#times.size, wrong: this.#wrong, problems: this.#problems };
  }

  #problemOf(entry: TraceEntry): string | null {
    const { rollout } = entry;
    const of = entry.kind === 'sample' ? entry.sample : entry;
    const stage = entry.kind === 'sample' ? entry.sample.stage : HISTORY;
    if (!this.#stages.has(stage))
      return `stage: the plan has no stage "${stage}"; it has ${this.#plan.stages.map(({ name }) => name).join(', ')}`;
    const [fault] = [
      ...cohortFaults('baseline', of.baseline),
      ...(entry.kind === 'sample' ? cohortFaults('canary', entry.sample.canary) : []),
      ...(of.halves ?? []).flatMap((half) => cohortFaults('halves', half)),
    ];
    if (fault?.kind === 'invalid') return `${fault.metric}: ${fault.detail}`;
    if (!Number.isFinite(of.t)) return `t: ${of.t} is no time`;
    if (entry.kind === 'history' && of.t >= 0)
      return `t: history comes before the rollout, and ${of.t} is not negative`;
    if (entry.kind === 'sample' && of.t < 0) return `t: ${of.t} is before the rollout began`;
    const before = this.#times.get(rollout);
    if (before !== undefined && of.t <= before)
      return `t: ${of.t} does not come after ${before}, the time of the line before of ${rollout}`;
    this.#times.set(rollout, of.t);
    return null;
  }
}

/** What one reader has found wrong, with the numbers of the lines. */
export interface TraceFaults {
  rollouts: number;
  wrong: number;
  problems: readonly (readonly [line: number, problem: string])[];
}

/**
 * What the readers of one file have found. A trace with one wrong line gives no verdict at all.
 * @throws Failure TRACE_INVALID with every line that is wrong, or when there was none at all.
 */
export function refuseFaults(file: string, faults: readonly TraceFaults[]): void {
  const wrong = faults.reduce((sum, one) => sum + one.wrong, 0);
  if (wrong > 0) {
    const problems = faults
      .flatMap((one) => one.problems)
      .sort(([a], [b]) => a - b)
      .slice(0, MOST_PROBLEMS);
    const more = wrong - problems.length;
    throw new Failure('TRACE_INVALID', `${file} is not a trace of this plan.`, {
      where: file,
      details: [
        ...problems.map(([line, problem]) => `line ${line}: ${problem}`),
        ...(more > 0 ? [`and ${more} lines more`] : []),
      ],
    });
  }
  if (faults.every(({ rollouts }) => rollouts === 0))
    throw new Failure('TRACE_INVALID', `${file} holds no samples.`, { where: file });
}

/** The entry, or what is wrong with the line. */
function parseLine(text: string, plan: Plan): TraceEntry | string {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/([:,[]\s*)-?(?:NaN|Infinity)\b/g, '$1null'));
  } catch {
    return 'not JSON';
  }
  const result = Line.safeParse(json);
  if (!result.success) {
    return result.error.issues
      .map(({ path, message }) => `${path.join('.') || 'line'}: ${message}`)
      .join('; ');
  }
  return entryOf(result.data, plan);
}

function entryOf({ rollout, stage, t, baseline, canary, split }: Line, plan: Plan): TraceEntry | string {
  const pair = baseline.halves;
  const halves =
    pair === undefined ? {} : { halves: [readCohort(pair[0], plan), readCohort(pair[1], plan)] as const };
  const read = readCohort(baseline, plan);
  if (stage === HISTORY) return { kind: 'history', rollout, t, baseline: read, ...halves };
  if (canary === undefined) return `canary: missing in stage ${stage}`;
  return {
    kind: 'sample',
    rollout,
    sample: {
      stage,
      t,
      baseline: read,
      canary: readCohort(canary, plan),
      ...halves,
      ...(split === undefined ? {} : { split }),
    },
  };
}

/** A plan's only latency stands under `latency`; of several each stands under its own name. */
function latencyKey(plan: Plan, metric: Metric): string {
  return plan.metrics.filter(({ kind }) => kind === 'latency').length === 1 ? 'latency' : metric.name;
}

function writeCohort(sample: CohortSample, plan: Plan): Record<string, unknown> {
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
  return sample.users === undefined ? line : { ...line, users: sample.users };
}

function readCohort(line: Cohort, plan: Plan): CohortSample {
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
