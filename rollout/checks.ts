import { asksBefore } from '../plans/before.ts';
import type { Check, CheckAnswer } from '../plans/check.ts';
import type { Blocker, ChecksView } from '../plans/view.ts';
import type { PersonEvent, Refusal } from './event.ts';
import { nextStage } from './origin.ts';
import { gatePassed } from './passed.ts';
import type { RolloutState, StageChecks } from './state.ts';

/*
 * Checks of the plan's own at the entry of a stage. They are the last that is asked: once nothing else holds the rollout, so that
 * their answer is as fresh as the move. A stop asks nobody and takes nothing of this into account.
 */

/** How long a pass may be trusted, in ms: a raise that failed is tried again within a minute. */
const FRESH = 300_000;

/** The checks before the next stage. */
export function checksAhead(state: RolloutState): readonly Check[] {
  return state.plan.stages[nextStage(state)]?.checks ?? [];
}

/** True where the plan asks for something before its first stage, and nobody has waived it. */
export function asksPreparation({ plan, stage, waived, planRevision }: RolloutState): boolean {
  return stage < 0 && asksBefore(plan.before) && waived?.planRevision !== planRevision;
}

function asksAnything(state: RolloutState): boolean {
  return checksAhead(state).length > 0 || asksPreparation(state);
}

/** Why what the plan asks for before the start cannot be waived; null when it can. */
export function waiveRefusal(state: RolloutState, { by, roles, reason }: PersonEvent): Refusal | null {
  if (!asksPreparation(state))
    return { code: 'NOT_WAITING', message: `${state.id} waits for nothing that could be waived` };
  if (reason === null)
    return { code: 'REASON_MISSING', message: 'whoever lets a rollout begin without says why' };
  if (by === state.submittedBy.by) return { code: 'OWN_ROLLOUT', message: `${by} submitted ${state.id}` };
  const wanted = state.plan.before?.waive?.roles ?? [];
  if (roles.some((role) => wanted.includes(role))) return null;
  const whose =
    wanted.length === 0
      ? 'the plan lets nobody waive it'
      : `${by} has none of the roles ${wanted.join(', ')}`;
  return { code: 'ROLE_MISSING', message: whose };
}

/** What was asked for the stage that comes next, from where the rollout is; null: nothing was. */
export function presentChecks(state: RolloutState): StageChecks | null {
  const { checks } = state;
  if (checks == null || !asksAnything(state)) return null;
  const here =
    checks.stage === nextStage(state) &&
    checks.since === state.stageSince &&
    checks.planRevision === state.planRevision;
  return here ? checks : null;
}

function isReady(state: RolloutState): boolean {
  return state.stage < 0 || gatePassed(state);
}

/** The checks that have not passed; nothing before the gate has, which is said by itself. */
export function checkBlockers(state: RolloutState, now: number): Blocker[] {
  if (!asksAnything(state) || !isReady(state)) return [];
  const checks = presentChecks(state);
  const name = state.plan.stages[nextStage(state)]?.name ?? '';
  const blocker = (text: string, until: number | null = null): Blocker[] => [
    { kind: 'checks', text, until, roles: [] },
  ];
  if (checks === null) return blocker(`the checks before stage ${name} are asked last`);
  if (checks.answered === null) return blocker(`the checks before stage ${name} are being asked`);
  const failed = failures(checks.answers);
  if (failed.length > 0)
    return blocker(`before stage ${name} failed: ${failed.map(failureText).join('; ')}`, checks.next);
  return now - checks.answered < FRESH ? [] : blocker(`the checks before stage ${name} are asked anew`);
}

export function failures(answers: readonly CheckAnswer[]): CheckAnswer[] {
  return answers.filter(({ ok }) => !ok);
}

export function failureText({ name, came }: CheckAnswer): string {
  return `${name} (${came})`;
}

/** Why the checks cannot be asked again now; null when they can. */
export function recheckRefusal(state: RolloutState): Refusal | null {
  const no = (message: string): Refusal => ({ code: 'NOT_WAITING', message });
  if (!asksAnything(state)) return no(`${state.id} has no checks before its next stage`);
  if (!isReady(state)) return no(`${state.id} is asked for its checks once its gate has passed`);
  if (state.pause !== null) return no(`${state.id} is paused, and its checks come last`);
  const known = presentChecks(state);
  if (known !== null && known.answered === null) return no(`the checks of ${state.id} are being asked`);
  return null;
}

export function checksView(state: RolloutState): { checks?: ChecksView } {
  const checks = presentChecks(state);
  if (checks === null || (state.phase !== 'submitted' && state.phase !== 'active')) return {};
  const { answered, answers, asked, next } = checks;
  const failed = failures(answers).length > 0;
  return {
    checks: {
      stage: state.plan.stages[checks.stage]?.name ?? '',
      state: answered === null ? 'running' : failed ? 'failed' : 'passed',
      at: answered ?? asked,
      answers: [...answers],
      next,
    },
  };
}
