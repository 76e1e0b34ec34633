import type { Notification } from './journal.ts';
import type { Plan } from './plan.ts';

/**
 * The tenants that a message concerns: of a stage that is announced those that get the canary with it, of anything else those
 * that have it or had it in the stage of the message. Null: no stage up to there names tenants.
 */
export function toldTenants(
  { stages }: Pick<Plan, 'stages'>,
  { upcoming, rollout }: Pick<Notification, 'upcoming' | 'rollout'>,
): string[] | null {
  const name = upcoming?.stage ?? rollout.stage;
  const index = stages.findIndex((stage) => stage.name === name);
  const tenants = (to: number) => stages.slice(0, to).flatMap(({ audience }) => audience?.tenants ?? []);
  const all = tenants(index + 1);
  if (all.length === 0) return null;
  // Where a share of everybody has it too, it concerns everybody.
  const shares = stages.slice(0, index + 1).some(({ percent }) => (percent ?? 0) > 0);
  if (shares) return null;
  if (upcoming === undefined) return [...new Set(all)];
  const before = new Set(tenants(index));
  return [...new Set(all)].filter((one) => !before.has(one));
}
