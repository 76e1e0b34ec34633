import { asksBefore } from '../before.ts';
import type { Review } from './context.ts';

/** What must hold before the start is something, each named once. */
export function reviewBefore({ plan: { before }, error, sound }: Review): void {
  if (before === undefined || !sound(['before'])) return;
  if (!asksBefore(before))
    error(['before'], {
      rule: 'PLAN-BEFORE',
      message: 'nothing must hold',
      instead: 'one of `metrics`, `alerts`, `drill` and `evidence`, or take it out',
    });
  for (const list of ['alerts', 'evidence'] as const) {
    const names: readonly string[] = before[list] ?? [];
    names.forEach((name, index) => {
      if (names.indexOf(name) === index || !sound(['before', list, index])) return;
      error(['before', list, index], {
        rule: 'PLAN-BEFORE',
        message: `${name} is named twice`,
        instead: 'each name once',
      });
    });
  }
}
