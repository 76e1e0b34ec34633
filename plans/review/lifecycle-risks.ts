import type { Plan } from '../plan.ts';
import type { Warn } from './context.ts';

/** How a plan begins, ends and is undone. */
export function lifecycleRisks(plan: Plan, warn: Warn): void {
  const { flag, mode, policy, migration, reversibility, safeExposure } = plan;
  if (flag.expires === undefined) {
    const message = 'nothing says when the flag should be gone';
    warn(['flag'], {
      rule: 'PLAN-NO-EXPIRY',
      message,
      instead: 'add `expires:` with a date, such as 2027-06-30',
      key: true,
    });
  }
  if (migration !== undefined && migration.writes !== 'both' && reversibility === 'reversible') {
    const message = 'only the new place is written, and a rollback goes back to the old one';
    const instead = '`writes: both`, or `reversibility: forward-only`';
    warn(['migration'], { rule: 'PLAN-NO-DUAL-WRITE', message, instead, key: true });
  }
  if (migration !== undefined && migration.parity === undefined) {
    const message = 'nothing compares the data of both paths';
    const instead = 'add `parity:` with the name of the limit or metric that does';
    warn(['migration'], { rule: 'PLAN-NO-PARITY', message, instead, key: true });
  }
  // What follows is done by who moves the flag, and a plan that only watches does not.
  if (mode === 'observe') return;
  if (reversibility === 'forward-only' && safeExposure === 'frozen') {
    const message = 'a kill leaves everybody on the new path who is on it';
    const instead = '`{ variant: NAME }`, a third variant that disables the feature';
    warn(['safeExposure'], { rule: 'PLAN-NO-KILL-PATH', message, instead });
  }
  if (policy.hard === 'pause') {
    const message =
      'a difference beyond a hard margin only pauses and tells: the canary stays until somebody acts';
    warn(['policy', 'hard'], { rule: 'PLAN-NO-HARD-STOP', message, instead: '`rollback`' });
  }
  if (plan.stages.every(({ decommission }) => decommission === undefined)) {
    const message = 'the old path is never taken away';
    const instead = 'a last stage with `decommission: { cleanFor: 7d }`, after one with `percent: 100`';
    warn(['stages'], { rule: 'PLAN-NO-DECOMMISSION', message, instead, key: true });
  }
}
