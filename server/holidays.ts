import type { Plan } from '../plans/plan.ts';
import type { Windows } from '../plans/windows.ts';

/** Days by the name of their list. */
export type Holidays = Readonly<Record<string, readonly string[]>>;

/**
 * The plan with the days of `tidegate.yaml` in place of their lists' names, as they are now: a rollout keeps the days that it was
 * submitted or amended with. `unknown`: names that are no list.
 */
export function withHolidays(
  plan: Plan,
  lists: Holidays,
): { plan: Plan; unknown: [path: string, name: string][] } {
  const unknown: [string, string][] = [];
  const days = (windows: Windows, path: string): Windows => {
    const { holidays } = windows;
    if (typeof holidays !== 'string') return windows;
    const known = Object.hasOwn(lists, holidays) ? lists[holidays] : undefined;
    if (known === undefined) unknown.push([`${path}.holidays`, holidays]);
    return { ...windows, holidays: [...(known ?? [])] };
  };
  const resolved: Plan = {
    ...plan,
    ...(plan.windows === undefined ? {} : { windows: days(plan.windows, 'windows') }),
    stages: plan.stages.map((stage, index) =>
      stage.windows === undefined
        ? stage
        : { ...stage, windows: days(stage.windows, `stages[${index}].windows`) },
    ),
  };
  return { plan: resolved, unknown };
}
