import type { Path } from '../document.ts';
import type { Plan } from '../plan.ts';
import { duration } from '../words.ts';
import type { Review, Warn } from './context.ts';

/** Polls that a healthy gate has to renew a lease in. */
const POLLS = 3;

function leases(plan: Plan): [Path, number][] {
  const top: [Path, number][] = plan.lease === undefined ? [] : [[['lease'], plan.lease]];
  const own = plan.stages.flatMap(({ lease }, index): [Path, number][] =>
    lease === undefined ? [] : [[['stages', index, 'lease'], lease]],
  );
  return [...top, ...own];
}

/** A lease can be renewed in its time, and has somewhere to fall back to. */
export function reviewLease({ plan, error, sound }: Review): void {
  const least = POLLS * plan.source.poll;
  for (const [path, seconds] of leases(plan)) {
    if (!sound(path)) continue;
    if (seconds < least && sound(['source', 'poll'])) {
      const message = `a gate that polls every ${duration(plan.source.poll)} cannot renew it in time`;
      error(path, { rule: 'PLAN-LEASE', message, instead: `${least}s or more (${POLLS} polls)` });
    }
    if (plan.flag.provider !== 'embedded' && sound(['flag', 'provider'])) {
      const message = `flags of ${plan.flag.provider} do not know the time`;
      error(path, { rule: 'PLAN-LEASE', message, instead: '`provider: embedded`, or no lease', key: true });
    }
    if (plan.reversibility === 'forward-only' && plan.safeExposure === 'frozen' && sound(['safeExposure'])) {
      const message = 'a frozen exposure has nothing to fall back to';
      error(path, { rule: 'PLAN-LEASE', message, instead: '`safeExposure: { variant: NAME }`', key: true });
    }
  }
  plan.stages.forEach(({ lease, decommission }, index) => {
    const path = ['stages', index, 'lease'];
    if (lease === undefined || decommission === undefined || !sound(path)) return;
    const message = 'a decommission stage exposes nobody new';
    error(path, { rule: 'PLAN-LEASE', message, instead: 'take it out', key: true });
  });
}

/** A lease that gives way before the plan's own rule for missing data. */
export function leaseRisks(plan: Plan, warn: Warn): void {
  const { after } = plan.policy.noData;
  for (const [path, seconds] of leases(plan)) {
    if (seconds >= after) continue;
    const message = `the flag falls back after ${duration(seconds)} without metrics or PostgreSQL, before \`policy.noData\` speaks (${duration(after)})`;
    warn(path, { rule: 'PLAN-LEASE-SHORT', message, instead: `${after}s or more` });
  }
}
