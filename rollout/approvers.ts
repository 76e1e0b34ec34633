import type { Plan } from '../plans/plan.ts';

/** Who may confirm what loosens a plan: those who approve its start, else those who approve its stages. */
export function amendRoles(plan: Plan): string[] {
  const roles =
    plan.approvals.start?.roles ??
    plan.approval?.roles ??
    plan.stages.flatMap((stage) => stage.approval?.roles ?? []);
  return [...new Set(roles)];
}

/** Who may confirm the point of no return; none: anybody but who submitted the plan. */
export function confirmRoles(plan: Plan): string[] {
  const rule = plan.stages.at(-1)?.decommission;
  return rule?.confirm.roles ?? amendRoles(plan);
}
