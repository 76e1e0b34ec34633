import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from '../plans/access.ts';
import { Failure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import { stageExposure } from '../plans/stages.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import { audience } from '../plans/words.ts';
import type { RolloutRow } from '../store/store.ts';
import type { SupersedeReply } from './api/after.ts';
import type { Actor } from './auth/principal.ts';
import type { ServerDeps } from './deps.ts';
import { planOf, rolloutRow, viewOf } from './live.ts';
import { admit, start } from './submit.ts';

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
 * does; without `confirm` this only says so. All that can refuse the new plan refuses it before anything moves.
 */
export async function supersede(
  deps: ServerDeps,
  row: RolloutRow,
  request: Supersede,
): Promise<SupersedeReply> {
  const { reason, confirm } = request;
  const admitted = await admit(deps, {
    ...request,
    afterOf: (plan) => {
      refuseOther(row, plan);
      return { origin: { kind: 'supersede', of: row.id, reason } };
    },
  });
  const sees = whatUsersSee(viewOf(row), admitted.plan);
  if (!confirm) return { of: row.id, sees, id: null, warnings: admitted.warnings };
  const { actor } = admitted;
  await deps.engine.act(row.id, 'supersede', { ...actor, reason, accept: null, breakGlass: false });
  await over(deps, row.id);
  const done = await start(deps, admitted, request);
  return { of: row.id, sees, id: done.id, warnings: done.warnings };
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
async function over(deps: ServerDeps, id: string): Promise<void> {
  const until = deps.now() + BACK_WITHIN;
  while (deps.now() < until) {
    if (ENDED.includes((await rolloutRow(deps, id)).phase)) return;
    await sleep(LOOK);
  }
  throw new Failure('SUPERSEDE_REFUSED', `The flag of ${id} is not back yet: submit the plan once it is.`, {
    where: id,
  });
}
