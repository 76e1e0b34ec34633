import { z } from 'zod';
import { CheckAnswer } from './check.ts';
import { Descent } from './descent.ts';
import { DrillRun } from './drill.ts';
import { Exclusion } from './exclusion.ts';
import type { Explanation } from './explanation.ts';
import { Exposure } from './exposure.ts';
import { Cause, Transition } from './journal.ts';
import { Origin } from './origin.ts';
import { StepLeft } from './steps.ts';

export const PHASES = [
  'submitted',
  'active',
  'reverting',
  'completed',
  'rolled-back',
  'rejected',
  'abandoned',
  'superseded',
] as const;
export const Phase = z.enum(PHASES);
export type Phase = z.infer<typeof Phase>;

export const ENDED: readonly Phase[] = ['completed', 'rolled-back', 'rejected', 'abandoned', 'superseded'];

/** What stands between a rollout and its next stage, in one sentence each. */
export const Blocker = z.strictObject({
  kind: z.enum([
    'start-approval',
    'approval',
    'confirmation',
    'gate',
    'split',
    'paused',
    'window',
    'write',
    'shared-service',
    'requires',
    'checks',
    'start',
    'retreat',
    'freeze',
    'drill',
    'point-of-no-return',
    'rollback',
  ]),
  text: z.string(),
  /** Milliseconds since 1970 at which it ends by itself, where that is known. */
  until: z.number().nullable(),
  /** For approvals: the roles that may still give theirs. */
  roles: z.array(z.string()),
});
export type Blocker = z.infer<typeof Blocker>;

/** Somebody else has moved the flag: what both answers would come to. */
export const Drift = z.strictObject({
  /** What `resume` writes: the exposure of the present stage. */
  restores: Exposure,
  /** The stage from which `accept-drift` goes on; null: it is refused. */
  accepts: z.string().nullable(),
  /** Why it is refused. */
  refused: z.string().nullable(),
});
export type Drift = z.infer<typeof Drift>;

/** Of a plan that only watches: what it would have done in the present stage. */
export const Watching = z.strictObject({
  /** The journal's line in short, by its transition; null: nothing yet. */
  would: z.strictObject({ transition: Transition, at: z.number(), summary: z.string() }).nullable(),
  /** Whom it would have taken off the canary, in this stage or an earlier one; absent: nobody. */
  excluded: z.array(Exclusion).exactOptional(),
  /** What was told last, where the flag is `told`. */
  told: z
    .strictObject({ sequence: z.number(), exposure: Exposure, by: z.string().nullable(), at: z.number() })
    .exactOptional(),
});
export type Watching = z.infer<typeof Watching>;

/** The checks before the next stage, as they stand now. */
export const ChecksView = z.strictObject({
  /** The stage that they open. */
  stage: z.string(),
  state: z.enum(['running', 'failed', 'passed']),
  /** When they were asked or have answered, in ms since 1970. */
  at: z.number(),
  answers: z.array(CheckAnswer),
  /** When they are asked again by themselves; null: they are not. */
  next: z.number().nullable(),
});
export type ChecksView = z.infer<typeof ChecksView>;

/** Something that the plan requires of another rollout, as it stands. */
export const RequirementView = z.strictObject({
  /** The name of the other plan. */
  rollout: z.string(),
  environment: z.string(),
  /** The rollout that counts; null: there is none, or it has not been read. */
  id: z.string().nullable(),
  /** The stage that waits for it; null: all of them. */
  stage: z.string().nullable(),
  /** `25 %`, `stage internal`, `its end`. */
  reached: z.string(),
  standing: z.enum(['met', 'short', 'undone', 'unknown']),
  /** Where the other one is. */
  text: z.string(),
});
export type RequirementView = z.infer<typeof RequirementView>;

/** A rollout as people see it in lists, in `status` and in the console. Written by the workflow at every step. */
export const RolloutView = z.strictObject({
  id: z.string(),
  name: z.string(),
  title: z.string().nullable(),
  owner: z.string().nullable(),
  service: z.string().nullable(),
  environment: z.string(),
  flag: z.string(),
  /** What stands behind the canary; absent: the plan does not say. */
  build: z.string().exactOptional(),
  phase: Phase,
  /** Present where it goes on after another rollout. */
  origin: Origin.exactOptional(),
  /** Name of the present stage; null before the first. */
  stage: z.string().nullable(),
  stages: z.array(
    z.strictObject({ name: z.string(), percent: z.number(), state: z.enum(['done', 'now', 'ahead']) }),
  ),
  exposure: Exposure,
  /** What a stop would leave: zero, or the plan's safe exposure. */
  safeExposure: Exposure,
  flagRevision: z.number().nullable(),
  epoch: z.number(),
  planRevision: z.number(),
  submittedBy: z.string(),
  submittedAt: z.number(),
  stageSince: z.number().nullable(),
  endedAt: z.number().nullable(),
  blockers: z.array(Blocker),
  /** What happens next, in one sentence. */
  next: z.string(),
  pause: z
    .strictObject({ reason: z.string(), since: z.number(), deadline: z.number(), then: z.string() })
    .nullable(),
  /** Present while a drift pauses the rollout. */
  drift: Drift.optional(),
  stop: z
    .strictObject({
      cause: Cause,
      transition: Transition,
      at: z.number(),
      /** As what the rollout ends, where a person chose that; absent: rolled back. */
      end: z.enum(['abandoned', 'superseded']).exactOptional(),
    })
    .nullable(),
  /** Where the metric moved that caused the present pause or the stop; absent: not known (yet). */
  explanation: z.custom<Explanation>().optional(),
  /** Present while the checks before the next stage have been asked and hold for where the rollout is. */
  checks: ChecksView.exactOptional(),
  /** Present where the plan requires something of other rollouts. */
  requires: z.array(RequirementView).exactOptional(),
  /** Present where the plan only watches. */
  watching: Watching.exactOptional(),
  /** Present while a rollback goes down stage by stage; times in ms since 1970. */
  descent: Descent.exactOptional(),
  /** Whom people have taken off the canary. Absent: nobody. */
  excluded: z.array(Exclusion).exactOptional(),
  /** The last drill, running or over. */
  drill: DrillRun.exactOptional(),
  /** Behind the point of no return: what is left to do, and what was done; absent: nothing was asked for. */
  steps: z.array(StepLeft).exactOptional(),
  /** Number of the last journal entry: the view is as of that entry. */
  seq: z.number(),
});
export type RolloutView = z.infer<typeof RolloutView>;
