import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  pgTable,
  primaryKey,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Grant } from '../plans/access.ts';
import type { FlagDrill } from '../plans/drill.ts';
import type { Exposure } from '../plans/exposure.ts';
import type { Lifecycle } from '../plans/flag/lifecycle.ts';
import type { SegmentSpec } from '../plans/flag/segment.ts';
import type { FlagSpec } from '../plans/flag/spec.ts';
import type { JournalEntry, Notification } from '../plans/journal.ts';
import type { Phase, RolloutView } from '../plans/view.ts';
import type { SessionSubject } from './access-contract.ts';
import { json, moment, words } from './columns.ts';
import type { Decommissioned, FlagContent, FlagDefinition, FlagLatch, FlagLease } from './flag-contract.ts';
import type { PendingRaise } from './platform-contract.ts';

export { announcements, incidents } from './communication-tables.ts';
export { drills } from './drill-table.ts';
export { flagEvaluations } from './evaluation-table.ts';
export { rolloutEvidence } from './evidence-table.ts';
export { flagReferences } from './reference-table.ts';
export { flagTokens } from './token-table.ts';

export const ONE_ACTIVE = 'rollouts_one_active';

/** The last number given to a rollout of this name. It outlives a discarded rollout, so that no id comes twice. */
export const rolloutNumbers = pgTable('rollout_numbers', {
  name: words().primaryKey(),
  last: integer().notNull(),
});

export const rollouts = pgTable(
  'rollouts',
  {
    id: words().primaryKey(),
    name: words().notNull(),
    flag: words().notNull(),
    environment: words().notNull(),
    service: words(),
    text: words().notNull(),
    plan: json().notNull(),
    phase: words().$type<Phase>().notNull(),
    submittedBy: words('submitted_by').notNull(),
    submittedAt: moment('submitted_at').notNull().default(sql`now()`),
    endedAt: moment('ended_at'),
    view: json().$type<RolloutView>(),
    viewSeq: integer('view_seq').notNull().default(0),
    /** What a search looks through, in small letters. */
    search: words()
      .notNull()
      .generatedAlwaysAs(
        sql`lower(id || ' ' || flag || ' ' || environment || ' ' || coalesce(service, '') || ' ' || submitted_by || ' ' || coalesce(plan->'metadata'->>'title', '') || ' ' || coalesce(plan->'metadata'->>'owner', ''))`,
      ),
    /** Whether it waits for a person. */
    asks: boolean()
      .notNull()
      .generatedAlwaysAs(
        sql`phase in ('submitted', 'active') and coalesce(jsonb_path_exists(view, '$ ? (@.pause != null || exists(@.blockers[*] ? (@.kind == "start-approval" || @.kind == "approval" || @.kind == "confirmation" || @.kind == "point-of-no-return" || @.kind == "split")) || @.checks.state == "failed")'), false)`,
      ),
  },
  (table) => [
    uniqueIndex(ONE_ACTIVE).on(table.environment, table.flag).where(sql`ended_at is null`),
    index('rollouts_by_time').on(table.submittedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('rollouts_by_phase').on(
      table.phase,
      table.submittedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('rollouts_by_flag').on(
      table.flag,
      table.submittedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('rollouts_by_name').on(
      table.name,
      table.submittedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    // Without the list of what is not sorted in yet, which each search would walk.
    index('rollouts_by_words')
      .using('gin', sql`tidegate_trigrams(${table.search})`)
      .with({ fastupdate: false }),
    index('rollouts_by_service').on(table.service).where(sql`ended_at is null`),
    index('rollouts_asking')
      .on(table.submittedAt.desc().nullsFirst(), table.id.desc().nullsFirst())
      .where(sql`asks`),
  ],
);

const rolloutId = () =>
  words('rollout_id')
    .notNull()
    .references(() => rollouts.id, { onDelete: 'cascade' });

/** Every plan that a rollout has had. `after`: in force for windows that end later, in seconds since the rollout began; null: for all. */
export const planRevisions = pgTable(
  'plan_revisions',
  {
    rolloutId: rolloutId(),
    revision: integer().notNull(),
    text: words().notNull(),
    plan: json().notNull(),
    by: words().notNull(),
    approvedBy: words('approved_by'),
    reason: words(),
    at: moment().notNull().default(sql`now()`),
    after: doublePrecision(),
  },
  (table) => [primaryKey({ columns: [table.rolloutId, table.revision] })],
);

/** What a rollout went on with of an earlier one of its build. Beside the rollouts, which are listed without it. */
export const carriedEvidence = pgTable('carried_evidence', {
  rolloutId: rolloutId().primaryKey(),
  evidence: json().notNull(),
});

/** Plans that were asked for in amendments: a rollout may be about to get its last one. */
export const proposedPlans = pgTable(
  'proposed_plans',
  {
    mark: words().primaryKey(),
    rolloutId: rolloutId(),
    plan: json().notNull(),
    at: moment().notNull().default(sql`now()`),
  },
  (table) => [index('proposed_plans_rollout').on(table.rolloutId, table.at)],
);

export const journal = pgTable(
  'journal',
  {
    rolloutId: rolloutId(),
    seq: integer().notNull(),
    at: moment().notNull(),
    transition: words().notNull(),
    entry: json().$type<JournalEntry>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.rolloutId, table.seq] })],
);

/**
 * One number for each journal line of all rollouts, in the order in which they became visible: whoever has seen number n has seen
 * all below it.
 */
export const changes = pgTable(
  'changes',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    rolloutId: rolloutId(),
    seq: integer().notNull(),
  },
  (table) => [index('changes_of_rollout').on(table.rolloutId)],
);

