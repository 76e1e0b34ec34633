import { acceptedNames, assessCarried, carriedEvidence, firstTested } from '../analysis/carried.ts';
import { accept, acceptableDifference, type Evidence } from '../analysis/evidence.ts';
import type { GateContext } from '../analysis/stage.ts';
import type { Assessment } from '../plans/assessment.ts';
import { Failure } from '../plans/failures.ts';
import type { Carried } from '../plans/origin.ts';
import { partName } from '../plans/part-name.ts';
import type { Plan } from '../plans/plan.ts';
import { ENDED } from '../plans/view.ts';
import { stoppedMetrics } from '../rollout/accepting.ts';
import { acceptRefusal, carryRefusal } from '../rollout/retry.ts';
import type { RolloutRow } from '../store/store.ts';
import type { Actor } from './auth/principal.ts';
import type { ServerDeps } from './deps.ts';
import { earlierPlan } from './earlier-plan.ts';
import { planOf, viewOf } from './live.ts';
import type { Replayed } from './replayed.ts';
import type { Replays } from './replays.ts';

/** Rollouts of one name that are looked through for the build. */
export const LOOKED_BACK = 50;

/** `replays`: those of the tables, which have mostly read what a retry asks for. */
export type RetryDeps = ServerDeps & { replays: Replays };

export interface Wanted {
  plan: Plan;
  stage: string;
  /** Who asks for it. */
  actor: Actor;
  /** Up to which difference that person accepts what stands against the build; `shown`: what was seen; null: nothing is accepted. */
  accept: number | 'shown' | null;
}

export type CarriedOver =
  | { kind: 'carried'; evidence: Evidence; told: Carried }
  | { kind: 'anew'; why: string };

interface Past {
  row: RolloutRow;
  evidence: Evidence;
  until: number;
  context: Omit<GateContext, 'stageIndex'>;
  accepted: Carried['accepted'];
}

/**
 * What goes on after `earlier`, or in its place while it still runs, begins with: the evidence against its build, as the latest rollout of
 * that build has left it, so that `falseRollback` is one number for all of them.
 * @throws Failure RETRY_SAME_BUILD where that would stop it at once, RETRY_REFUSED, and whatever refuses to accept a difference
 */
export async function carriedInto(
  deps: RetryDeps,
  earlier: RolloutRow,
  wanted: Wanted,
): Promise<CarriedOver> {
  const { plan, stage, actor } = wanted;
  const { build } = plan.metadata;
  const past = build === undefined ? null : await pastOf(deps, earlier, build);
  if (build === undefined || past === null) {
    if (wanted.accept !== null)
      throw new Failure('RETRY_REFUSED', 'There is no difference to accept: the evidence begins anew.', {
        where: earlier.id,
      });
    return { kind: 'anew', why: anewText(earlier, build) };
  }
  const { row } = past;
  const refused = carryRefusal({ id: row.id, plan: earlierPlan(deps, row) }, { plan, stage });
  if (refused !== null) throw new Failure(refused.code, `${refused.message}.`, { where: row.id });
  const stageIndex = firstTested(
    plan,
    plan.stages.findIndex(({ name }) => name === stage),
  );
  const look = (evidence: Evidence) => assessCarried(evidence, plan, { ...past.context, stageIndex });
  const before = look(past.evidence);
  const accepted = wanted.accept === null ? null : acceptStanding(past, before, wanted);
  const evidence = accepted?.evidence ?? past.evidence;
  const assessment = accepted === null ? before : look(evidence);
  if (isStop(assessment)) throw sameBuild(row, build, assessment);
  const values = new Map(
    [
      ...past.accepted,
      ...(accepted?.values ?? []).map(({ name, value }) => ({ name, value, by: actor.by })),
    ].map((one) => [one.name, one]),
  );
  const told: Carried = {
    of: row.id,
    build,
    until: past.until,
    lnE: assessment.lnE,
    threshold: assessment.threshold,
    against: assessment.metrics
      .filter((one) => one.slice === undefined || one.lnE > 0)
      .map((one) => ({ name: partName(one), lnE: one.lnE })),
    accepted: acceptedNames(evidence).flatMap((name) => values.get(name) ?? []),
  };
  return { kind: 'carried', evidence, told };
}

/** Limits and coverage begin anew: only evidence stops before a first poll. */
function isStop({ verdict }: Assessment): boolean {
  return verdict === 'soft' || verdict === 'hard';
}

function sameBuild(row: RolloutRow, build: string, { reason, verdict }: Assessment): Failure {
  const what = verdict === 'hard' ? 'a hard stop, which nobody can accept' : 'a soft stop';
  return new Failure(
    'RETRY_SAME_BUILD',
    `What was seen of build ${build} in ${row.id} would stop it again at once, as ${what}: ${reason}.`,
    { where: row.id },
  );
}

/** What a person can live with of a soft stop is accepted, as in a rollout that waits for it. */
function acceptStanding(
  { row, evidence }: Past,
  assessment: Assessment,
  { accept: up, actor }: Wanted,
): { evidence: Evidence; values: { name: string; value: number }[] } {
  const no = acceptRefusal(
    { id: row.id, submittedBy: row.submittedBy, plan: planOf(row), stage: viewOf(row).stage },
    { verdict: assessment.verdict, by: actor.by, roles: actor.roles },
  );
  if (no !== null) throw new Failure(no.code, `${no.message}.`, { where: row.id });
  const values = stoppedMetrics(assessment).map((metric) => ({
    name: partName(metric),
    value: typeof up === 'number' ? up : acceptableDifference(metric),
  }));
  return { evidence: values.reduce((all, { name, value }) => accept(all, name, value), evidence), values };
}

/** The latest rollout of the same name and build of which anything is known: those that are over, and `earlier`. */
async function pastOf(deps: RetryDeps, earlier: RolloutRow, build: string): Promise<Past | null> {
  const { name, environment, flag } = earlier;
  const over = await deps.rollouts.list({ name, environment, flag, phases: ENDED, limit: LOOKED_BACK });
  for (const row of ENDED.includes(earlier.phase) ? over : [earlier, ...over]) {
    const { metadata, mode } = planOf(row);
    if (metadata.build !== build || mode !== 'act') continue;
    const past = await deps.replays.of(row, (replayed) => leftBy(row, replayed));
    if (past !== null) return past;
  }
  return null;
}

function leftBy(row: RolloutRow, { replay, journal }: Replayed): Past | null {
  const { standing, plan, learnt } = replay;
  if (standing === null) return null;
  const { origin } = viewOf(row);
  const before = origin?.carried?.accepted ?? [];
  const accepted = journal.flatMap(({ cause, accepted: values = {} }) =>
    cause.kind === 'person'
      ? Object.entries(values).map(([name, value]) => ({ name, value, by: cause.by }))
      : [],
  );
  return {
    row,
    evidence: carriedEvidence(standing, plan),
    until: replay.until,
    context: learnt,
    accepted: [...before, ...accepted],
  };
}

function anewText(earlier: RolloutRow, build: string | undefined): string {
  const before = planOf(earlier).metadata.build;
  if (build !== undefined && build === before)
    return `Its evidence begins anew: nothing was seen of build ${build} yet.`;
  if (build !== undefined)
    return before === undefined
      ? `Its evidence begins anew: it names build ${build}, ${earlier.id} named none.`
      : `Its evidence begins anew: it is of build ${build}, ${earlier.id} was of ${before}.`;
  return before === undefined
    ? 'Its evidence begins anew: no build is named.'
    : `Its evidence begins anew: it names no build, and ${earlier.id} was of ${before}.`;
}
