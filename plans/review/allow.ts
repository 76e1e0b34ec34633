import { nearest } from '../nearest.ts';
import { RISKS } from '../risks.ts';
import { RULES } from '../rules.ts';
import type { Review } from './context.ts';

/** Only risks can be allowed, by the ids that they have. */
export function reviewAllow({ plan, error, sound }: Review): void {
  plan.allow.forEach(({ rule }, index) => {
    const path = ['allow', index, 'rule'];
    if (!sound(path)) return;
    if (rule === 'PLAN-ALLOW-UNUSED') {
      const message = 'what hides nothing cannot be hidden itself';
      error(path, { rule: 'PLAN-ALLOW', message, instead: 'take it out' });
    } else if (!Object.hasOwn(RULES, rule)) {
      const near = nearest(rule, Object.keys(RISKS));
      const instead = near === null ? 'the id that `plan check` prints' : `did you mean ${near}?`;
      error(path, { rule: 'PLAN-ALLOW', message: `there is no rule "${rule}"`, instead });
    } else if (!Object.hasOwn(RISKS, rule)) {
      const message = `${rule} is no risk: a plan that breaks it cannot run`;
      error(path, { rule: 'PLAN-ALLOW', message, instead: 'mend what it finds, and take this out' });
    }
  });
}
