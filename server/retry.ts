import type { Place } from '../plans/access.ts';
import { Failure } from '../plans/failures.ts';
import type { Origin } from '../plans/origin.ts';
import type { Plan } from '../plans/plan.ts';
import { stopCause } from '../plans/standing-words.ts';
import { tenantQuestions } from '../plans/tenant-answers.ts';
import { retryChanges, retryRefusal } from '../rollout/retry.ts';
import type { RolloutRow } from '../store/store.ts';
import type { RetryReply } from './api/after.ts';
import type { Actor } from './auth/principal.ts';
import type { ServerDeps } from './deps.ts';
import { planOf, viewOf } from './live.ts';
import { planFromText } from './plan-text.ts';
import { submit } from './submit.ts';

interface Retry {
  /** Null: the first stage. */
  from: string | null;
  reason: string;
  /** Null: the plan as it was. */
  text: string | null;
  file: string;
  actorAt: (place: Place) => Actor;
}

/**
 * A new rollout in the place of one that is over, from its first stage or from one that it had proven.
 * @throws Failure RETRY_REFUSED, RETRY_UNVERIFIED, and whatever refuses a plan that is submitted
 */
export async function retry(deps: ServerDeps, row: RolloutRow, request: Retry): Promise<RetryReply> {
  const { reason, file, actorAt } = request;
  const earlier = await earlierOf(deps, row);
  const view = viewOf(row);
  const cause = stopCause(view) ?? `it was ${view.phase}`;
  const made: { origin?: Extract<Origin, { kind: 'retry' }> } = {};
  const originOf = (plan: Plan) => {
    const stage = request.from ?? plan.stages[0]?.name ?? '';
    const no = retryRefusal(earlier, { plan, stage });
    if (no !== null) throw new Failure(no.code, `${no.message}.`, { where: row.id });
    const changes = retryChanges(earlier.plan, plan);
    const excluded = view.excluded ?? [];
    made.origin = {
      kind: 'retry',
      of: row.id,
      stage,
      cause,
      reason,
      changes,
      ...(excluded.length === 0 ? {} : { excluded }),
    };
    return made.origin;
  };
  const text = request.text ?? row.text;
  const done = await submit(deps, { text, file, actorAt, originOf, after: row });
  const notes = (made.origin?.excluded ?? []).map(
    ({ name, by, reason }) =>
      `${name} begins off the canary, as ${by} had it in ${row.id}: ${reason} (\`tidegate include ${done.id}\` asks for the way back)`,
  );
  return {
    ...done,
    of: row.id,
    cause,
    stage: made.origin?.stage ?? '',
    changes: made.origin?.changes ?? [],
    notes: [...done.notes, ...notes],
  };
}

async function earlierOf(deps: ServerDeps, row: RolloutRow) {
  const [journal, [latest]] = await Promise.all([
    deps.rollouts.journal(row.id),
    deps.rollouts.list({ environment: row.environment, flag: row.flag, limit: 1 }),
  ]);
  return { view: viewOf(row), plan: asParsedNow(deps, row), journal, latest: latest?.id ?? row.id };
}

/** Stored plans lack what later versions have defaults for: the same text is no change. */
function asParsedNow(deps: ServerDeps, row: RolloutRow): Plan {
  try {
    const { plan } = planFromText(deps, { text: row.text, file: row.id });
    return tenantQuestions(plan).length === 0 ? plan : planOf(row);
  } catch {
    return planOf(row);
  }
}
