import { z } from 'zod';
import type { Assessment } from './assessment.ts';
import { CheckAnswer } from './check.ts';
import type { DrillRun } from './drill.ts';
import type { Explanation } from './explanation.ts';
import { Exposure } from './exposure.ts';

/** `noted`: a deployment or a lesser bug, which is no trouble and does not end. */
export const AlertStatus = z.enum(['firing', 'resolved', 'noted']);
export type AlertStatus = z.infer<typeof AlertStatus>;

/** Who or what caused a transition. */
export const Cause = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('person'),
    by: z.string(),
    roles: z.array(z.string()),
    reason: z.string().nullable(),
    /** Whose token it came with, where that is somebody else. */
    through: z.string().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('gate'), verdict: z.string(), reason: z.string() }),
  z.strictObject({
    kind: z.literal('alert'),
    name: z.string(),
    detail: z.string(),
    /** Who told it: the name of the token or of the webhook. Absent: of a rollout from before, or a bug, whose detail names the reporter. */
    from: z.string().exactOptional(),
    /** Of a line that only tells of it. */
    status: AlertStatus.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('policy'), reason: z.string() }),
  z.strictObject({ kind: z.literal('flag'), reason: z.string() }),
]);
export type Cause = z.infer<typeof Cause>;

export const TRANSITIONS = [
  'submitted',
  'approval-needed',
  'approved',
  'glass-broken',
  'confirmed',
  'rejected',
  'started',
  'advanced',
  'gate-passed',
  'paused',
  'no-data',
  'resumed',
  'checks-passed',
  'check-failed',
  'before-waived',
  'soft-stop',
  'hard-stop',
  'explained',
  'accepted',
  'stepped-back',
  'excluded',
  'included',
  'amended',
  'rollback-requested',
  'killed',
  'rolled-back',
  'abandoned',
  'superseded',
  'retried',
  'rollback-verified',
  'rollback-unverified',
  'incident-closed',
  'drill',
  'drift',
  'drift-accepted',
  'alert',
  'reminder',
  'escalated',
  'deadline-near',
  'write-failed',
  'decommissioning',
  'decommission-ready',
  'clean-restarted',
  'point-of-no-return',
  'step-due',
  'step-done',
  'steps-done',
  'completed',
  'would-advance',
  'would-pause',
  'would-exclude',
  'would-stop',
  'note',
] as const;
export const Transition = z.enum(TRANSITIONS);
export type Transition = z.infer<typeof Transition>;

/** One line of a rollout's journal. `seq` counts from 1 without gaps; the same seq is never written twice. */
export const JournalEntry = z.strictObject({
  rolloutId: z.string(),
  seq: z.int().min(1),
  /** Milliseconds since 1970. */
  at: z.number(),
  transition: Transition,
  stage: z.string().nullable(),
  cause: Cause,
  /** One sentence for people. */
  summary: z.string(),
  exposure: Exposure,
  flagBefore: z.number().nullable(),
  flagAfter: z.number().nullable(),
  /** What the decision saw. */
  evidence: z.custom<Assessment>().nullable(),
  /** Of an `explained`: where the metric moved. */
  explanation: z.custom<Explanation>().optional(),
  /** Of an `accepted`: the difference that took the place of the soft margin, by metric. */
  accepted: z.record(z.string(), z.number()).optional(),
  /** Of `checks-passed` and `check-failed`: what was asked and what came. */
  checks: z.array(CheckAnswer).exactOptional(),
  /** Of `excluded`, `included` and `would-exclude`: whom, as exposures name them. */
  who: z.string().exactOptional(),
  /** Of a `drill`: as it was then. */
  drill: z.custom<DrillRun>().optional(),
  queries: z.array(z.string()),
});
export type JournalEntry = z.infer<typeof JournalEntry>;

/** Messages about all rollouts at once. */
export const DIGESTS = ['daily-digest', 'weekly-digest'] as const;

/** What a digest says, as lines of text. */
export const Digest = z.strictObject({
  sections: z.array(z.strictObject({ title: z.string(), lines: z.array(z.string()) })),
});
export type Digest = z.infer<typeof Digest>;

/** Subscribed to like a transition: one message at the beginning of a stop that takes the canary from somebody. */
export const INCIDENT = 'incident' as const;

