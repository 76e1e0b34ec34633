import { z } from 'zod';
import { Failure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import type { HistorySample, Sample, SliceSample } from '../plans/sample.ts';
import { planInStage } from '../plans/shadow.ts';
import { cohortFaults, splitFaults } from './soundness.ts';
import { Halved, readBaseline, readCanary, shapeFaults, writeBaseline, writeCanary } from './trace-cohort.ts';

const InstanceCounts = z.strictObject({ baseline: z.number().positive(), canary: z.number().positive() });

/** Of the time before a rollout: the baseline alone. */
const Cohorts = z.strictObject({
  baseline: Halved,
  canary: Halved.optional(),
  instances: InstanceCounts.optional(),
});

const Line = z.strictObject({
  rollout: z.string(),
  /** The rollout of the same build whose evidence this one goes on with. */
  after: z.string().optional(),
  stage: z.string(),
  t: z.number(),
  baseline: Halved,
  canary: Halved.optional(),
  instances: InstanceCounts.optional(),
  slices: z.record(z.string(), Cohorts).optional(),
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
  | ({ kind: 'sample'; sample: Sample } & Whose)
  | ({ kind: 'history' } & Whose & Omit<HistorySample, 'stage'>);

interface Whose {
  rollout: string;
  /** One of an earlier line, with whose evidence its own goes on; undefined: it begins anew. */
  after?: string | undefined;
}

/**
 * A sample, or a poll of the baseline before the rollout, as a line of a trace (without the line's end). Counts of the plan's metrics only; a metric whose trials
 * are the requests is a plain number. `TraceReader` gives the same sample back.
 */
export function traceLine(sample: Sample | HistorySample, of: Whose & { plan: Plan }): string {
  const plan = planAt(of.plan, sample.stage);
  const canary = 'canary' in sample ? { canary: writeCanary(sample, plan), ...instancesIn(sample) } : {};
  const { slices } = sample;
  const parts = Object.entries<SlicePart>(slices ?? {}).map(([slice, part]) => {
    const own = isCompared(part) ? { canary: writeCanary(part, plan), ...instancesIn(part) } : {};
    return [slice, { baseline: writeBaseline(part, plan), ...own }] as const;
  });
  return JSON.stringify({
    rollout: of.rollout,
    ...(of.after === undefined ? {} : { after: of.after }),
    stage: sample.stage,
    t: sample.t,
    baseline: writeBaseline(sample, plan),
    ...canary,
    ...(slices === undefined ? {} : { slices: Object.fromEntries(parts) }),
    ...('split' in sample && sample.split !== undefined ? { split: sample.split } : {}),
  });
}

/** The plan with the metrics that a stage counts, or the time before the rollout. */
function planAt(plan: Plan, stage: string): Plan {
  return planInStage(
    plan,
    plan.stages.findIndex(({ name }) => name === stage),
  );
}

/** Of a poll, or of the baseline before the rollout. */
type SlicePart = SliceSample | Pick<SliceSample, 'baseline' | 'halves'>;

function isCompared(part: SlicePart): part is SliceSample {
  return 'canary' in part;
}

function instancesIn<T>({ instances }: { instances?: T | undefined }): { instances?: NonNullable<T> } {
  return instances == null ? {} : { instances };
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
  /** Rollouts of which only the time before was read so far, with their first line. */
  readonly #before = new Map<string, number>();
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
    if (problem === null && typeof parsed !== 'string') {
      if (parsed.kind === 'sample') this.#before.delete(parsed.rollout);
      else if (!this.#before.has(parsed.rollout)) this.#before.set(parsed.rollout, number);
      return parsed;
    }
    this.#wrong += 1;
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push([number, problem ?? '']);
    return null;
  }

  /** At the end of the trace: what never came is wrong too, as nothing may pass that has no data. */
  faults(): TraceFaults {
    // Lines that are wrong may be what is missing.
    const lonely = (this.#wrong > 0 ? [] : [...this.#before]).map(
      ([rollout, line]) =>
        [line, `stage: ${rollout} has lines of history and none of a stage of the plan`] as const,
    );
    return {
      rollouts: this.#times.size,
      wrong: this.#wrong + lonely.length,
      problems: [...this.#problems, ...lonely.slice(0, MOST_PROBLEMS)],
    };
  }

  #problemOf(entry: TraceEntry): string | null {
    const { rollout, after } = entry;
    if (after !== undefined && (after === rollout || !this.#times.has(after)))
      return `after: no line before this one is of ${after}`;
    const of = entry.kind === 'sample' ? entry.sample : entry;
    const stage = entry.kind === 'sample' ? entry.sample.stage : HISTORY;
    if (!this.#stages.has(stage))
      return `stage: the plan has no stage "${stage}"; it has ${this.#plan.stages.map(({ name }) => name).join(', ')}`;
    const [fault] = [
      ...cohortFaults('baseline', of.baseline),
      ...(entry.kind === 'sample'
        ? [...cohortFaults('canary', entry.sample.canary), ...splitFaults(entry.sample)]
        : []),
      ...Object.entries<SlicePart>(of.slices ?? {}).flatMap(([slice, part]) => [
        ...cohortFaults(`baseline of ${slice}`, part.baseline),
        ...(isCompared(part) ? cohortFaults(`canary of ${slice}`, part.canary) : []),
      ]),
      ...(of.halves ?? []).flatMap((half) => cohortFaults('halves', half)),
      ...(entry.kind === 'sample' ? (entry.sample.canaryHalves ?? []) : []).flatMap((half) =>
        cohortFaults("the canary's halves", half),
      ),
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
  const json = jsonOf(text) ?? jsonOf(text.replace(/([:,[]\s*)-?(?:NaN|Infinity)\b/g, '$1null'));
  if (json === undefined) return 'not JSON';
  const result = Line.safeParse(json);
  if (!result.success) {
    return result.error.issues.map(issueText).join('; ');
  }
  return entryOf(result.data, plan);
}

function issueText({ path, message }: z.core.$ZodIssue): string {
  const place = path.join('.') || 'line';
  const said = message.replace(/^Invalid input: /, '');
  return said.endsWith('received undefined') ? `${place} is missing` : `${place}: ${said}`;
}

/** Undefined where it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function entryOf(line: Line, whole: Plan): TraceEntry | string {
  const { rollout, after, stage, t, canary, slices, split } = line;
  const plan = planAt(whole, stage);
  const [misshapen] = [line, ...Object.values(slices ?? {})].flatMap((part) => [
    ...shapeFaults(part.baseline, plan),
    ...(part.canary === undefined ? [] : shapeFaults(part.canary, plan)),
    ...[...(part.baseline.halves ?? []), ...(part.canary?.halves ?? [])].flatMap((half) =>
      shapeFaults(half, plan),
    ),
  ]);
  if (misshapen !== undefined) return misshapen;
  const left = readBaseline(line.baseline, plan);
  const own = Object.entries(slices ?? {});
  if (stage === HISTORY) {
    const parts = own.map(([slice, { baseline }]) => [slice, readBaseline(baseline, plan)] as const);
    return {
      kind: 'history',
      rollout,
      after,
      t,
      ...left,
      ...(slices === undefined ? {} : { slices: Object.fromEntries(parts) }),
    };
  }
  if (canary === undefined) return `canary: missing in stage ${stage}`;
  const parts: [string, SliceSample][] = [];
  for (const [slice, part] of own) {
    if (part.canary === undefined) return `slices.${slice}.canary: missing in stage ${stage}`;
    parts.push([
      slice,
      {
        ...readBaseline(part.baseline, plan),
        ...readCanary(part.canary, plan),
        ...instancesIn(part),
      },
    ]);
  }
  return {
    kind: 'sample',
    rollout,
    after,
    sample: {
      stage,
      t,
      ...left,
      ...readCanary(canary, plan),
      ...instancesIn(line),
      ...(slices === undefined ? {} : { slices: Object.fromEntries(parts) }),
      ...(split === undefined ? {} : { split }),
    },
  };
}
