import type { Review } from './context.ts';

/** What is said of rollouts of one service needs its name. */
export function reviewShared({ plan, error, sound }: Review): void {
  const { metadata, policy } = plan;
  if (metadata.service !== undefined || policy.perService === undefined) return;
  if (!sound(['policy', 'perService']) || !sound(['metadata', 'service'])) return;
  error(['policy', 'perService'], {
    rule: 'PLAN-SERVICE',
    message: 'nothing says which service is meant',
    instead: 'add `service:` to `metadata`',
    key: true,
  });
}
