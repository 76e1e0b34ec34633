import type { FastifyBaseLogger } from 'fastify';
import type { Capabilities } from '../flags/platforms/platform.ts';
import type { FlagProvider } from '../flags/provider.ts';
import type { Segments } from '../flags/segments.ts';
import type { FlagService } from '../flags/service.ts';
import type { Grant } from '../plans/access.ts';
import type { KnownChecks } from '../plans/check.ts';
import type { ClientSightings } from '../plans/flag/evaluations.ts';
import type { Plan } from '../plans/plan.ts';
import type { AskTenants } from '../plans/tenant-query.ts';
import type { Board } from '../store/board.ts';
import type { ChangeStore } from '../store/changes.ts';
import type { BoardStore } from '../store/console-board.ts';
import type { DrillStore } from '../store/drills.ts';
import type { EvaluationStore } from '../store/evaluations.ts';
import type { EvidenceStore } from '../store/evidence.ts';
import type { IdempotencyStore } from '../store/idempotency.ts';
import type { Inbound } from '../store/inbound.ts';
import type { Incidents } from '../store/incidents.ts';
import type { Notices } from '../store/notices.ts';
import type { ReferenceStore } from '../store/references.ts';
import type { FlagRegistry } from '../store/registry-contract.ts';
import type { Outbox, RolloutStore } from '../store/store.ts';
import type { TokenStore } from '../store/tokens.ts';
import type { Delivery } from './admission.ts';
import type { PreflightView } from './api/preflights.ts';
import type { GuardParts } from './auth/guard.ts';
import type { OidcLogin } from './auth/oidc.ts';
import type { RolloutEngine } from './engine.ts';
import type { Holidays } from './holidays.ts';
import type { PreflightWanted } from './preflight-wanted.ts';
import type { ServerTelemetry } from './telemetry/server-telemetry.ts';

/** What was found of a query of a plan; the shape of `metrics/source.ts`, which the server does not import. */
export interface QueryFinding {
  metric: string;
  query: string;
  kind: 'refused' | 'no-baseline' | 'no-canary' | 'slow-scrape' | 'uses';
  detail: string;
}

/** How people and programs prove who they are. */
export interface ServerAccess extends GuardParts {
  /** Null: no identity provider is configured. */
  login: OidcLogin | null;
  /** Where browsers reach this server. */
  publicUrl: string;
  /** True where browsers reach it by TLS: cookies then travel no other way. */
  secure: boolean;
}

export interface SlackSettings {
  signingSecret: string;
  /** Who somebody is and what they may do, by Slack's id. */
  users: Readonly<Record<string, { name: string; grants: readonly Grant[] }>>;
  /** Origin of the addresses that Slack gives for answers. */
  hooks: string;
}

export interface ServerDeps {
  access: ServerAccess;
  rollouts: RolloutStore;
  /** What lists of rollouts are made of. */
  consoleBoard: BoardStore;
  /** The folder of the built console; null: there is none. */
  console: string | null;
  outbox: Outbox;
  /** Lists over all rollouts. */
  board: Board;
  /** Kinds of the channels of tidegate.yaml, by name. */
  channels: Readonly<Record<string, string>>;
  /** How long a request waits for the record of a rollout, in milliseconds. Absent: 15,000. */
  patienceMs?: number;
  /** Moves flags; honours a kill while PostgreSQL is away. */
  flags: FlagProvider;
  /** What is delivered, also while PostgreSQL is away. */
  flagService: FlagService;
  /** What people change of flags and segments. */
  registry: FlagRegistry;
  /** The segments of tidegate.yaml. */
  segments: Segments;
  /** How applications get flags over HTTP. */
  delivery: Delivery;
  /** Tokens of applications. */
  tokens: TokenStore;
  /** Every journal line of all rollouts, in one order. */
  changes: ChangeStore;
  /** Tells when there may be something new. */
  notices: Notices;
  /** First answers of requests that may come twice. */
  idempotency: IdempotencyStore;
  /** Incidents that people are kept informed of. */
  incidents: Incidents;
  /** Messages from outside that were taken. */
  inbound: Inbound;
  /** Who may send signed messages, by the name in their address. */
  webhooks: Readonly<Record<string, { secret: string; grants: readonly Grant[] }>>;
  /** Buttons in Slack; null: none are taken. */
  slack: SlackSettings | null;
  engine: RolloutEngine;
  /** Tries every query of a plan against its source. Throws `PROMETHEUS_UNREACHABLE`. */
  checkQueries(plan: Plan): Promise<QueryFinding[]>;
  /** Asks a database of tidegate.yaml for tenants; absent: there is none. */
  askTenants?: AskTenants;
  /** What a plan would be like on the traffic that its service has. Throws `PROMETHEUS_UNREACHABLE`. */
  preflight(wanted: PreflightWanted): Promise<PreflightView>;
  /** How often OFREP evaluated which flag. */
  evaluations: Pick<EvaluationStore, 'read'>;
  /** Which flags applications evaluated by their metrics, one entry for each source; milliseconds since 1970. */
  sightings(between: { from: number; to: number }): Promise<ClientSightings[]>;
  /** What was told of rollouts before they begin. */
  evidence: EvidenceStore;
  /** Rehearsed rollbacks, and the breakage of a flag. */
  drills: DrillStore;
  /** What repositories reported to name a flag. */
  references: ReferenceStore;
  /** Names that a plan may use, from `tidegate.yaml`. */
  known: {
    sources: readonly string[];
    channels: readonly string[];
    /** Of tidegate.yaml; other platforms get them by their attributes. */
    segments: readonly string[];
    /** Those that flags of the embedded service share; absent: none. */
    sharedSegments?: readonly string[];
    /** Lists of closed days; absent: there are none. */
    holidays?: Holidays;
    /** What checks may ask; absent: nothing. */
    checks?: KnownChecks;
    /** What the flag platforms beside the embedded one can do; absent: there are none. */
    providers?: Readonly<Record<string, Capabilities>>;
  };
  /** Asks the plan's flag platform for what only it knows; absent: there is none. */
  platformLacks?(plan: Plan): Promise<string[]>;
  /** Told of every answer of the API; absent: nobody counts them. */
  telemetry?: ServerTelemetry;
  /** Milliseconds since 1970. */
  now: () => number;
  logger: FastifyBaseLogger;
}
