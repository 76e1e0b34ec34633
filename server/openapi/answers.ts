import type { FailureCode } from '../../plans/failures.ts';
import { FAILURES } from '../../plans/failures.ts';
import type { Access } from '../auth/guard.ts';

interface Has {
  body: boolean;
  changes: boolean;
  access: Access;
  /** Whether the address names one thing. */
  place: boolean;
}

/** What whatever is under an address refuses by its own: beside what every route of its kind does. */
const OWN: readonly [prefix: string, codes: readonly FailureCode[]][] = [
  ['/api/v1/rollouts/{id}', ['ROLLOUT_UNKNOWN']],
  [
    '/api/v1/rollouts/{id}/actions',
    ['ROLLOUT_OVER', 'NOT_WAITING', 'STATE_STALE', 'HARD_STOP', 'APPROVED_ALREADY'],
  ],
  ['/api/v1/rollouts/{id}/actions', ['OWN_ROLLOUT', 'ROLE_MISSING', 'REASON_MISSING', 'FLAG_DRIFT']],
  ['/api/v1/rollouts/{id}/actions', ['POINT_OF_NO_RETURN', 'ONLY_WATCHES', 'TEMPORAL_UNREACHABLE']],
  ['/api/v1/rollouts/{id}/exposure', ['TOLD_STALE', 'NOT_WAITING', 'ROLLOUT_OVER', 'TEMPORAL_UNREACHABLE']],
  [
    '/api/v1/rollouts/{id}/drill',
    ['DRILL_REFUSED', 'NOT_WAITING', 'ROLLOUT_OVER', 'HARD_STOP', 'ONLY_WATCHES'],
  ],
  ['/api/v1/rollouts/{id}/drill', ['FLAG_OWNED', 'FLAG_LATCHED', 'FLAG_UNKNOWN', 'TEMPORAL_UNREACHABLE']],
  [
    '/api/v1/rollouts/{id}/amend',
    ['PLAN_INVALID', 'AMEND_REFUSED', 'ROLLOUT_OVER', 'STATE_STALE', 'HARD_STOP'],
  ],
  ['/api/v1/rollouts/{id}/amend', ['TEMPORAL_UNREACHABLE']],
  [
    '/api/v1/rollouts/{id}/actions',
    ['ABANDON_REFUSED', 'CONFIRM_NAME', 'EXCLUDE_REFUSED', 'SEGMENT_UNKNOWN'],
  ],
  ['/api/v1/rollouts/{id}/retry', ['RETRY_UNVERIFIED']],
  ['/api/v1/rollouts/{id}/comparison', ['STILL_READING']],
  ['/api/v1/rollouts/{id}/report', ['STILL_READING']],
  ['/api/v1/rollouts/{id}/incident/review', ['STILL_READING']],
  ['/api/v1/rollouts/{id}/proposal', ['STILL_READING']],
  ['/api/v1/rollouts/{id}/supersede', ['SUPERSEDE_REFUSED', 'ROLLOUT_OVER', 'HARD_STOP', 'ONLY_WATCHES']],
  ['/api/v1/rollouts/{id}/steps', ['STEP_UNKNOWN', 'STEP_HELD', 'NOT_WAITING', 'TEMPORAL_UNREACHABLE']],
  ['/api/v1/rollouts/{id}/bugs', ['ROLLOUT_OVER', 'TEMPORAL_UNREACHABLE']],
  ['/api/v1/rollouts/{id}/incident', ['INCIDENT_UNKNOWN']],
  ['/api/v1/rollouts/{id}/incident/close', ['INCIDENT_OPEN', 'INCIDENT_CLOSED']],
  ['/api/v1/rollouts/{id}/plan', ['REVISION_UNKNOWN']],
  ['/api/v1/plans/check', ['ROLLOUT_UNKNOWN']],
  ['/api/v1/plans/preflights', ['PLAN_INVALID', 'PREFLIGHT_BUSY', 'PREFLIGHT_UNKNOWN']],
  ['/api/v1/flags/{key}', ['FLAG_UNKNOWN', 'REVISION_UNKNOWN']],
  [
    '/api/v1/flags/{key}/kill',
    ['POINT_OF_NO_RETURN', 'FLAG_WATCHED', 'PLATFORM_UNREACHABLE', 'PLATFORM_UNPUBLISHED'],
  ],
  ['/api/v1/flags/{key}/unlock', ['FLAG_NOT_LATCHED', 'PLATFORM_UNREACHABLE']],
  ['/api/v1/flags/{key}/definition', ['FLAG_INVALID', 'FLAG_EXISTS', 'SEGMENT_UNKNOWN']],
  ['/api/v1/flags/{key}/exposure', ['FLAG_INVALID', 'FLAG_LATCHED', 'FLAG_OWNED', 'SEGMENT_UNKNOWN']],
  ['/api/v1/flags/{key}/undo', ['FLAG_INVALID', 'FLAG_OWNED', 'SEGMENT_UNKNOWN']],
  [
    '/api/v1/flag-file',
    ['FLAG_FILE_UNREADABLE', 'FLAG_INVALID', 'SEGMENT_INVALID', 'SEGMENT_UNKNOWN', 'FLAG_UNKNOWN'],
  ],
  ['/api/v1/flag-file', ['FLAG_EXISTS', 'FLAGS_BUSY']],
  ['/api/v1/segments/{name}', ['REVISION_UNKNOWN']],
  ['/api/v1/segments', ['SEGMENT_INVALID', 'SEGMENT_UNKNOWN', 'SEGMENT_IN_USE', 'SEGMENT_FULL']],
  ['/api/v1/flag-tokens/{id}', ['FLAG_TOKEN_UNKNOWN']],
  ['/api/v1/tokens/{id}', ['TOKEN_UNKNOWN']],
  ['/api/v1/alerts', ['ROLLOUT_UNKNOWN', 'TEMPORAL_UNREACHABLE']],
  ['/api/v1/webhooks', ['ROLLOUT_UNKNOWN', 'TEMPORAL_UNREACHABLE', 'PERMISSION_MISSING']],
  ['/api/v1/webhooks/{name}', ['WEBHOOK_REFUSED']],
  ['/api/v1/webhooks/slack', ['WEBHOOK_REFUSED']],
  ['/api/v1/session', ['TOKEN_REFUSED', 'CSRF_MISSING']],
];

