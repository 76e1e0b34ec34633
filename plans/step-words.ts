import type { StepLeft } from './steps.ts';
import { moment, relative } from './words.ts';

/** `code, by shop: due Thu 2026-03-05 14:00 UTC (in 3 d)`. */
export function stepLine({ name, owner, due, done }: StepLeft, now: number): string {
  const what = `${name}, by ${owner ?? 'nobody named'}`;
  if (done !== null)
    return `${what}: done ${moment(done.at)} by ${done.by}${done.reason === null ? '' : ` (${done.reason})`}`;
  return `${what}: ${due <= now ? 'overdue since' : 'due'} ${moment(due)} (${relative(due, now)})`;
}

/** `2 of 4 steps are left`. */
export function stepsText(steps: readonly StepLeft[]): string {
  const left = steps.filter(({ done }) => done === null).length;
  if (left === 0) return 'every step is done';
  return `${left} of ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} ${left === 1 ? 'is' : 'are'} left`;
}
