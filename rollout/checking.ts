import type { CheckAnswer } from '../plans/check.ts';
import { asksPreparation, checksAhead, failures, failureText, presentChecks } from './checks.ts';
import type { PersonEvent, RolloutEvent } from './event.ts';
import { nextStage } from './origin.ts';
import type { RolloutState, StageChecks } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, person, policy } from './turn.ts';

/** Seconds from one try of checks that fail to the next, where the plan does not say. */
const EVERY = 300;

/** Asks the checks before the next stage, where they are not out and not to rest. */
export function askChecks(turn: Turn): void {
  const { state, now } = turn;
  const known = presentChecks(state);
  if (known !== null && known.answered === null) return;
  const resting = known !== null && failures(known.answers).length > 0 && now < (known.next ?? now);
  if (!resting) ask(turn, known);
}

/** What must hold before the start is looked for at once, so that it can be mended while the rollout waits. */
export function askBefore(turn: Turn): void {
  if (asksPreparation(turn.state)) ask(turn, null);
}

function ask(turn: Turn, known: StageChecks | null): void {
  const { state, now } = turn;
  const run = (state.checkRuns ?? 0) + 1;
  state.checkRuns = run;
  state.checks = {
    run,
    stage: nextStage(state),
    since: state.stageSince,
    planRevision: state.planRevision,
    asked: now,
    answered: null,
    answers: known?.answers ?? [],
    next: null,
    failing: known?.failing ?? null,
  };
  const { plan, id } = state;
  turn.commands.push({
    kind: 'check',
    request: {
      run,
      rolloutId: id,
      flag: plan.flag.key,
      environment: plan.environment,
      stage: plan.stages[nextStage(state)]?.name ?? '',
      checks: [...checksAhead(state)],
      ...(asksPreparation(state) ? { before: plan } : {}),
    },
  });
}

/** Takes in what came. One that failed in the same way as before is no news: its line stands in the journal already. */
export function onChecked(turn: Turn, event: Extract<RolloutEvent, { kind: 'checked' | 'unchecked' }>): void {
  const { state, now } = turn;
  const moving = state.phase === 'submitted' || state.phase === 'active';
  const checks = presentChecks(state);
  if (!moving || checks === null || checks.run !== event.run || checks.answered !== null) return;
  const answers = event.kind === 'checked' ? event.answers : lost(state, event.detail, now - checks.asked);
  const failed = failures(answers);
  const every = state.plan.policy.checks?.every ?? EVERY;
  const same = checks.failing !== null && sameFailures(failures(checks.answers), failed);
  state.checks = {
    ...checks,
    answered: now,
    answers,
    next: failed.length > 0 ? now + every * 1000 : null,
    failing: failed.length === 0 ? null : same ? checks.failing : now,
  };
  const name = state.plan.stages[checks.stage]?.name ?? '';
  if (failed.length === 0) {
    journal(turn, 'checks-passed', {
      cause: policy(`the checks before stage ${name}`),
      summary: `Before stage ${name} passed: ${answers.map((one) => one.name).join(', ')}.`,
      flagBefore: state.flagRevision,
      checks: answers,
    });
  } else if (!same) {
    const text = failed.map(failureText).join('; ');
    journal(turn, 'check-failed', {
      cause: policy(text),
      summary: `Held before stage ${name}: ${text}.`,
      flagBefore: state.flagRevision,
      checks: answers,
    });
  }
}

/** Nobody has asked: that is no pass. */
function lost(state: RolloutState, detail: string, ms: number): CheckAnswer[] {
  const names = checksAhead(state).map(({ name }) => name);
  return [...(asksPreparation(state) ? ['before'] : []), ...names].map((name) => ({
    name,
    asked: 'the worker',
    ok: false,
    came: `not asked: ${detail}`.slice(0, 200),
    seconds: ms / 1000,
    tries: 1,
  }));
}

function sameFailures(before: readonly CheckAnswer[], now: readonly CheckAnswer[]): boolean {
  return before.map(({ name }) => name).join('\n') === now.map(({ name }) => name).join('\n');
}

/** A person asks now, whatever else holds the rollout. */
export function recheck(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const known = presentChecks(state);
  journal(turn, 'note', {
    cause: person(event, event.reason),
    summary: `${event.by} asks the checks before stage ${state.plan.stages[nextStage(state)]?.name ?? ''} again.`,
    flagBefore: state.flagRevision,
  });
  // What comes is told, also where it is what came before.
  ask(turn, known === null ? null : { ...known, failing: null });
}

/** Somebody lets the rollout begin without what its plan asks for before; its first stage's own checks still count. */
export function waive(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const lacks = failures(presentChecks(state)?.answers ?? []).map(failureText);
  state.waived = { by: event.by, planRevision: state.planRevision };
  state.checks = null;
  journal(turn, 'before-waived', {
    cause: person(event, event.reason),
    summary: `${event.by} lets it begin without what the plan asks for before: ${event.reason ?? ''}.${lacks.length === 0 ? '' : ` Lacking: ${lacks.join('; ')}.`}`,
    flagBefore: state.flagRevision,
  });
}
