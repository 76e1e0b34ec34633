import type { Path } from '../document.ts';
import type { Requirement } from '../requirement.ts';
import type { Review } from './context.ts';

/** What a plan requires of others can be reached, and is said once. */
export function reviewRequires({ plan, error, sound }: Review): void {
  const rule = 'PLAN-REQUIRES';
  const review = (list: readonly Requirement[] | undefined, start: Path) => {
    const said = new Map<string, number>();
    for (const [index, { rollout, environment = plan.environment, reached }] of (list ?? []).entries()) {
      const path = [...start, 'requires', index];
      if (!sound(path)) continue;
      if (rollout === plan.metadata.name && environment === plan.environment)
        error([...path, 'rollout'], {
          rule,
          message: 'a plan cannot wait for itself',
          instead: 'the name of another plan; approvals and checks hold a stage of this one',
        });
      if (typeof reached === 'number' && !(reached > 0 && reached <= 1))
        error([...path, 'reached'], {
          rule,
          message: 'a rollout serves more than 0 % and at most 100 %',
          instead: '25%, `completed`, or `{ stage: NAME }`',
        });
      const key = JSON.stringify([rollout, environment, reached]);
      if (said.has(key))
        error(path, {
          rule,
          message: `the same as entry ${(said.get(key) ?? 0) + 1}`,
          instead: 'take it out',
        });
      else said.set(key, index);
    }
  };
  review(plan.requires, []);
  plan.stages.forEach((stage, index) => review(stage.requires, ['stages', index]));
}
