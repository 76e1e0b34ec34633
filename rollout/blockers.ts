import type { Approval } from '../plans/approval.ts';
import type { Blocker } from '../plans/view.ts';
import { askedText, moment } from '../plans/words.ts';
import { amendRoles, confirmRoles } from './approvers.ts';
import { checkBlockers } from './checks.ts';
import { drillDeadline, drillRuns } from './drill-facts.ts';
import { heldSplit } from './held-split.ts';
import { noReturnText, noReturnWaits } from './no-return.ts';
import { approvalsTo, firstStage, nextStage } from './origin.ts';
import { gatePassed } from './passed.ts';
import { requirementBlockers } from './required.ts';
import { restartOf } from './restart.ts';
import { timeBlockers } from './schedule.ts';
import { sharedServiceText } from './shared-service.ts';
import type { Grant, RolloutState } from './state.ts';

/** The text of what stands in the way while somebody must agree to an amendment. */
export const AMENDMENT_WAITS = 'an amendment that loosens the plan waits for a second person';
/** The same of somebody who is to have the canary again. */
export const INCLUSION_WAITS = 'somebody is to have the canary again, which waits for a second person';

/**
 * What stands between a rollout and its next stage, now. An upward move happens when this is empty, and only
 * then: every rule about moving up is a row here.
 */
export function blockersOf(state: RolloutState, now: number): Blocker[] {
  const blockers: Blocker[] = [];
  if (state.descent != null)
    return [blocker('rollback', 'it is being rolled back, stage by stage', state.descent.at)];
  if (state.write !== null) blockers.push(blocker('write', 'the flag is being written'));
  else if (state.retry !== null)
    blockers.push(blocker('write', 'writing the flag failed and is tried again', state.retry.at));
  if (state.pause !== null) {
    blockers.push(
      blocker('paused', state.pause.causes.map(({ text }) => text).join('; '), state.pause.deadline),
    );
  }
  if (drillRuns(state))
    blockers.push(blocker('drill', 'a drill breaks the new path on purpose', drillDeadline(state)));
  if (state.amendment !== null) {
    const text = state.amendment.include === undefined ? AMENDMENT_WAITS : INCLUSION_WAITS;
    blockers.push(blocker('approval', text, null, amendRoles(state.plan)));
  }
  for (const { by, reason, deadline, roles, holds } of state.glass ?? []) {
    if (state.stage < holds) continue;
    blockers.push(
      blocker('confirmation', `${by} broke the glass (${reason}): a second person confirms`, deadline, roles),
    );
  }
  if (state.stage >= 0 && !gatePassed(state)) blockers.push(blocker('gate', gateText(state)));
  const split = gatePassed(state) ? null : heldSplit(state);
  // Whoever may open the next stage may say that the split is known; where nobody is named, any approver.
  if (split !== null)
    blockers.push(
      blocker(
        'split',
        `the traffic is not split as planned: ${split.detail}`,
        null,
        neededApproval(state)?.roles ?? [],
      ),
    );
  const approval = neededApproval(state);
  // Before the gate has passed there is nothing to approve: nobody is asked to act.
  const ready = state.stage < 0 || gatePassed(state);
  if (ready && approval !== null && !granted(state, approval)) {
    blockers.push(
      blocker(
        state.stage < 0 ? 'start-approval' : 'approval',
        approvalText(state, approval),
        waitingDeadline(state),
        missingRoles(state, approval),
      ),
    );
  }
  if (noReturnWaits(state))
    blockers.push(blocker('point-of-no-return', noReturnText(state), null, confirmRoles(state.plan)));
  const shared = sharedServiceText(state);
  if (shared !== null) blockers.push(blocker('shared-service', shared));
  blockers.push(...requirementBlockers(state), ...timeBlockers(state, now), ...checkBlockers(state, now));
  return blockers;
}

function blocker(
  kind: Blocker['kind'],
  text: string,
  until: number | null = null,
  roles: string[] = [],
): Blocker {
  return { kind, text, until, roles };
}

function gateText(state: RolloutState): string {
  const name = state.plan.stages[state.stage]?.name ?? '';
  const restarted = restartOf(state);
  const anew =
    restarted === null ? '' : `: clean days are counted from ${moment(restarted.at)}, by ${restarted.by}`;
  return `the gate of stage ${name} has not passed${anew}`;
}

/**
 * The approval that the next move needs: the plan's at the start, then the one of the stage that is left. A retry that begins
 * above the first stage needs those of the stages below as well, one after the other.
 */
export function neededApproval(state: RolloutState): Approval | null {
  const needed = approvalsTo(state.plan, state.stage, nextStage(state));
  return needed.find((approval) => !granted(state, approval)) ?? needed.at(-1) ?? null;
}

function grantsHere(state: RolloutState): Grant[] {
  return state.grants.filter((grant) => grant.stage === state.stage);
}

/** Where several approvals are asked for at once, each counts whoever has a role of it. */
function grantsFor(state: RolloutState, { roles }: Approval): Grant[] {
  const here = grantsHere(state);
  if (state.stage >= 0 || firstStage(state) === 0) return here;
  return here.filter((grant) => grant.breakGlass || grant.roles.some((role) => roles.includes(role)));
}

export function granted(state: RolloutState, approval: Approval): boolean {
  const grants = grantsFor(state, approval);
  if (grants.some((grant) => grant.breakGlass)) return true;
  if (approval.quorum === 'any') return grants.length >= 1;
  if (approval.quorum === 'all') return missingRoles(state, approval).length === 0;
  return grants.length >= approval.quorum;
}

/** Roles that may still give theirs. With `all`, each person stands for one role. */
export function missingRoles(state: RolloutState, approval: Approval): string[] {
  if (approval.quorum !== 'all') return approval.roles;
  const people = grantsHere(state).map((grant) =>
    grant.roles.filter((role) => approval.roles.includes(role)),
  );
  const covered = bestCover(approval.roles, people);
  return approval.roles.filter((role) => !covered.has(role));
}

/** The largest set of roles that the people can stand for, one role each (augmenting paths). */
function bestCover(roles: readonly string[], people: readonly string[][]): Set<string> {
  const holder = new Map<string, number>();
  const assign = (personIndex: number, seen: Set<string>): boolean => {
    for (const role of people[personIndex] ?? []) {
      if (seen.has(role)) continue;
      seen.add(role);
      const present = holder.get(role);
      if (present === undefined || assign(present, seen)) {
        holder.set(role, personIndex);
        return true;
      }
    }
    return false;
  };
  people.forEach((_, index) => assign(index, new Set()));
  return new Set(roles.filter((role) => holder.has(role)));
}

function approvalText(state: RolloutState, approval: Approval): string {
  const missing = missingRoles(state, approval);
  const have = grantsFor(state, approval).length;
  const wanted = askedText({ roles: missing, quorum: approval.quorum });
  return `waits for approval by ${wanted}${have > 0 ? ` (${have} given)` : ''}`;
}

/** From when on an answer is late. Before the plan's times let the stage open, nothing waits for it. */
export function answersFrom({ answersFrom: opens }: RolloutState, waitingSince: number): number {
  return Math.max(waitingSince, opens ?? 0);
}

export function waitingDeadline(state: RolloutState): number | null {
  const approval = neededApproval(state);
  if (state.waitingSince === null || approval === null) return null;
  return answersFrom(state, state.waitingSince) + (approval.sla + (approval.escalate?.wait ?? 0)) * 1000;
}
