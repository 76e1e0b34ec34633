import { Approval } from '../plans/approval.ts';
import type { Plan } from '../plans/plan.ts';
import type { Stage } from '../plans/stage.ts';

/** Given when the trace has left the stage. */
const RECORDED = Approval.parse({ roles: ['trace'] });

/** Nothing of a plan that waits for people or hours, or for what a trace does not hold, binds a recorded rollout. */
export function unbound(plan: Plan): Plan {
  const {
    windows: _windows,
    approval: _approval,
    start: _start,
    deadline: _deadline,
    before: _before,
    requires: _requires,
    ...rest
  } = plan;
  return {
    ...rest,
    mode: 'act',
    approvals: {},
    limits: plan.limits.filter(({ expr }) => expr === undefined),
    policy: { ...plan.policy, sharedService: 'note' },
    stages: plan.stages.map(
      ({ approval: _stage, windows: _own, checks: _checks, requires: _others, ...stage }, index) => ({
        ...withoutParity(stage),
        // Nothing is written where it begins, so the trace says by an approval that it has got there.
        ...(plan.stages[index + 1]?.decommission === undefined ? {} : { approval: RECORDED }),
        // A trace has no expressions: the requests of the old path's cohort are what it tells.
        ...(stage.decommission === undefined
          ? {}
          : { decommission: { ...stage.decommission, unused: undefined } }),
      }),
    ),
  };
}

function withoutParity(stage: Stage): Stage {
  const parity = Number.POSITIVE_INFINITY;
  if (stage.shadow !== undefined) return { ...stage, shadow: { parity } };
  return stage.dark === undefined ? stage : { ...stage, dark: { ...stage.dark, parity } };
}