export const samples = pgTable(
  'samples',
  {
    rolloutId: rolloutId(),
    t: doublePrecision().notNull(),
    stage: words().notNull(),
    at: moment().notNull(),
    sample: json(),
    assessment: json(),
  },
  (table) => [primaryKey({ columns: [table.rolloutId, table.t] })],
);

/** `about`: the channel whose message this one carries instead; empty for a message of its own. */
export const outbox = pgTable(
  'outbox',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    rolloutId: rolloutId(),
    seq: integer().notNull(),
    channel: words().notNull(),
    about: words().notNull().default(''),
    notification: json().$type<Notification>().notNull(),
    attempts: integer().notNull().default(0),
    error: words(),
    dueAt: moment('due_at').notNull().default(sql`now()`),
    leasedUntil: moment('leased_until'),
    sentAt: moment('sent_at'),
    stuck: boolean().notNull().default(false),
    /** How often a sender took it; more often than `attempts` after a sender died over it. */
    taken: integer().notNull().default(0),
    /** Of a message that stands for no line of the journal: its number among those after the line `seq`; else 0. */
    turn: integer().notNull().default(0),
  },
  (table) => [
    uniqueIndex('outbox_once').on(table.rolloutId, table.seq, table.channel, table.about, table.turn),
    index('outbox_due').on(table.channel, table.dueAt).where(sql`sent_at is null`),
    index('outbox_sent').on(table.channel, table.sentAt).where(sql`sent_at is not null`),
  ],
);

/** What a channel keeps of a rollout between its messages, such as the thread that they go to. */
export const channelMemory = pgTable(
  'channel_memory',
  {
    rolloutId: rolloutId(),
    channel: words().notNull(),
    key: words().notNull(),
    value: words().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.rolloutId, table.channel, table.key] }),
    index('channel_memory_by_key').on(table.key),
  ],
);

export const flags = pgTable(
  'flags',
  {
    environment: words().notNull(),
    key: words().notNull(),
    variants: json().$type<FlagDefinition['variants']>().notNull(),
    baseline: words().notNull(),
    canary: words().notNull(),
    stickiness: words().notNull(),
    safe: json().$type<Exposure | 'frozen'>(),
    /** Null: the embedded provider. */
    provider: words(),
    exposure: json().$type<Exposure>().notNull(),
    revision: integer().notNull(),
    epoch: integer().notNull(),
    rolloutId: words('rollout_id'),
    latch: json().$type<FlagLatch>(),
    lease: json().$type<FlagLease>(),
    drill: json().$type<FlagDrill>(),
    decommissioned: json().$type<Decommissioned>(),
    spec: json().$type<FlagSpec>(),
    live: boolean().notNull().default(false),
    /** Moved by rollouts alone. */
    lifecycle: words().$type<Lifecycle>().notNull().default('Proposed'),
    createdAt: moment('created_at').notNull().default(sql`now()`),
    updatedAt: moment('updated_at').notNull().default(sql`now()`),
    updatedBy: words('updated_by').notNull(),
  },
  (table) => [primaryKey({ columns: [table.environment, table.key] })],
);

