import type { Approval } from '../approval.ts';
import type { Plan } from '../plan.ts';
import { approvalFor } from '../stages.ts';
import type { Warn } from './context.ts';

/** Who is asked and who is told. */
export function peopleRisks(plan: Plan, warn: Warn): void {
  const { metadata } = plan;
  if (metadata.owner === undefined) {
    warn(['metadata'], {
      rule: 'PLAN-NO-OWNER',
      message: 'nobody is named to ask',
      instead: 'add `owner: TEAM`',
      key: true,
    });
  }
  if (metadata.ticket === undefined) {
    const message = 'nothing says where the change is described';
    warn(['metadata'], { rule: 'PLAN-NO-TICKET', message, instead: 'add `ticket: ABC-123`', key: true });
  }
  silentStops(plan, warn);
  if (plan.mode === 'act') oneApprover(plan, warn);
}

function silentStops(plan: Plan, warn: Warn): void {
  const told = new Set<string>(plan.notify.flatMap(({ events }) => events));
  // Of a plan that only watches the same is told as what would have been.
  const hears = (...events: string[]) => events.some((event) => told.has(event));
  const watching = plan.mode === 'observe';
  const silent = [
    hears('rolled-back', 'hard-stop', 'incident') || (watching && hears('would-stop')) ? '' : 'rolled-back',
    hears('paused', 'soft-stop') || (watching && hears('would-pause')) ? '' : 'paused',
    hears('no-data', 'paused') || (watching && hears('would-pause')) ? '' : 'no-data',
  ].filter((event) => event !== '');
  if (silent.length === 0) return;
  const message = `nobody is told when it is ${silent.join(' or ')}`;
  const instead = `a channel in \`notify\` with events: [${silent.join(', ')}]`;
  warn(['notify'], { rule: 'PLAN-SILENT-STOP', message, instead, key: true });
}

/** Where two approvals or more are asked, no one role may be enough for all of them. */
function oneApprover(plan: Plan, warn: Warn): void {
  const asked = [-1, ...plan.stages.keys()].flatMap((index) => approvalFor(plan, index) ?? []);
  if (asked.length < 2) return;
  const alone = asked[0]?.roles.find((role) => asked.every((approval) => suffices(approval, role)));
  if (alone === undefined) return;
  const path =
    plan.approvals.start !== undefined
      ? ['approvals', 'start', 'roles']
      : plan.approval !== undefined
        ? ['approval', 'roles']
        : ['stages', plan.stages.findIndex(({ approval }) => approval !== undefined), 'approval', 'roles'];
  warn(path, {
    rule: 'PLAN-ONE-APPROVER',
    message: `${alone} alone can give all ${asked.length} approvals`,
    instead: 'another role at one of them, or `quorum: 2`',
  });
}

function suffices({ roles, quorum }: Approval, role: string): boolean {
  if (!roles.includes(role)) return false;
  return quorum === 'any' || quorum === 1 || (quorum === 'all' && roles.length === 1);
}
