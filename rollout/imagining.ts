import type { Assessment } from '../plans/assessment.ts';
import type { Cause, Transition } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import { stageExposure } from '../plans/stages.ts';
import { audience } from '../plans/words.ts';
import { blockersOf } from './blockers.ts';
import { watchedPlan } from './mode.ts';
import { deadlineOf, startOf } from './schedule.ts';
import type { Pause, RolloutState, Would } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, openTurn } from './turn.ts';

/** What a gate or an alert says whether the plan acts or watches. */
const FACTS: readonly Transition[] = ['gate-passed', 'alert'];

/** What leaves nothing more to wait for in a visit of a stage. */
const ENDS: readonly Would[] = ['would-advance', 'would-stop'];

/**
 * The rollout as it would be if its plan acted and had brought the flag where it is. No person is asked: nobody would
 * answer a question that moves nothing. The other rollouts that it requires are where they were last seen.
 */
export function acting(state: RolloutState, now: number): RolloutState {
  const { approval: _approval, lease: _lease, ...plan } = watchedPlan(state, state.stage);
  const acts: Plan = {
    ...plan,
    mode: 'act',
    approvals: {},
    policy: { ...plan.policy, sharedService: 'note' },
    stages: plan.stages
      .filter(({ decommission }) => decommission === undefined)
      .map(({ approval: _own, lease: _term, checks: _checks, ...stage }) => stage),
  };
  return {
    ...state,
    ...(state.required === undefined ? {} : { required: { ...state.required, at: now } }),
    ...(state.follow == null ? {} : { follow: { ...state.follow, asking: false } }),
    plan: acts,
    claimed: true,
    flagRevision: null,
    exposure: stageExposure(acts, state.stage),
    pause: state.imagined?.pause ?? null,
    excluded: state.imagined?.excluded ?? [],
  };
}

/**
 * Takes a decision by the code that takes it for plans that act, on a copy whose commands go nowhere, and journals what would
 * have come of it: each kind once in a visit of a stage, whom it would have taken off once in all, and nothing more after a stop.
 */
export function imagine(turn: Turn, decide: (fork: Turn) => void): void {
  const { state } = turn;
  const { said = [], pause = null, excluded: known = [] } = state.imagined ?? {};
  const fork = openTurn(acting(state, turn.now), turn.now);
  decide(fork);
  if (fork.state.requirements !== undefined) state.requirements = fork.state.requirements;
  for (const { transition, cause, summary, evidence, queries } of fork.entries)
    if (FACTS.includes(transition))
      journal(turn, transition, { cause, summary, evidence, queries, flagBefore: state.flagRevision });
  if (said.some(({ transition }) => transition === 'would-stop')) return;
  const { excluded = [], question } = fork.state;
  state.imagined = { said, pause: fork.state.pause, ...(excluded.length === 0 ? {} : { excluded }) };
  for (const one of excludedOf(fork, known.length)) say(turn, one);
  const would = wouldOf(fork, pause);
  if (would?.transition === 'would-advance' && turn.now < startOf(state)) return;
  if (would === null || said.some(({ transition }) => transition === would.transition)) return;
  say(turn, would);
  if (question == null || would.transition === 'would-advance') return;
  state.question = { ...question, of: state.seq, asked: false };
  state.explanation = null;
}

function say(turn: Turn, { transition, summary, ...note }: Imagination): void {
  const { state, now } = turn;
  const { said = [], ...imagined } = state.imagined ?? { pause: null };
  journal(turn, transition, {
    ...note,
    summary,
    flagBefore: state.flagRevision,
    flagAfter: state.flagRevision,
  });
  state.imagined = { ...imagined, said: [...said, { transition, at: now, summary }] };
}

interface Imagination {
  transition: Would;
  cause: Cause;
  summary: string;
  evidence: Assessment | null;
  queries: string[];
  /** Of an exclusion. */
  who?: string;
}

