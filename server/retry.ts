import type { Place } from '../plans/access.ts';
import { Failure } from '../plans/failures.ts';
import { namingBuild } from '../plans/named-build.ts';
import type { Origin } from '../plans/origin.ts';
import { carriedText } from '../plans/origin-words.ts';
import type { Plan } from '../plans/plan.ts';
import { stopCause } from '../plans/standing-words.ts';
import { retryChanges, retryRefusal } from '../rollout/retry.ts';
import type { RolloutRow } from '../store/store.ts';
import type { RetryReply } from './api/after.ts';
import type { Actor } from './auth/principal.ts';
import { carriedInto, type RetryDeps } from './carried.ts';
import type { ServerDeps } from './deps.ts';
import { earlierPlan } from './earlier-plan.ts';
import { planOf, viewOf } from './live.ts';
import { type After, submit } from './submit.ts';

interface Retry {
  /** Null: the first stage. */
  from: string | null;
  reason: string;
  /** Null: the plan as it was. */
  text: string | null;
  file: string;
  /** What stands behind the canary now; null: what the plan says. */
  build: string | null;
  /** As of `Wanted`. */
  accept: number | 'shown' | null;
  actorAt: (place: Place) => Actor;
}

/**
 * A new rollout in the place of one that is over, from its first stage or from one that it had proven.
 * @throws Failure RETRY_REFUSED, RETRY_UNVERIFIED, RETRY_SAME_BUILD, and whatever refuses a plan that is submitted
 */
export async function retry(deps: RetryDeps, row: RolloutRow, request: Retry): Promise<RetryReply> {
  const { file, actorAt } = request;
  const made: { retrial?: Retrial } = {};
  const afterOf = async (plan: Plan, actor: Actor): Promise<After> => {
    made.retrial = await retrialOf(deps, row, { ...request, plan, actor });
    return made.retrial.after;
  };
  const text = textOf(row, request);
  const done = await submit(deps, { text, file, actorAt, afterOf, after: row });
  const { origin, evidence = '' } = made.retrial ?? {};
  return {
    ...done,
    of: row.id,
    cause: origin?.cause ?? '',
    stage: origin?.stage ?? '',
    changes: origin?.changes ?? [],
    evidence,
    notes: [...done.notes, ...exclusionNotes(done.id, origin)],
  };
}

/** What a rollout takes up again, and what it is told to go on with. */
export interface Retrial {
  after: After;
  origin: Extract<Origin, { kind: 'retry' }>;
  /** What becomes of the evidence, in a sentence. */
  evidence: string;
}

/**
 * A plan as a retry of `row`.
 * @throws Failure RETRY_REFUSED, RETRY_UNVERIFIED, RETRY_SAME_BUILD
 */
export async function retrialOf(
  deps: RetryDeps,
  row: RolloutRow,
  {
    plan,
    actor,
    from,
    reason,
    accept,
  }: Pick<Retry, 'from' | 'reason' | 'accept'> & { plan: Plan; actor: Actor },
): Promise<Retrial> {
  const earlier = await earlierOf(deps, row);
  const view = viewOf(row);
  const stage = from ?? plan.stages[0]?.name ?? '';
  const no = retryRefusal(earlier, { plan, stage });
  if (no !== null) throw new Failure(no.code, `${no.message}.`, { where: row.id });
  const { excluded = [] } = view;
  const past = await carriedInto(deps, row, { plan, stage, actor, accept });
  const named = plan.metadata.build ?? earlier.plan.metadata.build;
  const origin: Retrial['origin'] = {
    kind: 'retry',
    of: row.id,
    stage,
    cause: stopCause(view) ?? `it was ${view.phase.replace('-', ' ')}`,
    reason,
    changes: retryChanges(earlier.plan, plan),
    ...(excluded.length === 0 ? {} : { excluded }),
    ...(past.kind === 'carried' ? { carried: past.told } : named === undefined ? {} : { anew: past.why }),
  };
  return {
    origin,
    evidence: past.kind === 'anew' ? past.why : carriedText(past.told),
    after: { origin, ...(past.kind === 'carried' ? { carried: past.evidence } : {}) },
  };
}

/** Whom people had taken off before, who begin without the canary. */
export function exclusionNotes(id: string, origin: Retrial['origin'] | undefined): string[] {
  return (origin?.excluded ?? []).map(
    ({ name, by, reason }) =>
      `${name} begins off the canary, as ${by} had it in ${origin?.of ?? ''}: ${reason} (\`tidegate include ${id}\` asks for the way back)`,
  );
}

/** The same plan is of the same build, unless the person says otherwise. */
function textOf(row: RolloutRow, { text, build }: Retry): string {
  const named = build ?? (text === null ? planOf(row).metadata.build : undefined);
  return named === undefined ? (text ?? row.text) : namingBuild(text ?? row.text, named);
}

async function earlierOf(deps: ServerDeps, row: RolloutRow) {
  const [journal, [latest]] = await Promise.all([
    deps.rollouts.journal(row.id),
    deps.rollouts.list({ environment: row.environment, flag: row.flag, limit: 1 }),
  ]);
  return { view: viewOf(row), plan: earlierPlan(deps, row), journal, latest: latest?.id ?? row.id };
}