/** `rollout_id`: the rollout that made the change; null for a person. */
export const flagRevisions = pgTable(
  'flag_revisions',
  {
    environment: words().notNull(),
    key: words().notNull(),
    revision: integer().notNull(),
    exposure: json().$type<Exposure>().notNull(),
    epoch: integer().notNull(),
    rolloutId: words('rollout_id'),
    author: words().notNull(),
    reason: words().notNull(),
    at: moment().notNull().default(sql`now()`),
    content: json().$type<FlagContent>(),
  },
  (table) => [primaryKey({ columns: [table.environment, table.key, table.revision] })],
);

/** Messages from outside that were taken, so that a repetition does nothing. */
export const inbound = pgTable(
  'inbound',
  {
    source: words().notNull(),
    id: words().notNull(),
    at: moment().notNull().default(sql`now()`),
    /** What is still to be done for it; null: nothing, or it is done. */
    work: json(),
    /** Until then somebody is doing it. */
    leasedUntil: moment('leased_until'),
  },
  (table) => [
    primaryKey({ columns: [table.source, table.id] }),
    index('inbound_by_time').on(table.at),
    index('inbound_to_do').on(table.source, table.at).where(sql`work is not null`),
  ],
);

/** First answers of requests with an `Idempotency-Key`. `status` null: still in work, by `holder` until `leased_until`. */
export const idempotency = pgTable(
  'idempotency',
  {
    principal: words().notNull(),
    key: words().notNull(),
    /** SHA-256 of what was asked. */
    hash: words().notNull(),
    holder: words().notNull(),
    leasedUntil: moment('leased_until').notNull(),
    status: integer(),
    headers: json().$type<Record<string, string>>(),
    body: words(),
    at: moment().notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.principal, table.key] }),
    index('idempotency_by_time').on(table.at),
  ],
);
/** Digests by their day and kind, so that each is sent once by one of several senders. */
export const digests = pgTable('digests', {
  key: words().primaryKey(),
  taken: integer().notNull().default(1),
  leasedUntil: moment('leased_until').notNull(),
  sentAt: moment('sent_at'),
});

/** Tokens of people and programs for the API. The secret itself is nowhere: `hash` is its SHA-256. */
export const apiTokens = pgTable('api_tokens', {
  id: words().primaryKey(),
  name: words().notNull(),
  hash: words().notNull(),
  grants: json().$type<Grant[]>().notNull(),
  createdBy: words('created_by').notNull(),
  createdAt: moment('created_at').notNull().default(sql`now()`),
  expiresAt: moment('expires_at').notNull(),
  revokedAt: moment('revoked_at'),
  revokedBy: words('revoked_by'),
});

/** Logins of browsers. `id` is the SHA-256 of what the cookie holds. */
export const sessions = pgTable('sessions', {
  id: words().primaryKey(),
  subject: json().$type<SessionSubject>().notNull(),
  csrf: words().notNull(),
  expiresAt: moment('expires_at').notNull(),
});
/** What a foreign platform was last seen to serve of a flag; who owns it and what it should be stands in `flags`. */
export const platformFlags = pgTable(
  'platform_flags',
  {
    environment: words().notNull(),
    key: words().notNull(),
    provider: words().notNull(),
    /** Null: never seen. */
    applied: json().$type<Exposure>(),
    version: words(),
    /** Versions that `version` has replaced, the oldest first. */
    past: json().$type<string[]>().notNull().default([]),
    pending: json().$type<PendingRaise>(),
    turn: integer().notNull().default(0),
    seenAt: moment('seen_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.environment, table.key] })],
);

/** Audiences that flags share, beside those of tidegate.yaml. */
export const segments = pgTable('segments', {
  name: words().primaryKey(),
  spec: json().$type<SegmentSpec>().notNull(),
  joined: json().$type<string[]>().notNull(),
  left: json().$type<string[]>().notNull(),
  revision: integer().notNull(),
});

/** `spec` null: removed. `member`: one person joined, left or was forgotten, and nothing else changed. */
export const segmentRevisions = pgTable(
  'segment_revisions',
  {
    name: words().notNull(),
    revision: integer().notNull(),
    spec: json().$type<SegmentSpec>(),
    member: json().$type<{ key: string; change: 'joined' | 'left' | 'forgotten' }>(),
    author: words().notNull(),
    reason: words().notNull(),
    at: moment().notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.name, table.revision] })],
);
