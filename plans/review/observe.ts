import type { Path } from '../document.ts';
import { TOLD } from '../names.ts';
import type { Plan } from '../plan.ts';
import type { Review, Warn } from './context.ts';

/** A plan that only watches ends nothing for good, and one that acts has a flag to move. */
export function reviewObserve({ plan, error, sound }: Review): void {
  const rule = 'PLAN-OBSERVE';
  const { provider } = plan.flag;
  if (plan.mode === 'act') {
    if (provider !== TOLD || !sound(['flag', 'provider'])) return;
    const message = 'what is told by API is moved by somebody else';
    error(['flag', 'provider'], {
      rule,
      message,
      instead: '`mode: observe`, or the provider that serves it',
    });
    return;
  }
  plan.stages.forEach(({ decommission }, index) => {
    const path = ['stages', index, 'decommission'];
    if (decommission === undefined || !sound(path)) return;
    const message = 'a plan that only watches takes no old path away';
    error(path, { rule, message, instead: 'take the stage out', key: true });
  });
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
    [['start'], plan.start],
    [['deadline'], plan.deadline],
    [['requires'], plan.requires],
    ...plan.stages.map(({ requires }, index): [Path, unknown] => [['stages', index, 'requires'], requires]),
    ...plan.stages.map(({ checks }, index): [Path, unknown] => [['stages', index, 'checks'], checks]),
  ];
  say(asks, 'nobody is asked while the plan only watches');
  say(entries, 'it holds and ends nothing while the plan only watches');
  say(leases, 'there is no lease while the plan only watches');
}