/** Whom the decisions on the copy have taken off the canary, beside the first so many who were off. */
function excludedOf({ state, entries }: Turn, known: number): Imagination[] {
  const lines = entries.filter(({ transition }) => transition === 'excluded');
  return (state.excluded ?? []).slice(known).flatMap(({ name, reason }, index) => {
    const line = lines[index];
    if (line === undefined) return [];
    const { cause, evidence, queries } = line;
    const summary = `Would have excluded ${name} in stage ${nameOf(state.plan, state.stage)} and gone on for the rest: ${reason}.`;
    return [{ transition: 'would-exclude', cause, summary, evidence, queries, who: name }];
  });
}

/** What the decisions on the copy came to; null: to nothing that a flag or a person would notice. */
function wouldOf({ state, entries }: Turn, before: Pause | null): Imagination | null {
  const evidence = entries.findLast((entry) => entry.evidence !== null)?.evidence ?? null;
  const { stop, write, pause, plan } = state;
  const queries = state.gate?.queries ?? [];
  if (stop !== null) {
    const summary = `Would have been rolled back from stage ${nameOf(plan, state.stage)}: ${causeText(stop.cause)}.`;
    return { transition: 'would-stop', cause: stop.cause, summary, evidence, queries };
  }
  const fresh = pause?.causes.find(({ kind }) => before?.causes.some((one) => one.kind === kind) !== true);
  if (fresh !== undefined) {
    const cause = entries.findLast(({ transition }) => !FACTS.includes(transition))?.cause;
    const back =
      write?.purpose === 'step-back' ? ` and stepped back to stage ${nameOf(plan, write.stage)}` : '';
    return {
      transition: 'would-pause',
      cause: cause ?? { kind: 'policy', reason: fresh.text },
      summary: `Would have paused in stage ${nameOf(plan, state.stage)}${back}: ${fresh.text}.`,
      evidence,
      queries,
    };
  }
  if (write?.purpose !== 'advance') return null;
  const summary = `Would have gone on from stage ${nameOf(plan, state.stage)} to ${nameOf(plan, write.stage)}: ${audience(write.exposure)}.`;
  const seen = state.gate?.assessment ?? null;
  return { transition: 'would-advance', cause: write.cause, summary, evidence: seen, queries };
}

function nameOf(plan: Plan, stage: number): string {
  return plan.stages[stage]?.name ?? '';
}

function causeText(cause: Cause): string {
  return cause.kind === 'alert' ? `the alert ${cause.name} fires` : (cause.reason ?? 'asked by a person');
}

/** When the reducer must be asked again by the times of the plan; null: nothing is waited for. */
export function imaginedDeadline(state: RolloutState, now: number): number | null {
  const due: number[] = [];
  const deadline = deadlineOf(state);
  if (deadline !== null && state.overran !== deadline) due.push(deadline);
  const opening = openingAfter(state, now);
  if (opening !== null) due.push(opening);
  return due.length === 0 ? null : Math.min(...due);
}

/** When the plan would let the next stage open, where nothing but its times keeps it from that; null: something does, or nothing. */
function openingAfter(state: RolloutState, now: number): number | null {
  if (!mayAdvance(state)) return null;
  const times: number[] = [];
  for (const { kind, until } of blockersOf(acting(state, now), now)) {
    if ((kind !== 'window' && kind !== 'freeze') || until === null) return null;
    times.push(until);
  }
  if (now < startOf(state)) times.push(startOf(state));
  return times.length === 0 ? null : Math.max(...times);
}

/** The same of before a plan that watches had a start, a deadline and freezes: histories of then know no other timer. */
export function windowDeadline(state: RolloutState, now: number): number | null {
  if (!mayAdvance(state)) return null;
  const [only, ...others] = blockersOf(acting(state, now), now);
  return only?.kind === 'window' && others.length === 0 ? only.until : null;
}

function mayAdvance({ phase, imagined }: RolloutState): boolean {
  return phase === 'active' && imagined?.said.some(({ transition }) => ENDS.includes(transition)) !== true;
}
