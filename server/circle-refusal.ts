import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import type { RolloutRow } from '../store/store.ts';
import type { ServerDeps } from './deps.ts';
import { requiredPlans } from './required-plans.ts';

/** How long the younger one is given to find it too, in milliseconds. */
const PATIENCE = 3_000;
const LOOK_AGAIN = 200;

/**
 * Two plans that require each other and come at once do not see each other while they are reviewed: once a rollout stands among the
 * others it is looked at again, before it begins. Of those in a circle the youngest is refused. An older one waits until it is, and
 * gives way itself where it is not: the younger may have looked before this one stood there.
 * @throws Failure PLAN_INVALID with the circle
 */
export async function refuseCircle(
  { rollouts }: Pick<ServerDeps, 'rollouts'>,
  plan: Plan,
  row: Pick<RolloutRow, 'id' | 'submittedAt'>,
): Promise<void> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const circle = (await requiredPlans(rollouts, plan, row.id))?.circle ?? null;
    if (circle === null) return;
    const others = await Promise.all(circle.through.map((id) => rollouts.get(id)));
    const youngest = others.every((one) => one === null || isOlder(one, row));
    if (youngest || Date.now() >= end) {
      throw new Failure(
        'PLAN_INVALID',
        `${plan.metadata.name} and what was submitted with it wait for each other.`,
        {
          details: [
            `none of these could go on: ${circle.text}. Instead: let one of them go first: take out its \`requires\`, or ask for less`,
          ],
        },
      );
    }
    await sleep(LOOK_AGAIN);
  }
}

function isOlder(
  one: Pick<RolloutRow, 'id' | 'submittedAt'>,
  than: Pick<RolloutRow, 'id' | 'submittedAt'>,
): boolean {
  return one.submittedAt < than.submittedAt || (one.submittedAt === than.submittedAt && one.id < than.id);
}
