import { z } from 'zod';
import { Problem } from '../api.ts';

export const PreflightRequest = z.strictObject({
  text: z.string(),
  file: z.string().default('plan.yaml'),
  /** Days of the daily pattern that are read. */
  days: z.int().min(1).max(30).default(7),
});

/** Times in seconds; texts are for people, with their units. */
const PreflightMetric = z.strictObject({
  metric: z.string(),
  /** Why nothing can be planned for it; null: it is planned. */
  unplanned: z.string().nullable(),
  /** How soon a canary is found that is worse by the margin (or twice it). `after` null: not within reach. */
  finds: z.array(
    z.strictObject({
      of: z.enum(['soft', 'hard']),
      /** `0.5 pp`, `20 %`. */
      worse: z.string(),
      times: z.number(),
      /** Half of the rollouts have found it by then. */
      after: z.number().nullable(),
      /** Most of them. */
      likely: z.number().nullable(),
    }),
  ),
  /** The smallest difference that half of the rollouts find within the bake time; null: none. */
  smallest: z.string().nullable(),
  /** When a canary that is as good is shown to be worse by less than this. */
  proof: z.strictObject({ margin: z.string(), after: z.number().nullable(), asked: z.boolean() }).nullable(),
});
export type PreflightMetric = z.infer<typeof PreflightMetric>;

const PreflightStage = z.strictObject({
  stage: z.string(),
  /** Null: segments or tenants alone have the canary. */
  percent: z.number().nullable(),
  compared: z.boolean(),
  bake: z.number(),
  /** After which a person is asked. */
  max: z.number(),
  /** Requests of the canary in an hour, on average and in the quietest hour of the day; null: not known. */
  perHour: z.number().nullable(),
  quietestPerHour: z.number().nullable(),
  users: z.number().nullable(),
  minRequests: z.strictObject({ need: z.number(), after: z.number().nullable() }).nullable(),
  metrics: z.array(PreflightMetric),
  /** A bake time within which most rollouts find what the thresholds name, as plans write it; null: the present one. */
  proposedBake: z.string().nullable(),
});
export type PreflightStage = z.infer<typeof PreflightStage>;

export const PreflightView = z.strictObject({
  plan: z.string(),
  /** False: there are errors, and a submit would be refused. */
  ok: z.boolean(),
  /** What was read of the service: usable polls and the seconds that they span. */
  history: z.strictObject({ polls: z.number(), seconds: z.number(), note: z.string().nullable() }),
  /** Requests an hour by metric, both cohorts together. `hour`: of the day, UTC, in which it has fewest. */
  traffic: z.array(
    z.strictObject({
      metric: z.string(),
      perHour: z.number(),
      quietest: z.strictObject({ perHour: z.number(), hour: z.number() }).nullable(),
    }),
  ),
  stages: z.array(PreflightStage),
  findings: z.array(
    z.strictObject({
      severity: z.enum(['error', 'warning', 'note']),
      /** The risk of the plan that it shows; null: none that a plan can allow. */
      rule: z.string().nullable(),
      where: z.string(),
      message: z.string(),
      instead: z.string(),
    }),
  ),
});
export type PreflightView = z.infer<typeof PreflightView>;

/** A preflight that reads the past of a service. The server that ran it forgets it after a while. */
export const PreflightReply = z.strictObject({
  id: z.string(),
  state: z.enum(['running', 'done', 'failed']),
  /** Spans that were read, of `whole`; 0 of 0: it begins. */
  done: z.number(),
  whole: z.number(),
  /** Null until it is done. */
  report: PreflightView.nullable(),
  /** Why it failed. */
  problem: Problem.pick({ code: true, status: true, detail: true, details: true, hint: true }).nullable(),
});
export type PreflightReply = z.infer<typeof PreflightReply>;
