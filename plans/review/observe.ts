import type { Path } from '../document.ts';
import { TOLD } from '../names.ts';
import type { Plan } from '../plan.ts';
import type { Review, Warn } from './context.ts';

/** A plan that acts has a flag to move. */
export function reviewObserve({ plan, error, sound }: Review): void {
  const path = ['flag', 'provider'];
  if (plan.mode !== 'act' || plan.flag.provider !== TOLD || !sound(path)) return;
  const message = 'what is told by API is moved by somebody else';
  const instead = '`mode: observe`, or the provider that serves it';
  error(path, { rule: 'PLAN-OBSERVE', message, instead });
}

/** What stands in a plan for the day on which it acts, and has no effect while it watches. */
export function observeRisks(plan: Plan, warn: Warn): void {
  if (plan.mode === 'act') return;
  const asks: [Path, unknown][] = [
    [['approvals', 'start'], plan.approvals.start],
    [['approval'], plan.approval],
    ...plan.stages.map(({ approval }, index): [Path, unknown] => [['stages', index, 'approval'], approval]),
  ];
  const leases: [Path, unknown][] = [
    [['lease'], plan.lease],
    ...plan.stages.map(({ lease }, index): [Path, unknown] => [['stages', index, 'lease'], lease]),
  ];
  const say = (places: [Path, unknown][], message: string) => {
    for (const [path, value] of places)
      if (value !== undefined)
        warn(path, {
          rule: 'PLAN-OBSERVE',
          message,
          instead: 'nothing: it counts once the plan acts',
          key: true,
        });
  };
  const entries: [Path, unknown][] = [
    [['before'], plan.before],
    ...plan.stages.map(({ checks }, index): [Path, unknown] => [['stages', index, 'checks'], checks]),
  ];
  const ends = plan.stages.map(({ decommission }, index): [Path, unknown] => [
    ['stages', index, 'decommission'],
    decommission,
  ]);
  say(asks, 'nobody is asked while the plan only watches');
  say(entries, 'nobody looks for it while the plan only watches');
  say(ends, 'the observation ends before it: a plan that only watches takes no old path away');
  say(leases, 'there is no lease while the plan only watches');
}