/** Messages that follow an incident until it is over: how it stands, what came of it, and a draft of the review. */
export const INCIDENT_MESSAGES = ['incident-update', 'incident-summary', 'incident-review'] as const;

/** Subscribed to like a transition: a stage is about to open, or will not open when that was said. */
export const UPCOMING = 'upcoming' as const;

/** All that a plan can subscribe a channel to. */
export const EVENTS = [...TRANSITIONS, INCIDENT, ...INCIDENT_MESSAGES, UPCOMING] as const;

/** Where an incident stands, in the order in which it gets there. */
export const INCIDENT_STATES = ['going-back', 'verifying', 'unverified', 'latched', 'over'] as const;

/** What is known of an incident after its beginning. */
export const IncidentStanding = z.strictObject({
  state: z.enum(INCIDENT_STATES),
  /** When it began, in milliseconds since 1970. */
  since: z.number(),
  /** What is known, one fact each. */
  lines: z.array(z.string()),
  /** When the next update is due; null: none comes by itself. */
  next: z.number().nullable(),
});
export type IncidentStanding = z.infer<typeof IncidentStanding>;

/** A stage that opens soon. Milliseconds since 1970. */
export const Upcoming = z.strictObject({
  stage: z.string(),
  /** Who gets the canary with it. */
  audience: z.string(),
  /** When it opens at the earliest; null: no longer known. */
  at: z.number().nullable(),
  /** When it was said to open before; null: nothing was said. */
  was: z.number().nullable(),
  /** Seconds that the stage takes at least. */
  bake: z.number(),
});
export type Upcoming = z.infer<typeof Upcoming>;

/** What whoever opens the incident must know at once. */
export const Incident = z.strictObject({
  cause: Cause,
  /** False: a person stopped it. */
  automatic: z.boolean(),
  /** What stopped it, and who or what that was. */
  text: z.string(),
  /** Who had the canary, and the requests that it had served in the stage; null: none were counted. */
  affected: z.strictObject({ audience: z.string(), requests: z.number().nullable() }),
  /** Paths on the server. The report knows the users that were hit, once they are counted. */
  links: z.strictObject({ rollout: z.string(), report: z.string(), journal: z.string() }),
});
export type Incident = z.infer<typeof Incident>;

/** A message to people about one journal entry, or a digest; channels turn it into their own form. */
export const Notification = z.strictObject({
  rolloutId: z.string(),
  seq: z.int().min(1),
  /** Of a message that stands for no line of the journal: its number among those that follow the line `seq`. */
  turn: z.int().min(1).exactOptional(),
  at: z.number(),
  event: z.enum([...EVENTS, ...DIGESTS]),
  channel: z.string(),
  title: z.string(),
  summary: z.string(),
  rollout: z.strictObject({
    name: z.string(),
    title: z.string().nullable(),
    environment: z.string(),
    flag: z.string(),
    owner: z.string().nullable(),
    ticket: z.string().nullable(),
    stage: z.string().nullable(),
    percent: z.number(),
  }),
  evidence: z.custom<Assessment>().nullable(),
  explanation: z.custom<Explanation>().optional(),
  /** Of an `alert`. */
  alert: AlertStatus.exactOptional(),
  /** What a drill has brought about: nobody has to mend anything. */
  drill: z.literal(true).exactOptional(),
  /** Of an `incident`. */
  incident: Incident.exactOptional(),
  /** Of what follows an incident. */
  standing: IncidentStanding.exactOptional(),
  /** Of an `incident-review`: the draft, as lines of Markdown. */
  review: z.array(z.string()).exactOptional(),
  /** Of an `upcoming`. */
  upcoming: Upcoming.exactOptional(),
  /** Of a digest; its `rolloutId` is its own, and `rollout` says nothing. */
  digest: Digest.exactOptional(),
  /** In a copy that goes to another channel: the channel that has not taken this message for long. */
  undelivered: z.string().optional(),
  /** What the reader can do now, as commands. */
  actions: z.array(
    z.strictObject({
      label: z.string(),
      command: z.string(),
      /** What it leads to, as of this message; absent: it changes nothing. */
      effect: z.string().exactOptional(),
    }),
  ),
});
export type Notification = z.infer<typeof Notification>;