const SUBMIT: readonly FailureCode[] = [
  'PLAN_INVALID',
  'PLAN_UNREADABLE',
  'NOT_SUPPORTED',
  'BASELINE_MISSING',
  'PROMETHEUS_QUERY',
  'PROMETHEUS_UNREACHABLE',
  'ROLLOUT_ACTIVE',
  'FLAG_LATCHED',
  'FLAG_OWNED',
  'FLAG_INVALID',
  'FLAG_UNSUPPORTED',
  'PLATFORM_UNREACHABLE',
  'PLATFORM_REFUSED',
  'PLATFORM_UNPUBLISHED',
  'TEMPORAL_UNREACHABLE',
  // Of a build that was there before.
  'RETRY_REFUSED',
  'RETRY_SAME_BUILD',
  'STILL_READING',
];

/** What begins a rollout. */
const BEGINS = ['/api/v1/rollouts', '/api/v1/rollouts/{id}/retry', '/api/v1/rollouts/{id}/supersede'];

/** Every refusal of a route: rows of the table of failures, by status. */
export function refusalsOf(path: string, has: Has): Record<number, FailureCode[]> {
  const codes = new Set<FailureCode>(['USAGE', 'INTERNAL']);
  const add = (...more: readonly FailureCode[]) => {
    for (const code of more) codes.add(code);
  };
  if (path.startsWith('/api/v1')) add('POSTGRES_UNREACHABLE');
  if (has.access !== 'public') add('LOGIN_NEEDED', 'TOKEN_REFUSED', 'PERMISSION_MISSING');
  if (has.changes && has.access !== 'public') add('CSRF_MISSING', 'IDEMPOTENCY_BUSY', 'IDEMPOTENCY_MISMATCH');
  for (const [prefix, own] of OWN) if (path === prefix || path.startsWith(`${prefix}/`)) add(...own);
  if (BEGINS.includes(path) && has.changes) add(...SUBMIT);
  const byStatus: Record<number, FailureCode[]> = {};
  for (const code of codes) (byStatus[FAILURES[code].status] ??= []).push(code);
  // Told apart by HTTP alone: too large, and of a type that is not read.
  if (has.body) for (const status of [413, 415]) byStatus[status] = ['USAGE'];
  if (has.changes) byStatus[415] = ['USAGE'];
  return byStatus;
}
