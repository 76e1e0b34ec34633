import { z } from 'zod';
import { Comparison } from './comparison.ts';
import type { Explanation } from './explanation.ts';
import { Exposure } from './exposure.ts';
import { Transition } from './journal.ts';
import { Phase } from './view.ts';

const range = z.tuple([z.number(), z.number()]);

/** One visit of a stage. Times are milliseconds since 1970. */
export const StageSpan = z.strictObject({
  stage: z.string(),
  visit: z.number(),
  from: z.number(),
  /** Null: it still lasts. */
  to: z.number().nullable(),
  /** When its gate passed; null: it never did. */
  passed: z.number().nullable(),
  exposure: Exposure,
  /** Seconds that the plan asks for. */
  bake: z.number(),
  ending: z.enum(['advanced', 'stepped-back', 'rolled-back', 'completed', 'running']),
});
export type StageSpan = z.infer<typeof StageSpan>;

/** A line of the journal that a reader of the story needs. */
export const Happening = z.strictObject({
  at: z.number(),
  transition: Transition,
  stage: z.string().nullable(),
  summary: z.string(),
  /** Who decided it; null: no person did. */
  by: z.string().nullable(),
  roles: z.array(z.string()),
  reason: z.string().nullable(),
});
export type Happening = z.infer<typeof Happening>;

/** One plan of a rollout: who brought it when and why, and what it changed in the one before. Revision 1 changes nothing. */
export const PlanRevisionNote = z.strictObject({
  revision: z.number(),
  by: z.string(),
  /** Who let a plan that loosens pass; null: nobody had to. */
  approvedBy: z.string().nullable(),
  reason: z.string().nullable(),
  at: z.number(),
  /** One text for each leaf of the plan, such as `stages[5%].bake: 3600 → 7200`. */
  changes: z.array(z.string()),
});
export type PlanRevisionNote = z.infer<typeof PlanRevisionNote>;

/** Bad events of the canary beyond what the baseline's rate predicts, over the stages that were compared. */
export const Excess = z.strictObject({
  metric: z.string(),
  /** The part of the traffic that it is of, and in; null: all of it. */
  slice: z.string().nullable(),
  kind: z.enum(['bad', 'lost', 'slow']),
  /** Of a latency: seconds above which a request counts. */
  edge: z.number().nullable(),
  requests: z.number(),
  events: z.number(),
  excess: z.number(),
  /** At `level`, over all stages together. */
  interval: range.nullable(),
  /** The same of each visit of a stage; all these intervals hold together at `level`. */
  stages: z.array(
    z.strictObject({ stage: z.string(), visit: z.number(), excess: z.number(), interval: range.nullable() }),
  ),
  /** Users that the excess hit at least once, if it hit them at random; null: users are not known. */
  users: z.strictObject({ estimate: z.number(), interval: range.nullable() }).nullable(),
});
export type Excess = z.infer<typeof Excess>;

export const Impact = z.strictObject({
  level: z.number(),
  /** Requests that the canary served while gates watched, and those of them in stages that are not compared. */
  requests: z.number().nullable(),
  uncompared: z.number(),
  /** Distinct users of the largest stage; null: not known. */
  users: z.number().nullable(),
  metrics: z.array(Excess),
});
export type Impact = z.infer<typeof Impact>;

/** From the first bad window to the flag's return. Milliseconds since 1970; null: not known. */
export const Detection = z.strictObject({
  /** Begin of the first window of the evidence that led to the stop. */
  onset: z.number().nullable(),
  /** The first word of the gate about it, which may have been a soft stop. */
  noticed: z.number(),
  stopped: z.number(),
  back: z.number().nullable(),
  by: z.enum(['evidence', 'limit', 'person', 'alert', 'rule']),
});
export type Detection = z.infer<typeof Detection>;

/** A change of a plan's text, in the words of the text. */
export const PlanEdit = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bake'), stage: z.string(), value: z.string() }),
  /** A smaller stage before another one. */
  z.strictObject({
    kind: z.literal('insert'),
    before: z.string(),
    stage: z.strictObject({ name: z.string(), percent: z.number(), bake: z.string() }),
  }),
  z.strictObject({ kind: z.literal('soft'), metric: z.string(), value: z.string() }),
  z.strictObject({ kind: z.literal('noise'), value: z.number() }),
  z.strictObject({ kind: z.literal('coverage'), slice: z.string() }),
]);
export type PlanEdit = z.infer<typeof PlanEdit>;

