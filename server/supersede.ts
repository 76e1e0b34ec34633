import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from '../plans/access.ts';
import { Failure } from '../plans/failures.ts';
import { carriedText } from '../plans/origin-words.ts';
import type { Plan } from '../plans/plan.ts';
import { stageExposure } from '../plans/stages.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import { audience } from '../plans/words.ts';
import { keepsCohorts } from '../rollout/retry.ts';
import type { RolloutRow } from '../store/store.ts';
import type { SupersedeReply } from './api/after.ts';
import type { Actor } from './auth/principal.ts';
import { carriedInto, type RetryDeps } from './carried.ts';
import type { ServerDeps } from './deps.ts';
import { earlierPlan } from './earlier-plan.ts';
import { planOf, rolloutRow, viewOf } from './live.ts';
import { type After, admit, start } from './submit.ts';

/** How long the earlier rollout may take to have its flag back, milliseconds, and how often that is looked at. */
const BACK_WITHIN = 20_000;
const LOOK = 100;

interface Supersede {
  text: string;
  file: string;
  reason: string;
  confirm: boolean;
  actorAt: (place: Place) => Actor;
}

/**
 * A newer rollout takes the place of one that still runs. The flag goes back first, so that the new plan begins as every plan
 * does; without `confirm` this only says so. All that can refuse the new plan refuses it before anything moves. Of the same build it goes on
 * with the evidence against that.
 * @throws Failure SUPERSEDE_REFUSED, RETRY_SAME_BUILD, RETRY_REFUSED, STILL_READING, and whatever refuses a plan that is submitted
 */
export async function supersede(
  deps: RetryDeps,
  row: RolloutRow,
  request: Supersede,
): Promise<SupersedeReply> {
  const { reason, confirm } = request;
  const admitted = await admit(deps, {
    ...request,
    afterOf: (plan, actor) => {
      refuseOther(row, plan);
      return inPlaceOf(deps, row, { plan, actor, reason });
    },
  });
  const { plan, actor, past } = admitted;
  const sees = [...whatUsersSee(viewOf(row), plan), ...evidenceOf(past)];
  if (!confirm) return { of: row.id, sees, id: null, warnings: admitted.warnings };
  await deps.engine.act(row.id, 'supersede', { ...actor, reason, accept: null, breakGlass: false });
  const ended = await over(deps, row.id);
  // What it has seen since. Nothing is refused any more: what stands against the new one stops it as any gate does.
  const latest = await inPlaceOf(deps, ended, { plan, actor, reason }).catch((error: unknown) => {
    deps.logger.warn({ err: error, rollout: row.id }, 'what was seen last is not gone on with');
    return past;
  });
  const done = await start(deps, { ...admitted, past: latest }, request);
  return { of: row.id, sees, id: done.id, warnings: done.warnings };
}

/** What may differ between two plans whose cohorts are told apart in the same way. */
const OF_NO_COHORT = ['metadata.name', 'reversibility'];

async function inPlaceOf(
  deps: RetryDeps,
  row: RolloutRow,
  { plan, actor, reason }: { plan: Plan; actor: Actor; reason: string },
): Promise<After> {
  const origin = { kind: 'supersede' as const, of: row.id, reason };
  const { build } = plan.metadata;
  if (build === undefined || !keepsCohorts(earlierPlan(deps, row), plan, OF_NO_COHORT)) return { origin };
  const stage = plan.stages[0]?.name ?? '';
  const past = await carriedInto(deps, row, { plan, stage, actor, accept: null });
  return past.kind === 'anew'
    ? { origin: { ...origin, anew: past.why } }
    : { origin: { ...origin, carried: past.told }, carried: past.evidence };
}

function evidenceOf(past: After | null): string[] {
  const { carried, anew } = past?.origin ?? {};
  if (carried !== undefined) return [carriedText(carried)];
  return anew === undefined ? [] : [anew];
}

function refuseOther(row: RolloutRow, plan: Plan): void {
  const { mode } = planOf(row);
  if (mode === 'observe')
    throw new Failure('ONLY_WATCHES', `${row.id} only watches its flag.`, { where: row.id });
  if (plan.environment === row.environment && plan.flag.key === row.flag && plan.mode === 'act') return;
  throw new Failure('SUPERSEDE_REFUSED', `The plan does not move ${row.flag} in ${row.environment}.`, {
    where: row.id,
  });
}

function whatUsersSee(view: RolloutView, plan: Plan): string[] {
  const first = plan.stages[0]?.name ?? '';
  const asked = plan.approvals.start?.roles ?? [];
  const once = asked.length === 0 ? 'Then' : `Once ${asked.join(', ')} approve`;
  return [
    `${view.id} ends. Its flag serves ${audience(view.exposure)} now.`,
    `At once it serves ${audience(view.safeExposure)}: whoever else has the canary is taken from it.`,
    `${once}, within its windows, the new plan begins: stage ${first}, ${audience(stageExposure(plan, 0))}.`,
  ];
}

/** @throws Failure SUPERSEDE_REFUSED where the flag is not back in time; it still goes back */
async function over(deps: ServerDeps, id: string): Promise<RolloutRow> {
  const until = deps.now() + BACK_WITHIN;
  while (deps.now() < until) {
    const row = await rolloutRow(deps, id);
    if (ENDED.includes(row.phase)) return row;
    await sleep(LOOK);
  }
  throw new Failure('SUPERSEDE_REFUSED', `The flag of ${id} is not back yet: submit the plan once it is.`, {
    where: id,
  });
}
