import type { Review } from './context.ts';

/** What is said of rollouts of one service needs its name. */
export function reviewShared({ plan, error, sound }: Review): void {
  const { metadata, policy } = plan;
  if (metadata.service !== undefined || !sound(['metadata', 'service'])) return;
  const said = [
    ...(policy.perService === undefined ? [] : ['perService']),
    ...(policy.sharedService === 'wait' ? ['sharedService'] : []),
  ];
  for (const name of said) {
    const path = ['policy', name];
    if (!sound(path)) continue;
    error(path, {
      rule: 'PLAN-SERVICE',
      message: 'nothing says which service is meant',
      instead: 'add `service:` to `metadata`',
      key: true,
    });
  }
}