export const ADVICE = ['bake', 'step', 'minimum', 'noise', 'margin', 'coverage'] as const;
/** `edit`: what carries it out; absent: that is a person's choice. */
export const Advice = z.strictObject({
  kind: z.enum(ADVICE),
  text: z.string(),
  edit: PlanEdit.exactOptional(),
});
export type Advice = z.infer<typeof Advice>;

const Value = z.number().nullable();

/** What a gate knew of the difference between the cohorts, in the unit of its margins, over the stage so far. */
export const SeriesDifference = z.strictObject({
  estimate: z.number(),
  /** Confidence sequence. */
  interval: range.nullable(),
  soft: Value,
  hard: Value,
});
export type SeriesDifference = z.infer<typeof SeriesDifference>;

/** One metric over time, thinned out. `t` is seconds since the rollout began; null is a gap and no zero. */
export const MetricSeries = z.strictObject({
  metric: z.string(),
  kind: z.enum(['ratio', 'latency', 'mean', 'gauge']),
  quantile: Value,
  /**
   * `soft` and `hard`: what the canary's value may be beside this baseline. Bands: where the value of this point alone lies, at
   * 95 % for each point by itself; null: such a value has none.
   */
  points: z.array(
    z.strictObject({
      t: z.number(),
      baseline: Value,
      canary: Value,
      soft: Value,
      hard: Value,
      baselineBand: range.nullable(),
      canaryBand: range.nullable(),
      difference: SeriesDifference.nullable(),
    }),
  ),
});
export type MetricSeries = z.infer<typeof MetricSeries>;

export const EvidenceSeries = z.strictObject({
  threshold: z.number(),
  points: z.array(z.strictObject({ t: z.number(), lnE: Value })),
});
export type EvidenceSeries = z.infer<typeof EvidenceSeries>;

/** What the canary did between a stop that would have been and the move that came instead. */
export const Meanwhile = z.strictObject({
  requests: z.number(),
  /** Distinct users who had it, as counted since the flag last moved; null: not known. */
  users: Value,
  /** The ratio that would have stopped it, and its events beyond the baseline's share; null: another kind, or not compared. */
  metric: z.string().nullable(),
  excess: Value,
  /** Users whom that excess hit at least once, if it hit them at random. */
  hit: Value,
});
export type Meanwhile = z.infer<typeof Meanwhile>;

/** What a plan that only watches would have done at one time, and what was done. */
export const Observed = z.strictObject({
  at: z.number(),
  transition: Transition,
  stage: z.string().nullable(),
  summary: z.string(),
  exposure: Exposure,
  /** Of a stop, a pause or an exclusion: when others took the canary from somebody; else their next move. Null: neither yet. */
  followed: z.strictObject({ at: z.number(), summary: z.string(), exposure: Exposure }).nullable(),
  /** Null: it would have gone on, or have left somebody out, of whom nothing more is read. */
  meanwhile: Meanwhile.nullable(),
});
export type Observed = z.infer<typeof Observed>;

/** The whole story of one rollout, for whoever was not there. */
export const Report = z.strictObject({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  flag: z.string(),
  environment: z.string(),
  owner: z.string().nullable(),
  service: z.string().nullable(),
  ticket: z.string().nullable(),
  phase: Phase,
  /** False: the rollout still runs, and the report is of what was known when it was made. */
  finished: z.boolean(),
  madeAt: z.number(),
  submittedBy: z.string(),
  submittedAt: z.number(),
  /** When the first exposure was in force: the origin of every `t`. */
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  planRevision: z.number(),
  amendments: z.array(PlanRevisionNote),
  summary: z.string(),
  stages: z.array(StageSpan),
  happenings: z.array(Happening),
  decisions: z.array(Happening),
  gates: z.array(Comparison),
  stop: z
    .strictObject({
      at: z.number(),
      transition: Transition,
      stage: z.string().nullable(),
      metric: z.string().nullable(),
      /** The part of the traffic that carried it; null: all of it did. */
      slice: z.string().nullable(),
      reason: z.string(),
      /** Who has the canary afterwards. */
      exposure: Exposure,
    })
    .nullable(),
  /** Where the metric moved; null: not asked, or not known. */
  explanation: z.custom<Explanation>().nullable(),
  /** Null: the plan acts. */
  observed: z.array(Observed).nullable(),
  impact: Impact,
  detection: Detection.nullable(),
  advice: z.array(Advice),
  metrics: z.array(MetricSeries),
  evidence: EvidenceSeries,
});
export type Report = z.infer<typeof Report>;
